#include "workers/acceptor/acceptor.h"

#include "workers/acceptor/observe/log_line.h"

namespace bulkhead::acceptor {

void Acceptor::record(const Generation& under, const AccessRecord& record) {
  const auto now = std::chrono::steady_clock::now();
  counters.count(record, now);
  if (record.refusal)
    abuse.refused(limits.subject(record.client.address), record.client.address, *record.refusal);
  const config::AccessLog& settings = under.config->access_log;
  if (settings.enabled) access_log.write(format_line(settings, record, now));
}

}  // namespace bulkhead::acceptor

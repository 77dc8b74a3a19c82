#include "workers/acceptor/acceptor.h"

#include "workers/acceptor/observe/log_line.h"

namespace bulkhead::acceptor {

void Acceptor::record(const Generation& under, const AccessRecord& record) {
  totals.up += record.bytes_received;
  totals.down += record.bytes_sent;
  if (record.refusal) ++totals.refused;
  const config::AccessLog& settings = under.config->access_log;
  if (settings.enabled)
    access_log.write(format_line(settings, record, std::chrono::steady_clock::now()));
}

}  // namespace bulkhead::acceptor

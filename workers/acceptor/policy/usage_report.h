// Tells the auth worker once a second what users have used. A batch that was not acknowledged is
// sent again as it was, so that it is counted once; what comes meanwhile goes with the next.
#pragma once

#include <optional>

#include "workers/acceptor/observe/connection_table.h"
#include "workers/acceptor/policy/authenticator.h"

namespace bulkhead::acceptor {

class UsageReport {
 public:
  // Both outlive this.
  UsageReport(Authenticator& authenticator, ConnectionTable& connections);

  // Until its scope is cancelled.
  runtime::Task<void> run();
  // What is left, once; for the end.
  runtime::Task<void> finish(runtime::Deadline deadline);

 private:
  void collect();
  runtime::Task<bool> send(runtime::Deadline deadline);

  Authenticator& authenticator_;
  ConnectionTable& connections_;
  std::uint64_t source_ = 0;
  std::uint64_t last_batch_ = 0;
  std::optional<proto::ReportUsage> pending_;
};

}  // namespace bulkhead::acceptor

// This acceptor's counters, in the page that the supervisor keeps (ipc/page/counters_page.h): bytes
// as they move, everything else when it happens or when its record is written.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "ipc/page/counters_page.h"
#include "platform/shared_memory.h"
#include "workers/acceptor/observe/access_record.h"

namespace bulkhead::acceptor {

class Counters {
 public:
  // The page; once, before anything is counted. The error is for the log.
  std::string attach(int descriptor);
  bool attached() const { return page_ != nullptr; }

  ipc::CountersPage& page() { return *page_; }
  ipc::ProtocolCounters& protocol(ipc::Protocol protocol) {
    return page_->by_protocol[static_cast<std::size_t>(protocol)];
  }
  // The reference stays valid: slots are never given up.
  ipc::BackendCounters& backend(std::string_view name);

  // A request that has ended. Of its bytes those that were not counted while they moved.
  void count(const AccessRecord& record, std::chrono::steady_clock::time_point now);
  // A connection that is closed at once, for that reason.
  void count_turned_away(proto::Refusal reason);

 private:
  void count_refusal(proto::Refusal reason, ipc::BackendCounters* backend);
  void count_times(const AccessRecord& record, ipc::BackendCounters* backend,
                   std::chrono::steady_clock::time_point now);

  platform::SharedMapping mapping_;
  ipc::CountersPage* page_ = nullptr;
  std::map<std::string, ipc::BackendCounters*, std::less<>> backends_;
};

}  // namespace bulkhead::acceptor

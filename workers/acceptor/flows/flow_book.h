// This acceptor's flow page (ipc/page/flow_page.h): claims and frees its records, and counts the
// connections that cannot outlive the process. Without a page nothing is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/page/flow_page.h"
#include "platform/shared_memory.h"
#include "platform/unique_fd.h"

namespace bulkhead::acceptor {

class FlowBook {
 public:
  // Once, before any connection. The error is for the log.
  std::string attach(platform::UniqueFd memory, std::uint32_t holder);
  bool attached() const { return page_ != nullptr; }
  int descriptor() const { return memory_.get(); }

  // A record that is nobody's, with its directions' tags set and everything else empty; null when
  // there is none. It counts from the moment that its state says so.
  ipc::FlowRecord* claim();
  void free(ipc::FlowRecord& record);

  // The records are somebody else's from now on: nothing is claimed or freed any more.
  void close() { closed_ = true; }

  void enter(ipc::Unprotected kind) { add(kind, 1); }
  void leave(ipc::Unprotected kind) { add(kind, UINT32_MAX); }
  // Those that are there now; 0 without a page.
  std::uint32_t count(ipc::Unprotected kind) const {
    if (page_ == nullptr) return 0;
    return page_->unprotected[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  void add(ipc::Unprotected kind, std::uint32_t difference) {
    if (page_ == nullptr) return;
    auto& count = page_->unprotected[static_cast<std::size_t>(kind)];
    count.store(count.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
  }

  platform::UniqueFd memory_;
  platform::SharedMapping mapping_;
  ipc::FlowPage* page_ = nullptr;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;
  std::uint64_t last_tag_ = 0;
  bool closed_ = false;
};

}  // namespace bulkhead::acceptor

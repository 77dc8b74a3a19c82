// The page of limits (ipc/page/limits_page.h), made once for the supervisor's life.
#pragma once

#include <cstdint>

#include "ipc/channel.h"
#include "ipc/page/limits_page.h"
#include "platform/shared_memory.h"
#include "platform/unique_fd.h"

namespace bulkhead::supervisor {

class LimitsMemory {
 public:
  LimitsMemory();  // throws std::runtime_error: without it nothing can start

  // For and from the program that runs in this process after and before this one.
  int memory() const { return memory_.get(); }
  bool inherit(platform::UniqueFd memory);

  void hand_over(ipc::Channel& acceptor, std::uint32_t column) const;
  // So many columns have been in use.
  void set_columns(std::uint32_t count) { page().columns = count; }
  // The process of that column is dead.
  void forget(std::uint32_t column) { ipc::zero_column(page().connections, column); }

  ipc::HashKey secret() const { return mapping_.as<ipc::LimitsPage>().secret(); }

 private:
  ipc::LimitsPage& page() { return mapping_.as<ipc::LimitsPage>(); }

  platform::UniqueFd memory_;
  platform::SharedMapping mapping_;
};

}  // namespace bulkhead::supervisor

// The counters of the acceptors: a page for each column (ipc/page/columns.h), made when it is first
// needed and kept from then on. Who gets a column later carries its page on, so totals never go
// back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.h"
#include "ipc/channel.h"
#include "ipc/page/counters_sum.h"
#include "platform/shared_memory.h"
#include "platform/unique_fd.h"

namespace bulkhead::supervisor {

class CountersPages {
 public:
  // Descriptors of the pages, by column, -1 for one that there is not yet; and back again.
  std::vector<std::int32_t> leave() const;
  void inherit(std::vector<platform::UniqueFd> pages);

  // Sends the acceptor the page of its column. The error is for the log: it cannot serve then.
  std::string hand_over(ipc::Channel& acceptor, std::uint32_t column);
  // The process that had it is dead: nothing of its is open any more.
  void forget_open(std::uint32_t column);

  // Connections that the process of that column has open.
  std::uint64_t open_in(std::uint32_t column) const;

  // Of all columns, with the backends of that configuration.
  ipc::CountersSum sum(const config::Config& config) const;

 private:
  struct Page {
    platform::UniqueFd memory;
    platform::SharedMapping mapping;
  };
  std::string make(std::uint32_t column);

  std::vector<Page> pages_;  // by column
};

}  // namespace bulkhead::supervisor

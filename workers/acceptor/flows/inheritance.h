// What another holder has left, and how this acceptor goes on with it.
//
// The sockets and pipes come from the vault, the pages from the supervisor, in any order. When all
// is there each record is joined with its sockets; the kernel tells how far its streams have come,
// and what was on its way is taken from pipe or copy memory into a flow of our own. Then the vault
// is told which flows are ours, and only when that has left this process do they run: until then
// all could be done again by somebody else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ipc/page/flow_page.h"
#include "proto/vault.h"
#include "runtime/copy_memory.h"
#include "runtime/pipe_pool.h"
#include "runtime/raw_flow.h"
#include "runtime/task.h"

namespace bulkhead::acceptor {

class CarriedFlow;
class FlowKeeper;
class RecordLease;

class Inheritance {
 public:
  Inheritance(FlowKeeper& keeper, std::uint32_t from) : keeper_(keeper) { report_.from = from; }

  // alive: its former holder has let go of it, and still has connections of its own.
  void take_pages(std::vector<platform::UniqueFd> descriptors, bool alive) {
    pages_ = std::move(descriptors);
    alive_ = alive;
  }
  void take_flow(std::uint64_t flow, std::vector<platform::UniqueFd> sockets);
  void take_pipe(std::uint64_t pipe, std::vector<platform::UniqueFd> ends);
  void take_end() { all_held_ = true; }
  bool complete() const { return all_held_ && !pages_.empty(); }

  // Goes on with what can be continued; once, when it is complete.
  runtime::Task<proto::Inherited> settle();

 private:
  struct Sockets {
    platform::UniqueFd client, upstream;
  };
  // One direction of a flow, as its former holder left it.
  struct Side {
    runtime::Recovery found;
    std::uint64_t pipe = 0;  // 0: nothing is in a pipe
  };

  ipc::FoundFlows read_pages();
  void adopt(const ipc::FoundFlow& flow);
  Side recover(const runtime::FoundPlace& place, int from, int to);
  void continue_flow(const ipc::FoundFlow& flow, Sockets sockets, const Side& up, const Side& down);
  runtime::RawFlow take_up(const Side& side, const runtime::FoundPlace& before,
                           runtime::FlowPlace& place, runtime::Stream& from, runtime::Stream& to);
  void write_off(const ipc::FoundFlow& flow, std::string_view why, std::uint32_t& count);
  void count_unprotected(const ipc::FoundFlows& found);

  FlowKeeper& keeper_;
  proto::Inherited report_;
  std::vector<platform::UniqueFd> pages_;
  std::map<std::uint64_t, Sockets> flows_;
  std::set<std::uint64_t> refused_;  // no room for their sockets
  std::map<std::uint64_t, runtime::Pipe> pipes_;
  bool all_held_ = false, alive_ = false;
  std::optional<runtime::CopyMemory::Remains> remains_;
  std::vector<std::uint64_t> continued_;
};

}  // namespace bulkhead::acceptor

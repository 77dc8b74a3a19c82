// The memory that workers share, made once for the supervisor's life: what they count in it
// outlives each of them.
//
// Also gives out what it is divided by: a column for each acceptor process, which is zeroed when
// that process is dead, and a slot for each backend, which it keeps as long as its name is in use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.h"
#include "ipc/channel.h"
#include "ipc/page/backend_page.h"
#include "ipc/page/health_page.h"
#include "platform/shared_memory.h"
#include "platform/unique_fd.h"
#include "supervisor/bans.h"
#include "supervisor/counters_pages.h"
#include "supervisor/limits_memory.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {

class SharedPages {
 public:
  SharedPages();  // throws std::runtime_error: without them nothing can start

  // For and from the program that runs in this process after and before this one. inherit() comes
  // before anything else; pages of another layout are not taken.
  static constexpr std::uint32_t layout = 3;  // raise it with every change of ipc/page/
  PagesState leave() const;
  void inherit(const PagesState& state);

  // For a process that is about to be started; no_column when all are taken (it is then counted
  // nowhere).
  std::uint32_t take_column();
  // Its process has been reaped: what it counted is gone. The column may be taken again.
  void give_back_column(std::uint32_t column);

  // Sends a worker what its role may have, before its first generation.
  void hand_over(ipc::Channel& worker, std::uint32_t column);

  // Gives each backend its slot: the one its name has had, or a free one, or that of a name which
  // neither configuration knows and no connection uses. current may be null.
  void assign_slots(config::Config& next, const config::Config* current);

  // A backend that config has not, but connections still use.
  struct Leaving {
    std::string name;
    std::uint32_t slot = 0;
  };
  std::vector<Leaving> leaving(const config::Config& config) const;

  const ipc::BackendPage& backends() const { return backends_.as<ipc::BackendPage>(); }
  const ipc::HealthPage& health() const { return health_.as<ipc::HealthPage>(); }
  // Hears from an acceptor, also one that another program started, who misbehaves.
  void listen(ipc::Channel& acceptor) { bans_.listen(acceptor); }

  const CountersPages& counters() const { return counters_; }
  Bans& bans() { return bans_; }

 private:
  ipc::BackendPage& backend_page() { return backends_.as<ipc::BackendPage>(); }
  void name_slot(std::uint32_t slot, const std::string& backend);
  std::uint32_t free_slot(const config::Config& next, const config::Config* current);

  platform::UniqueFd backends_memory_, health_memory_, health_view_;
  platform::SharedMapping backends_, health_;
  CountersPages counters_;
  LimitsMemory limits_;
  Bans bans_{limits_.secret()};
  std::vector<bool> columns_;       // taken
  std::vector<std::string> slots_;  // names
};

}  // namespace bulkhead::supervisor

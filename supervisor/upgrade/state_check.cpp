// Whether a state makes sense. It was written by another version of this program, which may have
// had a defect: what is wrong here would be closed, killed or counted in somebody else's place.
#include <algorithm>
#include <limits>

#include "ipc/page/columns.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::uint64_t max_time = std::numeric_limits<std::int64_t>::max();
constexpr int first_descriptor = 3;  // below are the standard streams

bool is_descriptor(std::int32_t number) {
  return number >= first_descriptor;
}

bool is_descriptor_or_none(std::int32_t number) {
  return number == -1 || is_descriptor(number);
}

std::string check(const TenureState& tenure, const DaemonState& state) {
  if (tenure.holder == 0) {
    const bool empty = tenure.vault_end == -1 && tenure.flows == -1 && tenure.copies == -1;
    return empty ? "" : "flows of nobody";
  }
  if (tenure.holder > state.last_holder) return "a holder whose number was never given away";
  // One whose pages or channel are missing could not be inherited from.
  const bool whole = is_descriptor(tenure.vault_end) && is_descriptor(tenure.flows) &&
                     is_descriptor(tenure.copies);
  return whole ? "" : "a holder without its pages";
}

std::string check(const WorkerState& worker, const DaemonState& state) {
  const proto::Party role = worker.hello.role;
  if (role == proto::Party::supervisor || role == proto::Party::proxyctl)
    return "a worker of no role";
  if (worker.pid <= 1) return "a worker without a process";
  if (!is_descriptor(worker.pidfd) || !is_descriptor(worker.control) ||
      !is_descriptor(worker.output))
    return "a worker without its channels";
  if (!is_descriptor_or_none(worker.egress_end) || !is_descriptor_or_none(worker.auth_end) ||
      !is_descriptor_or_none(worker.recorder))
    return "a worker with a channel that is none";
  if (worker.index > std::numeric_limits<std::uint16_t>::max()) return "a worker beyond all places";
  if (worker.crew > state.crew) return "a worker of a crew to come";
  if (worker.column >= ipc::max_columns && worker.column != ipc::no_column)
    return "a worker beyond all columns";
  if (worker.started_ns > max_time || worker.draining_ns > max_time) return "a worker of no time";
  if (worker.generation > state.last_generation) return "a worker of a generation to come";
  return check(worker.tenure, state);
}

std::string check(const ListenerState& listener, const DaemonState& state) {
  if (!is_descriptor(listener.socket)) return "a listener without its socket";
  if (listener.listener.id == 0 || listener.listener.id > state.last_listener)
    return "a listener whose number was never given away";
  if (listener.listener.address.port == 0) return "a listener without a port";
  return {};
}

std::string check_own(const DaemonState& state) {
  if (!is_descriptor(state.lock)) return "no lock";
  for (const std::int32_t number : {state.program, state.notifier, state.control}) {
    if (!is_descriptor_or_none(number)) return "a descriptor that is none";
  }
  for (const std::int32_t number : state.askers.items) {
    if (!is_descriptor(number)) return "a conversation without its socket";
  }
  if (state.generation > state.last_generation) return "a generation to come";
  if (state.started_ns > max_time) return "a start at no time";
  const PagesState& pages = state.pages;
  for (const std::int32_t number : {pages.backends, pages.health, pages.limits, pages.bans}) {
    if (!is_descriptor(number)) return "no shared pages";
  }
  for (const std::int32_t number : pages.counters.items) {
    if (!is_descriptor_or_none(number)) return "a page of counters that is none";
  }
  return {};
}

// Whoever is closed first would take another's along.
std::string check_descriptors(const DaemonState& state) {
  std::vector<int> all = descriptors_of(state);
  std::sort(all.begin(), all.end());
  const bool twice = std::adjacent_find(all.begin(), all.end()) != all.end();
  return twice ? "a descriptor that is named twice" : "";
}

}  // namespace

std::string check_state(const DaemonState& state) {
  std::string problem = check_own(state);
  for (const ListenerState& listener : state.listeners.items) {
    if (problem.empty()) problem = check(listener, state);
  }
  for (const WorkerState& worker : state.workers.items) {
    if (problem.empty()) problem = check(worker, state);
  }
  if (problem.empty()) problem = check_descriptors(state);
  return problem;
}

}  // namespace bulkhead::supervisor

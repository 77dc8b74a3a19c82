#include "supervisor/shared_pages.h"

#include <algorithm>
#include <array>
#include <random>

#include "proto/worker.h"
#include "runtime/log.h"
#include "supervisor/needed_memory.h"

namespace bulkhead::supervisor {
namespace {

using Access = platform::SharedMapping::Access;

void send_page(ipc::Channel& worker, proto::PageKind kind, std::uint32_t owner,
               const platform::UniqueFd& memory) {
  proto::Page message;
  message.kind = kind;
  message.owner = owner;
  const std::array descriptors{memory.get()};
  worker.send(message, descriptors);
}

}  // namespace

SharedPages::SharedPages()
    : backends_memory_(
          need(platform::create_shared_memory("bulkhead-backends", sizeof(ipc::BackendPage)))),
      health_memory_(
          need(platform::create_shared_memory("bulkhead-health", sizeof(ipc::HealthPage)))),
      health_view_(need(platform::read_only_view(health_memory_.get()))),
      backends_(need(platform::SharedMapping::map(backends_memory_.get(), sizeof(ipc::BackendPage),
                                                  Access::read_write))),
      health_(need(platform::SharedMapping::map(health_view_.get(), sizeof(ipc::HealthPage),
                                                Access::read_only))) {
  std::random_device chance;
  backend_page().seed = std::uint64_t{chance()} << 32 | chance();
}

PagesState SharedPages::leave() const {
  PagesState state;
  state.layout = layout;
  state.backends = backends_memory_.get();
  state.health = health_memory_.get();
  state.limits = limits_.memory();
  state.bans = bans_.memory();
  state.counters.items = counters_.leave();
  state.columns.items = columns_;
  for (const std::string& name : slots_) state.slots.push(name);
  return state;
}

void SharedPages::inherit(const PagesState& state) {
  platform::UniqueFd backends(state.backends), health(state.health);
  platform::UniqueFd limits(state.limits), bans(state.bans);
  std::vector<platform::UniqueFd> counters;
  counters.reserve(state.counters.items.size());
  for (const std::int32_t page : state.counters.items) counters.emplace_back(page);
  columns_ = state.columns.items;
  if (state.layout != layout) return;
  auto view = platform::read_only_view(health.get());
  auto backends_mapping =
      platform::SharedMapping::map(backends.get(), sizeof(ipc::BackendPage), Access::read_write);
  if (!view || !backends_mapping) return;
  auto health_mapping =
      platform::SharedMapping::map(view->get(), sizeof(ipc::HealthPage), Access::read_only);
  if (!health_mapping) return;
  backends_memory_ = std::move(backends);
  backends_ = std::move(*backends_mapping);
  health_memory_ = std::move(health);
  health_view_ = std::move(*view);
  health_ = std::move(*health_mapping);
  for (const auto& name : state.slots.items) slots_.push_back(name.value);
  counters_.inherit(std::move(counters));
  // Bans are found by hashes whose secret is in the page of limits.
  if (limits_.inherit(std::move(limits))) bans_.inherit(std::move(bans), limits_.secret());
}

std::uint32_t SharedPages::take_column() {
  const auto free = std::find(columns_.begin(), columns_.end(), false);
  const auto column = static_cast<std::uint32_t>(free - columns_.begin());
  if (column >= ipc::max_columns) return ipc::no_column;
  if (free == columns_.end()) columns_.push_back(false);
  columns_[column] = true;
  backend_page().columns = static_cast<std::uint32_t>(columns_.size());
  limits_.set_columns(static_cast<std::uint32_t>(columns_.size()));
  return column;
}

void SharedPages::give_back_column(std::uint32_t column) {
  if (column >= columns_.size()) return;
  for (ipc::BackendCell& cell : backend_page().cells[column]) {
    cell.in_use = 0;
    cell.waiting = 0;
  }
  counters_.forget_open(column);
  limits_.forget(column);
  columns_[column] = false;
}

void SharedPages::hand_over(ipc::Channel& worker, std::uint32_t column) {
  const bool accepts = worker.peer() == proto::Party::acceptor;
  const bool probes = worker.peer() == proto::Party::egress;
  if (!accepts && !probes) return;
  send_page(worker, proto::PageKind::health, 0, probes ? health_memory_ : health_view_);
  if (accepts && column != ipc::no_column) {
    send_page(worker, proto::PageKind::backends, column, backends_memory_);
    limits_.hand_over(worker, column);
    bans_.hand_over(worker);
    const std::string error = counters_.hand_over(worker, column);
    if (!error.empty()) runtime::log::error("no page of counters", {{"reason", error}});
  }
}

void SharedPages::assign_slots(config::Config& next, const config::Config* current) {
  for (config::Backend& backend : next.backends) {
    const auto known = std::find(slots_.begin(), slots_.end(), backend.name);
    backend.slot = static_cast<std::uint32_t>(known - slots_.begin());
    if (known != slots_.end()) continue;
    backend.slot = free_slot(next, current);
    if (backend.slot == config::no_slot) {
      runtime::log::warn("too many backends: acceptors do not share what they know of this one",
                         {{"backend", backend.name}});
    } else {
      name_slot(backend.slot, backend.name);
    }
  }
}

void SharedPages::name_slot(std::uint32_t slot, const std::string& backend) {
  slots_[slot] = backend;
  backend_page().shared[slot].name = ipc::name_hash(backend);
}

std::uint32_t SharedPages::free_slot(const config::Config& next, const config::Config* current) {
  if (slots_.size() < ipc::max_backend_slots) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const bool named = next.backend(slots_[slot]) != nullptr ||
                       (current != nullptr && current->backend(slots_[slot]) != nullptr);
    if (named || ipc::use_of(backends(), slot).in_use != 0) continue;
    ipc::BackendShared& shared = backend_page().shared[slot];
    shared.latency.word = 0;
    shared.circuit.word = 0;
    return slot;
  }
  return config::no_slot;
}

std::vector<SharedPages::Leaving> SharedPages::leaving(const config::Config& config) const {
  std::vector<Leaving> all;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const bool gone = config.backend(slots_[slot]) == nullptr;
    if (gone && ipc::use_of(backends(), slot).in_use != 0) all.push_back({slots_[slot], slot});
  }
  return all;
}

}  // namespace bulkhead::supervisor

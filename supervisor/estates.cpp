#include "supervisor/estates.h"

#include <algorithm>
#include <array>

#include "runtime/log.h"
#include "runtime/timer.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

void add(std::uint32_t& total, std::uint32_t more) {
  total = total + more < total ? UINT32_MAX : total + more;
}

void add(proto::Inherited& totals, const proto::Inherited& more) {
  add(totals.adopted, more.adopted);
  add(totals.ended, more.ended);
  add(totals.torn, more.torn);
  add(totals.unvaulted, more.unvaulted);
  add(totals.unrecorded, more.unrecorded);
  add(totals.refused, more.refused);
  add(totals.starting, more.starting);
  add(totals.http, more.http);
  add(totals.young, more.young);
  add(totals.opaque, more.opaque);
  add(totals.udp, more.udp);
  add(totals.overflow, more.overflow);
}

}  // namespace

void Estates::leave(std::shared_ptr<const Tenure> tenure, Leaving how) {
  if (closed_) return;
  const std::uint32_t holder = tenure->holder;
  const auto same = [holder](const Estate& each) { return each.tenure->holder == holder; };
  if (std::any_of(estates_.begin(), estates_.end(), same)) return;  // it had let go before it died
  if (estates_.size() >= most_unsettled) {
    add(given_up_, 1);
    return tell_vault(holder, 0);
  }
  const bool refilled = how == Leaving::died;
  estates_.push_back({std::move(tenure), refilled, how == Leaving::let_go, 0});
  if (refilled) runtime::spawn(lose_patience(holder), &scope_);
  settle();
}

void Estates::give_up_place(std::uint32_t place) {
  for (Estate& estate : estates_) {
    if (estate.tenure->place == place) estate.awaits_place = false;
  }
  settle();
}

void Estates::forget(const Tenure& tenure) {
  tell_vault(tenure.holder, 0);
}

runtime::Task<void> Estates::lose_patience(std::uint32_t holder) {
  const bool slept = co_await runtime::sleep_for(patience);
  if (!slept) co_return;
  for (Estate& estate : estates_) {
    if (estate.tenure->holder == holder) estate.awaits_place = false;
  }
  settle();
}

std::optional<Estates::Heir> Estates::heir_of(const Estate& estate) const {
  const std::vector<Heir> able = surroundings_.heirs();
  for (const Heir& each : able) {
    if (each.place == estate.tenure->place) return each;
  }
  if (estate.awaits_place || able.empty()) return std::nullopt;
  return able[last_heir_ % able.size()];
}

void Estates::settle() {
  if (closed_ || surroundings_.vault() == nullptr) return;
  for (Estate& estate : estates_) {
    if (estate.heir != 0) continue;
    const auto heir = heir_of(estate);
    if (!heir) continue;
    ++last_heir_;
    give(estate, *heir);
  }
}

void Estates::give(Estate& estate, const Heir& heir) {
  const Tenure& tenure = *estate.tenure;
  estate.heir = heir.holder;
  log::info("flows go to another acceptor",
            {{"holder", tenure.holder}, {"heir", heir.name}, {"heir_holder", estate.heir}});
  const std::array descriptors{tenure.flows.get(), tenure.copies.get()};
  heir.channel->send(proto::Inherit{tenure.holder, estate.alive}, descriptors);
  tell_vault(tenure.holder, estate.heir);
  runtime::spawn(drop_unsettled(tenure.holder, estate.heir), &scope_);
}

runtime::Task<void> Estates::drop_unsettled(std::uint32_t holder, std::uint32_t heir) {
  const bool slept = co_await runtime::sleep_for(settling_time);
  if (!slept) co_return;
  const auto left = std::find_if(estates_.begin(), estates_.end(), [&](const Estate& estate) {
    return estate.tenure->holder == holder && estate.heir == heir;
  });
  if (left == estates_.end()) co_return;
  log::error("nobody went on with a dead worker's flows in time; they are closed",
             {{"holder", holder}, {"heir_holder", heir}});
  add(given_up_, 1);
  tell_vault(holder, 0);
  estates_.erase(left);
}

void Estates::tell_vault(std::uint32_t from, std::uint32_t to) const {
  ipc::Channel* const vault = surroundings_.vault();
  if (vault != nullptr) vault->send(proto::Bequeath{from, to});
}

// The new one has nothing for them; what the old one had sent already is with the heirs, and they
// learn that nothing more will come.
void Estates::vault_restarted() {
  for (const Estate& estate : estates_) {
    if (estate.heir != 0) tell_vault(estate.tenure->holder, estate.heir);
  }
  settle();
}

void Estates::heir_died(std::uint32_t holder) {
  for (Estate& estate : estates_) {
    if (estate.heir == holder) estate.heir = 0;
  }
}

void Estates::inherited(std::uint32_t heir, const proto::Inherited& report) {
  const auto settled = std::find_if(estates_.begin(), estates_.end(), [&](const Estate& estate) {
    return estate.tenure->holder == report.from && estate.heir == heir;
  });
  if (settled == estates_.end()) return;
  estates_.erase(settled);
  add(totals_, report);
}

void Estates::close() {
  closed_ = true;
  scope_.cancel();
  for (const Estate& estate : estates_) tell_vault(estate.tenure->holder, 0);
  estates_.clear();
}

}  // namespace bulkhead::supervisor

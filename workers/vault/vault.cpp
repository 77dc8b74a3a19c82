#include "workers/vault/vault.h"

#include <algorithm>
#include <array>
#include <utility>

#include "platform/descriptor.h"
#include "runtime/log.h"

namespace bulkhead::vault {
namespace {

namespace log = runtime::log;

// Then the heir is given time to take them: descriptors on their way count against a limit of the
// system, and what does not fit into the socket is duplicated.
constexpr int sent_at_once = 64;

Pair pair_of(std::vector<platform::UniqueFd> descriptors) {
  return {std::move(descriptors[0]), std::move(descriptors[1])};
}

std::vector<std::uint64_t> ids_of(const std::map<std::uint64_t, Pair>& held) {
  std::vector<std::uint64_t> ids;
  ids.reserve(held.size());
  for (const auto& [id, pair] : held) ids.push_back(id);
  return ids;
}

void move_entry(std::map<std::uint64_t, Pair>& from, std::map<std::uint64_t, Pair>& to,
                std::uint64_t id) {
  auto entry = from.extract(id);
  if (entry.empty()) return;
  to.erase(id);
  to.insert(std::move(entry));
}

}  // namespace

void Vault::connect(std::uint32_t holder, platform::UniqueFd channel) {
  channel = at_low_number(std::move(channel));
  if (!channel) {
    log::error("no number is left for an acceptor's channel", {{"holder", holder}});
    return;
  }
  auto client = std::make_shared<Client>(holder, std::move(channel));
  note_holder(holder);
  Holder& entry = holders_[holder];
  if (entry.client) entry.client->scope.cancel();
  entry.client = client;
  register_handlers(*client);
  runtime::spawn(serve(client), &client->scope);
}

runtime::Task<void> Vault::serve(std::shared_ptr<Client> client) {
  const runtime::Gate::Pass pass = tasks_.enter();
  const ipc::ChannelEnd end = co_await client->channel.run();
  if (end.violation) {
    log::error("an acceptor broke the rules", {{"holder", client->holder}, {"reason", end.reason}});
    if (on_violation) on_violation(client->holder, end.reason);
  }
  const auto entry = holders_.find(client->holder);
  if (entry == holders_.end() || entry->second.client != client) co_return;
  entry->second.client.reset();
  if (entry->second.holdings.empty() && !entry->second.due) holders_.erase(entry);
  settle_all();
  find_heirs();
  changed_.set();
}

void Vault::register_handlers(Client& client) {
  ipc::Channel& channel = client.channel;
  channel.on<proto::HoldPages>([this, &client](const proto::HoldPages&, ipc::Envelope& envelope) {
    hold_pages(client, std::move(envelope.descriptors));
  });
  channel.on<proto::HoldFlow>(
      [this, &client](const proto::HoldFlow& message, ipc::Envelope& envelope) {
        hold_flow(client, message.flow, std::move(envelope.descriptors));
      });
  channel.on<proto::HoldPipe>(
      [this, &client](const proto::HoldPipe& message, ipc::Envelope& envelope) {
        hold_pipe(client, message.pipe, std::move(envelope.descriptors));
      });
  channel.on<proto::Release>([this, &client](const proto::Release& message, ipc::Envelope&) {
    release(client.holder, message);
  });
  channel.on<proto::VaultSync>([this, &client](proto::VaultSync, ipc::Envelope& envelope) {
    const Holdings& holdings = holders_[client.holder].holdings;
    client.channel.send(proto::VaultSynced{static_cast<std::uint32_t>(holdings.flows.size()),
                                           static_cast<std::uint32_t>(holdings.pipes.size())},
                        {}, envelope.id);
  });
  channel.on<proto::Adopt>([this, &client](const proto::Adopt& message, ipc::Envelope&) {
    adopt(client.holder, message);
  });
  channel.on<proto::AdoptEnd>([this, &client](const proto::AdoptEnd& message, ipc::Envelope&) {
    if (is_heir(client.holder, message.from)) drop(message.from);
  });
  channel.on<proto::Relinquished>([this, &client](proto::Relinquished, ipc::Envelope&) {
    holders_[client.holder].relinquished = true;
    settle(client.holder);
    find_heirs();
    changed_.set();
  });
}

void Vault::hold_pages(Client& client, std::vector<platform::UniqueFd> descriptors) {
  if (holders_[client.holder].relinquished) return;
  Pair pair = pair_of(std::move(descriptors));
  Holdings& holdings = holders_[client.holder].holdings;
  holdings = {};
  if (move_up(pair)) holdings.pages = std::move(pair);
}

void Vault::hold_flow(Client& client, std::uint64_t flow,
                      std::vector<platform::UniqueFd> descriptors) {
  if (holders_[client.holder].relinquished) return;
  Pair pair = pair_of(std::move(descriptors));
  if (flows() >= flow_capacity(limit_, holders_.size()) || !move_up(pair)) {
    ++refused_;
    client.channel.send(proto::NotHeld{flow});
    return;
  }
  holders_[client.holder].holdings.flows[flow] = std::move(pair);
}

void Vault::hold_pipe(Client& client, std::uint64_t pipe,
                      std::vector<platform::UniqueFd> descriptors) {
  if (holders_[client.holder].relinquished) return;
  Pair pair = pair_of(std::move(descriptors));
  if (!move_up(pair)) {
    log::error("no number is left for a pipe", {{"holder", client.holder}});
    return;
  }
  holders_[client.holder].holdings.pipes[pipe] = std::move(pair);
}

void Vault::release(std::uint32_t holder, const proto::Release& message) {
  if (holders_[holder].relinquished) return;  // they are another's
  Holdings& holdings = holders_[holder].holdings;
  for (const std::uint64_t flow : message.flows.items) holdings.flows.erase(flow);
  for (const std::uint64_t pipe : message.pipes.items) holdings.pipes.erase(pipe);
}

void Vault::adopt(std::uint32_t heir, const proto::Adopt& message) {
  if (!is_heir(heir, message.from)) return;
  Holdings& estate = holders_[message.from].holdings;
  Holdings& own = holders_[heir].holdings;
  if (!estate.flows.contains(message.flow)) return;
  move_entry(estate.flows, own.flows, message.flow);
  for (const std::uint64_t pipe : {message.pipe_up, message.pipe_down})
    move_entry(estate.pipes, own.pipes, pipe);
}

void Vault::bequeath(std::uint32_t from, std::uint32_t to) {
  Holder& holder = holders_[from];
  holder.next_heir = to;
  holder.due = true;
  settle(from);
}

void Vault::go_on_alone() {
  alone_ = true;
  find_heirs();
}

// 0: nobody. The youngest: after an upgrade the others are on their way out.
std::uint32_t Vault::any_heir() const {
  const auto able = std::find_if(holders_.rbegin(), holders_.rend(),
                                 [this](const auto& entry) { return is_talking(entry.first); });
  return able == holders_.rend() ? 0 : able->first;
}

// For estates that have none. What the supervisor has said at the end may have been half of it: an
// heir that it named and that talks has everything from us, but maybe not the pages.
void Vault::find_heirs() {
  const std::uint32_t heir = alone_ ? any_heir() : 0;
  if (heir == 0) return;
  std::vector<std::uint32_t> left;
  for (const auto& [number, holder] : holders_) {
    const bool waits = holder.settled() && holder.holdings.pages && !holder.holdings.flows.empty();
    if (waits && !holder.due && !is_talking(holder.heir)) left.push_back(number);
  }
  for (const std::uint32_t number : left) {
    const Holder& holder = holders_[number];
    const Pair& pages = *holder.holdings.pages;
    log::info("flows go to another acceptor without a supervisor",
              {{"holder", number}, {"heir_holder", heir}});
    const bool alive = holder.client != nullptr;
    holders_[heir].client->channel.send(proto::Inherit{number, alive},
                                        std::array{pages[0].get(), pages[1].get()});
    bequeath(number, heir);
  }
}

// Only the heir that was named last may touch an estate, and only one that is settled.
bool Vault::is_heir(std::uint32_t holder, std::uint32_t from) const {
  const auto entry = holders_.find(from);
  return entry != holders_.end() && holder != from && entry->second.heir == holder &&
         entry->second.settled();
}

bool Vault::is_talking(std::uint32_t holder) const {
  const auto entry = holders_.find(holder);
  return entry != holders_.end() && entry->second.client && !entry->second.relinquished;
}

// Sends the estate if there is an heir for it and nothing more can come to it or go from it.
void Vault::settle(std::uint32_t from) {
  Holder& holder = holders_[from];
  if (!holder.due || !holder.settled()) return;
  if (holder.heir != holder.next_heir && is_talking(holder.heir)) return;
  holder.due = false;
  holder.heir = holder.next_heir;
  if (holder.heir == 0) return drop(from);
  const auto heir = holders_.find(holder.heir);
  if (heir == holders_.end() || !heir->second.client) return;
  runtime::spawn(send_estate(from, heir->second.client));
}

void Vault::settle_all() {
  std::vector<std::uint32_t> due;
  for (const auto& [number, holder] : holders_) {
    if (holder.due) due.push_back(number);
  }
  for (const std::uint32_t number : due) settle(number);
}

// A holder that still talks keeps its channel: what else it says is heard and concerns nothing.
void Vault::drop(std::uint32_t holder) {
  const auto entry = holders_.find(holder);
  if (entry == holders_.end()) return;
  changed_.set();
  if (entry->second.client) {
    entry->second.holdings = {};
  } else {
    holders_.erase(entry);
  }
}

// By ids: while it waits, anything may be adopted, released or bequeathed to another.
runtime::Task<void> Vault::send_estate(std::uint32_t from, std::shared_ptr<Client> heir) {
  const runtime::Gate::Pass pass = tasks_.enter();
  const std::vector<std::uint64_t> pipes = ids_of(holders_[from].holdings.pipes);
  const std::vector<std::uint64_t> flows = ids_of(holders_[from].holdings.flows);
  int unsent = 0;
  const auto send = [&](const std::map<std::uint64_t, Pair>& held, std::uint64_t id, auto message) {
    const auto entry = held.find(id);
    if (entry == held.end()) return;
    const std::array descriptors{entry->second[0].get(), entry->second[1].get()};
    heir->channel.send(message, descriptors);
    ++unsent;
  };
  for (const std::uint64_t pipe : pipes) {
    send(holders_[from].holdings.pipes, pipe, proto::HeldPipe{from, pipe});
    if (unsent < sent_at_once) continue;
    unsent = 0;
    const bool taken = co_await heir->channel.sent(runtime::never);
    if (!taken) co_return;
  }
  for (const std::uint64_t flow : flows) {
    send(holders_[from].holdings.flows, flow, proto::HeldFlow{from, flow});
    if (unsent < sent_at_once) continue;
    unsent = 0;
    const bool taken = co_await heir->channel.sent(runtime::never);
    if (!taken) co_return;
  }
  heir->channel.send(proto::HeldEnd{from});
}

std::size_t Vault::flows() const {
  std::size_t count = 0;
  for (const auto& [number, holder] : holders_) count += holder.holdings.flows.size();
  return count;
}

proto::VaultState Vault::state() const {
  proto::VaultState state;
  for (const auto& [number, holder] : holders_) {
    ++state.holders;
    state.flows += static_cast<std::uint32_t>(holder.holdings.flows.size());
    state.pipes += static_cast<std::uint32_t>(holder.holdings.pipes.size());
    state.descriptors += static_cast<std::uint32_t>(holder.holdings.descriptors());
  }
  state.capacity = flow_capacity(limit_, holders_.size());
  state.refused_flows = refused_;
  state.last_holder = last_holder_;
  return state;
}

void Vault::note_holder(std::uint32_t holder) {
  last_holder_ = std::max(last_holder_, holder);
}

void Vault::send_clients_away() {
  for (const auto& [number, holder] : holders_) {
    if (holder.client) holder.client->scope.cancel();
  }
}

runtime::Task<void> Vault::unneeded(runtime::Deadline deadline, runtime::Duration keep) {
  co_await tasks_.empty(deadline);
  const auto last = std::min(deadline, runtime::Loop::current().after(keep));
  const auto holds_nothing = [](const auto& entry) { return entry.second.holdings.flows.empty(); };
  bool in_time = true;
  while (in_time && !std::all_of(holders_.begin(), holders_.end(), holds_nothing)) {
    changed_.reset();
    const auto result = co_await changed_.wait(last);
    in_time = result == runtime::Event::Result::set;
  }
}

runtime::Task<void> Vault::end() {
  send_clients_away();
  donors_scope_.cancel();
  co_await tasks_.empty_uncancelled();
}

}  // namespace bulkhead::vault

#include "workers/acceptor/flows/flow_keeper.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "ipc/page/flight_recorder.h"
#include "platform/descriptor.h"
#include "runtime/log.h"
#include "runtime/timer.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/flows/carried_flow.h"
#include "workers/acceptor/flows/inheritance.h"
#include "workers/acceptor/flows/terms.h"
#include "workers/acceptor/session/session.h"

namespace bulkhead::acceptor {
namespace {

namespace log = runtime::log;
using namespace std::chrono_literals;

// How long raw tunnels that are on their way may take to settle when all are let go.
constexpr runtime::Duration settling_time{50};

// How long connections may take to become raw flows when all are let go.
constexpr runtime::Duration opening_time{1'000};

// How long the vault may take to hold everything.
constexpr runtime::Duration holding_time{5'000};

// Between two questions whether the vault holds everything.
constexpr runtime::Duration asking_again{5};

// A worker that has lost its supervisor learns of it in far less time.
constexpr runtime::Duration channel_grace{1'000};

}  // namespace

FlowKeeper::FlowKeeper(Acceptor& acceptor, std::uint32_t holder, platform::UniqueFd vault_channel)
    : acceptor_(acceptor), vault_(holder, std::move(vault_channel)) {}

FlowKeeper::~FlowKeeper() = default;

void FlowKeeper::attach(ipc::Channel& control) {
  control_ = &control;
  ipc::Channel& vault = vault_.channel();
  // What comes when everything has been let go is another's by now: see supervisor/estates.h.
  // Without a supervisor the vault names the heirs.
  for (ipc::Channel* const channel : {&control, &vault}) {
    channel->on<proto::Inherit>([this](const proto::Inherit& message, ipc::Envelope& envelope) {
      if (relinquished_) return;
      estate(message.from).take_pages(std::move(envelope.descriptors), message.alive);
      settle_estate(message.from);
    });
  }
  vault.on<proto::HeldPipe>([this](const proto::HeldPipe& message, ipc::Envelope& envelope) {
    if (relinquished_) return;
    estate(message.from).take_pipe(message.pipe, std::move(envelope.descriptors));
  });
  vault.on<proto::HeldFlow>([this](const proto::HeldFlow& message, ipc::Envelope& envelope) {
    if (relinquished_) return;
    estate(message.from).take_flow(message.flow, std::move(envelope.descriptors));
  });
  vault.on<proto::HeldEnd>([this](const proto::HeldEnd& message, ipc::Envelope&) {
    if (relinquished_) return;
    estate(message.from).take_end();
    settle_estate(message.from);
  });
  vault.on<proto::NotHeld>(
      [this](const proto::NotHeld& message, ipc::Envelope&) { on_not_held(message.flow); });
  vault_.on_behind([this] { runtime::spawn(catch_up()); });
  vault.on<proto::Relinquish>([this](proto::Relinquish, ipc::Envelope&) {
    asked_ = true;
    parting_.set();
  });
  runtime::spawn(talk());
}

// The channel outlives every vault; when it ends all the same, one of its two ends is defective, or
// the supervisor is gone and we hear of it in a moment. The vault cannot be told any more what has
// ended and would keep those sockets open: whoever inherits from this process sets that right.
runtime::Task<void> FlowKeeper::talk() {
  const runtime::Gate::Pass pass = tasks_.enter();
  const ipc::ChannelEnd end = co_await vault_.run();
  parting_.set();
  if (ended_) co_return;
  log::error("the channel to the vault has ended", {{"reason", end.reason}});
  co_await runtime::sleep_for(channel_grace);
  const bool somebody_inherits = control_ != nullptr && !control_->ended();
  if (!ended_ && !acceptor_.connections.draining() && somebody_inherits) std::abort();
}

runtime::Task<void> FlowKeeper::catch_up() {
  const runtime::Gate::Pass pass = tasks_.enter();
  log::warn("the vault does not read; what settles now is not protected until it does",
            {{"carried", flows_.size()}});
  const bool read = co_await vault_.catch_up();
  if (read && !relinquished_) co_await refill();
}

// While there is a supervisor it alone decides; what the vault has said meanwhile counts from then
// on.
runtime::Task<bool> FlowKeeper::wanted_elsewhere(runtime::Deadline deadline) {
  co_await parting_.wait(deadline);
  co_return asked_ && !vault_.channel().ended();
}

std::string FlowKeeper::take_flow_page(platform::UniqueFd memory) {
  std::string error = acceptor_.book.attach(std::move(memory), vault_.holder());
  if (error.empty() && copy_memory_)
    vault_.hold_pages(acceptor_.book.descriptor(), copy_memory_.get());
  return error;
}

std::string FlowKeeper::take_copy_memory(platform::UniqueFd memory) {
  if (copy_memory_) return "a second copy memory";
  auto mapping = platform::SharedMapping::map(memory.get(), runtime::CopyMemory::size,
                                              platform::SharedMapping::Access::read_write);
  if (!mapping) return "the copy memory: " + mapping.error().to_string();
  copy_memory_ = std::move(memory);
  runtime::CopyMemory::current().use(std::move(*mapping));
  if (acceptor_.book.attached()) vault_.hold_pages(acceptor_.book.descriptor(), copy_memory_.get());
  return {};
}

void FlowKeeper::let_settle(runtime::RelayOptions& options) {
  options.settle_after = settle_time;
  options.settle_scope = &settle_scope_;
}

void FlowKeeper::carry(std::unique_ptr<Client> client) {
  Tunnel& tunnel = *client->tunnel;
  const std::unique_ptr<SettledFlows> flows = std::move(tunnel.settled);
  RecordLease record(acceptor_.book);
  TunnelWatch watch(*client, tunnel.record);
  const auto terms = terms_of(tunnel.record, watch.options(tunnel.route));
  record->terms_bytes = static_cast<std::uint32_t>(write_terms(terms, record->terms));
  record->flow = client->entry.id();
  record->began_ns = std::chrono::nanoseconds(tunnel.record.began.time_since_epoch()).count();
  const bool up_known = flows->up.settle_in(record->up);
  const bool down_known = flows->down.settle_in(record->down);
  const bool complete = up_known && down_known && record->terms_bytes != 0;
  auto flow = std::make_unique<CarriedFlow>(*this, std::move(client), std::move(record),
                                            std::move(flows->up), std::move(flows->down), nullptr);
  CarriedFlow& carried = *flow;
  add(std::move(flow));
  if (complete && carried.in_book() && !relinquished_) {
    protect(carried);
  } else {
    carried.set_protected(false);
    warn_full();
  }
  carried.start();
}

void FlowKeeper::add(std::unique_ptr<CarriedFlow> flow) {
  const std::uint64_t id = flow->id();
  flows_[id] = std::move(flow);
}

// The record first: the vault's sockets are of no use without it.
void FlowKeeper::protect(CarriedFlow& flow) {
  flow.record().state.store(ipc::FlowRecord::carried, std::memory_order_release);
  vault_.hold(flow.id(), flow.sockets());
  flow.set_protected(true);
  ipc::note(ipc::Happening::vaulted, flow.id());
}

void FlowKeeper::on_not_held(std::uint64_t id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  found->second->record().state.store(ipc::FlowRecord::free, std::memory_order_release);
  found->second->set_protected(false);
  warn_full();
}

void FlowKeeper::warn_full() {
  const auto now = runtime::Clock::now();
  if (now < next_warning_ || relinquished_) return;
  next_warning_ = now + 1min;
  log::warn("flows are not protected against a crash of their process: no room for more",
            {{"carried", flows_.size()}});
}

// The record first, so that nobody takes the sockets in the vault for a flow that goes on.
void FlowKeeper::on_end(std::uint64_t id) {
  auto node = flows_.extract(id);
  if (node.empty()) return;
  const std::unique_ptr<CarriedFlow> flow = std::move(node.mapped());
  const bool held = flow->is_protected();
  const runtime::RelayEnd end = flow->end();
  flow->record().state.store(ipc::FlowRecord::free, std::memory_order_release);
  std::unique_ptr<Client> client = flow->take_client();
  account(*client, end);
  // Until the vault has let go of them as well, closing sockets tells the peers nothing.
  if (held) {
    platform::shutdown_both(client->tunnel->upstream->socket().fd());
    vault_.release(id);
  }
  client->tunnel.reset();
  end_session(std::move(client), end);
}

runtime::Task<void> FlowKeeper::refill() {
  const runtime::Gate::Pass pass = tasks_.enter();
  std::vector<std::uint64_t> ids;
  ids.reserve(flows_.size());
  for (const auto& [id, flow] : flows_) ids.push_back(id);
  const auto find = [this](std::uint64_t id) -> std::optional<std::array<int, 2>> {
    const auto flow = flows_.find(id);
    if (flow == flows_.end() || !flow->second->is_protected()) return std::nullopt;
    return flow->second->sockets();
  };
  co_await vault_.refill(std::move(ids), find);
}

void FlowKeeper::vault_restarted() {
  if (!relinquished_) runtime::spawn(refill());
}

// What is estate and what is not known yet: pages and sockets come by two channels.
Inheritance& FlowKeeper::estate(std::uint32_t holder) {
  auto& estate = estates_[holder];
  if (!estate) estate = std::make_unique<Inheritance>(*this, holder);
  return *estate;
}

void FlowKeeper::settle_estate(std::uint32_t holder) {
  const auto found = estates_.find(holder);
  if (found == estates_.end() || !found->second->complete()) return;
  if (relinquishing_ || !acceptor_.generation) return;
  std::unique_ptr<Inheritance> estate = std::move(found->second);
  estates_.erase(found);
  runtime::spawn(inherit(std::move(estate)));
}

void FlowKeeper::go_on() {
  std::vector<std::uint32_t> holders;
  holders.reserve(estates_.size());
  for (const auto& [holder, estate] : estates_) holders.push_back(holder);
  for (const std::uint32_t holder : holders) settle_estate(holder);
}

runtime::Task<void> FlowKeeper::inherit(std::unique_ptr<Inheritance> estate) {
  const runtime::Gate::Pass pass = tasks_.enter();
  const runtime::Gate::Pass busy = inheriting_.enter();
  const proto::Inherited report = co_await estate->settle();
  control_->send(report);
}

// Connections that are still on their way to become raw flows get a moment for it: afterwards they
// cannot be handed over. Then raw tunnels settle, in the loop's next rounds.
runtime::Task<bool> FlowKeeper::wait_until_settled(runtime::Deadline deadline) {
  const auto opened_by = std::min(deadline, runtime::Loop::current().after(opening_time));
  while (acceptor_.book.count(ipc::Unprotected::starting) != 0 && runtime::Clock::now() < opened_by)
    co_await runtime::sleep_for(asking_again);
  settle_scope_.cancel();
  co_await inheriting_.empty(deadline);
  co_return co_await runtime::sleep_for(settling_time);
}

// A vault that dies meanwhile is refilled and asked again. Nothing moves meanwhile, so there is an
// end to it.
runtime::Task<bool> FlowKeeper::wait_until_held(runtime::Deadline deadline) {
  deadline = std::min(deadline, runtime::Loop::current().after(holding_time));
  while (runtime::Clock::now() < deadline && !vault_.channel().ended()) {
    const auto held = co_await vault_.sync(std::min(deadline, runtime::Loop::current().after(1s)));
    const auto wanted = std::count_if(flows_.begin(), flows_.end(), [](const auto& entry) {
      return entry.second->is_protected();
    });
    if (held && std::cmp_greater_equal(*held, wanted)) co_return true;
    co_await runtime::sleep_for(asking_again);
  }
  co_return false;
}

runtime::Task<void> FlowKeeper::relinquish(runtime::Deadline deadline) {
  const runtime::Gate::Pass pass = tasks_.enter();
  relinquishing_ = true;
  co_await wait_until_settled(deadline);
  for (const auto& [id, flow] : flows_) flow->stop();
  const bool held = co_await wait_until_held(deadline);
  proto::Relinquished message;
  if (held) message = let_go();
  for (const auto& [id, flow] : flows_) flow->start();
  message.kept = static_cast<std::uint32_t>(acceptor_.connections.size());
  ipc::note(ipc::Happening::relinquished, 0, message.flows, message.kept);
  relinquishing_ = false;
  if (!held) co_return go_on();
  vault_.channel().send(message);
  control_->send(message);
}

// What is let go stays as it is in records, blocks and pipes; only our descriptors are closed.
proto::Relinquished FlowKeeper::let_go() {
  proto::Relinquished message;
  relinquished_ = true;
  estates_.clear();
  acceptor_.book.close();
  vault_.stop_registering();
  for (auto each = flows_.begin(); each != flows_.end();) {
    if (!each->second->is_protected()) {
      ++each;
      continue;
    }
    each->second->let_go();
    each = flows_.erase(each);
    ++message.flows;
  }
  return message;
}

runtime::Task<void> FlowKeeper::end() {
  ended_ = true;
  vault_.close();
  co_await tasks_.empty_uncancelled();
}

}  // namespace bulkhead::acceptor

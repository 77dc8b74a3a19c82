// From vault to vault, when the supervisor of one is gone: all that acceptors let go of, holder
// after holder, under the numbers and ids that it has. The receiving side keeps nothing unless all
// of it has come.
#include <algorithm>
#include <array>
#include <set>

#include "runtime/both.h"
#include "runtime/log.h"
#include "workers/vault/vault.h"

namespace bulkhead::vault {
namespace {

namespace log = runtime::log;

// Then the other side is given time to take them, see Vault::send_estate.
constexpr int sent_at_once = 64;
// How long the other vault may read nothing.
constexpr runtime::Duration longest_silence{5'000};

// Sends pairs of descriptors at the pace of the reader.
class Sender {
 public:
  explicit Sender(ipc::Channel& channel) : channel_(channel) {}

  template <typename Message>
  runtime::Task<bool> send(Message message, std::array<int, 2> descriptors) {
    if (!channel_.send(message, descriptors)) co_return false;
    if (++unsent_ < sent_at_once) co_return true;
    unsent_ = 0;
    const bool taken = co_await channel_.sent(runtime::Loop::current().after(longest_silence));
    co_return taken;
  }

 private:
  ipc::Channel& channel_;
  int unsent_ = 0;
};

std::array<int, 2> numbers(const Pair& pair) {
  return {pair[0].get(), pair[1].get()};
}

// Until nothing is to be read from the other side any more.
runtime::Task<void> run_to_end(ipc::Channel& channel) {
  co_await channel.run();
}

}  // namespace

// What comes from another vault, until it is complete.
struct Vault::Donor {
  explicit Donor(platform::UniqueFd socket)
      : channel(std::move(socket), proto::Party::vault, proto::Party::vault) {}
  ipc::Channel channel;
  std::set<std::uint32_t> holders;
};

runtime::Task<void> Vault::until_let_go(runtime::Deadline deadline) {
  for (const auto& [number, holder] : holders_) {
    if (!holder.settled()) holder.client->channel.send(proto::Relinquish{});
  }
  const auto is_settled = [](const auto& entry) { return entry.second.settled(); };
  bool in_time = true;
  while (in_time && !std::all_of(holders_.begin(), holders_.end(), is_settled)) {
    changed_.reset();
    const auto result = co_await changed_.wait(deadline);
    in_time = result == runtime::Event::Result::set;
  }
}

runtime::Task<proto::TakenOver> Vault::convey(platform::UniqueFd socket,
                                              runtime::Deadline deadline) {
  alone_ = false;
  co_await until_let_go(deadline);
  std::vector<std::uint32_t> settled;
  bool all = true;
  for (const auto& [number, holder] : holders_) {
    if (holder.settled() && holder.holdings.pages) settled.push_back(number);
    all = all && holder.settled();
  }
  runtime::Task<proto::TakenOver> conveying = convey(std::move(settled), std::move(socket));
  proto::TakenOver report = co_await std::move(conveying);
  if (!all && report.problem.value.empty()) report.problem = "not all acceptors let go in time";
  co_return report;
}

runtime::Task<proto::TakenOver> Vault::convey_left(platform::UniqueFd socket) {
  std::vector<std::uint32_t> left;
  for (const auto& [number, holder] : holders_) {
    if (holder.settled() && holder.heir == 0 && holder.holdings.pages) left.push_back(number);
  }
  runtime::Task<proto::TakenOver> conveying =
      convey(std::move(left), at_low_number(std::move(socket)));
  proto::TakenOver report = co_await std::move(conveying);
  co_return report;
}

runtime::Task<proto::TakenOver> Vault::convey(std::vector<std::uint32_t> holders,
                                              platform::UniqueFd socket) {
  ipc::Channel other(std::move(socket), proto::Party::vault, proto::Party::vault);
  proto::TakenOver report;
  runtime::Task<void> sending = convey_all(other, std::move(holders), report);
  co_await runtime::both(run_to_end(other), std::move(sending));
  co_return report;
}

runtime::Task<void> Vault::convey_all(ipc::Channel& other, std::vector<std::uint32_t> holders,
                                      proto::TakenOver& report) {
  bool going_on = true;
  for (auto number = holders.begin(); number != holders.end() && going_on; ++number) {
    // Out of reach of everybody else; closed when it has been sent, since a connection ends only
    // when nobody has it any more.
    const Holdings leaving = std::exchange(holders_[*number].holdings, {});
    changed_.set();
    runtime::Task<bool> sending = convey_one(other, *number, leaving);
    going_on = co_await std::move(sending);
    ++report.holders;
    report.flows += static_cast<std::uint32_t>(leaving.flows.size());
    report.pipes += static_cast<std::uint32_t>(leaving.pipes.size());
  }
  going_on = going_on && other.send(proto::ConveyEnd{});
  if (going_on) going_on = co_await other.sent(runtime::Loop::current().after(longest_silence));
  if (!going_on) report.problem = "the other vault has gone";
  other.close("conveyed");
}

runtime::Task<bool> Vault::convey_one(ipc::Channel& other, std::uint32_t holder,
                                      const Holdings& holdings) {
  Sender sender(other);
  proto::HoldPages pages{holder};
  bool going_on = co_await sender.send(pages, numbers(*holdings.pages));
  for (auto pipe = holdings.pipes.begin(); pipe != holdings.pipes.end() && going_on; ++pipe) {
    proto::HoldPipe message{holder, pipe->first};
    going_on = co_await sender.send(message, numbers(pipe->second));
  }
  for (auto flow = holdings.flows.begin(); flow != holdings.flows.end() && going_on; ++flow) {
    proto::HoldFlow message{holder, flow->first};
    going_on = co_await sender.send(message, numbers(flow->second));
  }
  co_return going_on;
}

void Vault::receive(platform::UniqueFd channel, Received received) {
  channel = at_low_number(std::move(channel));
  if (!channel) return log::error("no number is left for the channel of another vault");
  runtime::spawn(receive_all(std::make_shared<Donor>(std::move(channel)), std::move(received)),
                 &donors_scope_);
}

runtime::Task<void> Vault::receive_all(std::shared_ptr<Donor> donor, Received received) {
  const runtime::Gate::Pass pass = tasks_.enter();
  bool complete = false;
  listen_to(*donor);
  donor->channel.on<proto::ConveyEnd>([&](proto::ConveyEnd, ipc::Envelope&) {
    complete = true;
    donor->channel.close("conveyed");
  });
  const ipc::ChannelEnd end = co_await donor->channel.run();
  if (!complete) log::error("what another vault held did not come", {{"reason", end.reason}});
  for (const std::uint32_t number : donor->holders) {
    const Holdings& holdings = holders_[number].holdings;
    if (complete && holdings.pages) {
      received(number, holdings);
    } else {
      holders_.erase(number);
    }
  }
}

void Vault::listen_to(Donor& donor) {
  ipc::Channel& channel = donor.channel;
  const auto its_own = [&donor](std::uint32_t holder) { return donor.holders.contains(holder); };
  channel.on<proto::HoldPages>(
      [this, &donor](const proto::HoldPages& message, ipc::Envelope& envelope) {
        if (message.holder == 0 || holders_.contains(message.holder))
          return donor.channel.close("a holder that is here already");
        Pair pages{std::move(envelope.descriptors[0]), std::move(envelope.descriptors[1])};
        if (!move_up(pages)) return donor.channel.close("no number is left");
        donor.holders.insert(message.holder);
        note_holder(message.holder);
        holders_[message.holder].holdings.pages = std::move(pages);
      });
  channel.on<proto::HoldPipe>(
      [this, its_own](const proto::HoldPipe& message, ipc::Envelope& envelope) {
        Pair ends{std::move(envelope.descriptors[0]), std::move(envelope.descriptors[1])};
        if (its_own(message.holder) && move_up(ends))
          holders_[message.holder].holdings.pipes[message.pipe] = std::move(ends);
      });
  channel.on<proto::HoldFlow>(
      [this, its_own](const proto::HoldFlow& message, ipc::Envelope& envelope) {
        Pair sockets{std::move(envelope.descriptors[0]), std::move(envelope.descriptors[1])};
        if (!its_own(message.holder)) return;
        // They live already, so all that there is room for comes; what is kept free for pipes to
        // come (flow_capacity) is not worth one of them.
        if (!move_up(sockets)) {
          ++refused_;
          return log::error("there is no room for a flow of another vault",
                            {{"holder", message.holder}, {"flow", message.flow}});
        }
        holders_[message.holder].holdings.flows[message.flow] = std::move(sockets);
      });
}

}  // namespace bulkhead::vault

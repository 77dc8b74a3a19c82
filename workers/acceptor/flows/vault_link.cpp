#include "workers/acceptor/flows/vault_link.h"

#include <utility>

namespace bulkhead::acceptor {
namespace {

// Then the vault is given time to take them: descriptors on their way count against a limit of the
// system, and what does not fit into the socket is duplicated.
constexpr int sent_at_once = 64;

// Then the vault does not read: it is dead and not replaced yet, or stuck.
constexpr std::size_t most_queued = 512;

}  // namespace

VaultLink::VaultLink(std::uint32_t holder, platform::UniqueFd socket)
    : holder_(holder), channel_(std::move(socket), proto::Party::acceptor, proto::Party::vault) {
  runtime::PipePool::current().set_registry(this);
}

VaultLink::~VaultLink() {
  runtime::PipePool::current().set_registry(nullptr);
}

void VaultLink::stop_registering() {
  runtime::PipePool::current().set_registry(nullptr);
  pipes_.clear();
}

void VaultLink::hold_pages(int flows, int copies) {
  pages_ = {flows, copies};
  channel_.send(proto::HoldPages{holder_}, *pages_);
}

bool VaultLink::may_say() {
  if (behind_) return false;
  if (channel_.queued() < most_queued) return true;
  behind_ = true;
  if (fell_behind_) fell_behind_();
  return false;
}

runtime::Task<bool> VaultLink::catch_up() {
  const bool read = co_await channel_.sent(runtime::never);
  co_return read;
}

void VaultLink::hold(std::uint64_t flow, std::array<int, 2> sockets) {
  if (may_say()) channel_.send(proto::HoldFlow{holder_, flow}, sockets);
}

void VaultLink::release(std::uint64_t flow) {
  if (!may_say()) return;
  proto::Release message;
  message.flows.push(flow);
  channel_.send(message);
}

void VaultLink::take_in(const runtime::Pipe& pipe) {
  pipes_[pipe.id] = {pipe.read_end.get(), pipe.write_end.get()};
}

std::uint64_t VaultLink::made(int read_end, int write_end) {
  const std::uint64_t id = std::uint64_t{holder_} << 32 | ++last_pipe_;
  pipes_[id] = {read_end, write_end};
  if (may_say()) send_pipe(id, pipes_[id]);
  return id;
}

void VaultLink::discarded(std::uint64_t id) {
  if (pipes_.erase(id) == 0 || !may_say()) return;
  proto::Release message;
  message.pipes.push(id);
  channel_.send(message);
}

bool VaultLink::send_pipe(std::uint64_t id, std::array<int, 2> ends) {
  return channel_.send(proto::HoldPipe{holder_, id}, ends);
}

// By ids: while it waits, anything may end. The pages come first: with them the vault begins anew.
runtime::Task<void> VaultLink::refill(std::vector<std::uint64_t> flows, FindFlow find) {
  if (pages_) channel_.send(proto::HoldPages{holder_}, *pages_);
  behind_ = false;
  std::vector<std::uint64_t> pipes;
  pipes.reserve(pipes_.size());
  for (const auto& [id, ends] : pipes_) pipes.push_back(id);
  int unsent = 0;
  for (const std::uint64_t id : pipes) {
    const auto ends = pipes_.find(id);
    if (ends != pipes_.end()) send_pipe(id, ends->second);
    if (++unsent < sent_at_once) continue;
    unsent = 0;
    co_await channel_.sent(runtime::never);
  }
  for (const std::uint64_t id : flows) {
    const auto sockets = find(id);
    if (sockets) hold(id, *sockets);
    if (++unsent < sent_at_once) continue;
    unsent = 0;
    co_await channel_.sent(runtime::never);
  }
}

runtime::Task<std::optional<std::uint32_t>> VaultLink::sync(runtime::Deadline deadline) {
  const auto reply = co_await channel_.call(proto::VaultSync{}, deadline);
  const auto synced = reply ? reply->as<proto::VaultSynced>() : std::nullopt;
  if (!synced) co_return std::nullopt;
  co_return synced->flows;
}

}  // namespace bulkhead::acceptor

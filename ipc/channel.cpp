#include "ipc/channel.h"

#include <algorithm>
#include <coroutine>
#include <string>
#include <utility>

#include "platform/descriptor.h"
#include "platform/secret.h"
#include "proto/messages.h"

namespace bulkhead::ipc {
namespace {

// Messages read before the rest of the loop has its turn: a peer that floods must not starve the
// others.
constexpr std::size_t max_burst = 64;

struct NextRound {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const { runtime::Loop::current().post(self); }
  void await_resume() const noexcept {}
};

using runtime::Direction;
using runtime::IoStatus;

// Copies of descriptors for a message that has to wait. fcntl, not dup: it is on the sandbox's
// list.
std::vector<platform::UniqueFd> duplicate(std::span<const int> descriptors) {
  std::vector<platform::UniqueFd> copies;
  for (const int descriptor : descriptors) copies.push_back(platform::duplicate(descriptor));
  return copies;
}

std::vector<int> numbers(const std::vector<platform::UniqueFd>& descriptors) {
  std::vector<int> out;
  out.reserve(descriptors.size());
  for (const auto& descriptor : descriptors) out.push_back(descriptor.get());
  return out;
}

}  // namespace

Channel::Channel(platform::UniqueFd socket, proto::Party self, proto::Party peer)
    : socket_(std::move(socket)), self_(self), peer_(peer) {
  flushed_.set();
  // Only a greeting may come first, and only where the conversation has one.
  const auto hello = static_cast<std::uint16_t>(proto::MessageType::hello);
  const auto command = static_cast<std::uint16_t>(proto::MessageType::command);
  const auto auth_command = static_cast<std::uint16_t>(proto::MessageType::auth_command);
  const auto greeting = proto::ChannelState::greeting;
  peer_greeted_ = !proto::may_send(peer, self, hello, greeting) &&
                  !proto::may_send(peer, self, command, greeting) &&
                  !proto::may_send(peer, self, auth_command, greeting);
}

Channel::Encoded::~Encoded() {
  if (secret) platform::wipe(std::span(reinterpret_cast<char*>(bytes.data()), bytes.size()));
}

Channel::~Channel() {
  close("destroyed");
}

runtime::Task<ChannelEnd> Channel::run() {
  const runtime::CancelScope* caller = co_await runtime::current_scope();
  Buffer buffer;
  while (!ended_) {
    if (read_burst(buffer)) {
      const IoStatus status = co_await runtime::ready(socket_, Direction::read);
      if (status == IoStatus::cancelled) close("cancelled");
    } else {
      co_await NextRound{};
    }
    if (caller != nullptr && caller->cancelled()) close("cancelled");
  }
  // flush() still looks at this object when it wakes: wait for it even if the caller was called
  // off.
  runtime::CancelScope uncancelled;
  runtime::Task<bool> last = sent(runtime::never);
  co_await std::move(last).under(uncancelled);
  co_return end_;
}

runtime::Task<bool> Channel::sent(runtime::Deadline deadline) {
  const auto result = co_await flushed_.wait(deadline);
  co_return result == runtime::Event::Result::set && !ended_;
}

// Reads and dispatches what is there; true if that was all.
bool Channel::read_burst(Buffer& buffer) {
  std::vector<platform::UniqueFd> descriptors;
  for (std::size_t i = 0; i < max_burst && !ended_; ++i) {
    const auto got = platform::receive_message(socket_.fd(), buffer, descriptors);
    switch (got.status) {
      case platform::ReceiveStatus::received:
        dispatch(std::span(buffer).first(got.bytes), std::move(descriptors), false);
        break;
      case platform::ReceiveStatus::descriptors_lost:
        dispatch(std::span(buffer).first(got.bytes), {}, true);
        break;
      case platform::ReceiveStatus::would_block:
        return true;
      case platform::ReceiveStatus::closed:
        close("peer closed the channel");
        break;
      case platform::ReceiveStatus::truncated:
        violation("message longer than allowed");
        break;
      case platform::ReceiveStatus::error:
        close("receive failed, errno " + std::to_string(got.error));
        break;
    }
  }
  return false;
}

bool Channel::send_bytes(Encoded message, std::span<const int> descriptors) {
  if (ended_) return false;
  if (message.bytes.size() > proto::max_message_bytes) {
    close("a message of our own is longer than allowed");
    return false;
  }
  if (!queue_.empty()) return enqueue(std::move(message), descriptors);
  const auto result = platform::send_message(socket_.fd(), message.bytes, descriptors);
  if (result.status == platform::SendStatus::sent) return true;
  if (result.status == platform::SendStatus::would_block)
    return enqueue(std::move(message), descriptors);
  close(result.status == platform::SendStatus::closed
            ? "peer closed the channel"
            : "send failed, errno " + std::to_string(result.error));
  return false;
}

bool Channel::enqueue(Encoded message, std::span<const int> descriptors) {
  if (queue_.size() >= max_queued) {
    close("peer does not read");
    return false;
  }
  auto copies = duplicate(descriptors);
  if (std::any_of(copies.begin(), copies.end(), [](const auto& copy) { return !copy; })) {
    close("no descriptor left for a message that has to wait");
    return false;
  }
  queue_.push_back({std::move(message), std::move(copies)});
  if (flushed_.is_set()) {
    flushed_.reset();
    runtime::spawn(flush(), &scope_);
  }
  return true;
}

runtime::Task<void> Channel::flush() {
  while (!queue_.empty() && !ended_) {
    const Queued& first = queue_.front();
    const auto result =
        platform::send_message(socket_.fd(), first.message.bytes, numbers(first.descriptors));
    if (result.status == platform::SendStatus::would_block) {
      const IoStatus status = co_await runtime::ready(socket_, Direction::write);
      if (status != IoStatus::ok) break;
      continue;
    }
    if (result.status != platform::SendStatus::sent) {
      close("send failed");
      break;
    }
    queue_.pop_front();
  }
  flushed_.set();
}

void Channel::dispatch(std::span<const std::uint8_t> bytes,
                       std::vector<platform::UniqueFd> descriptors, bool descriptors_lost) {
  proto::Reader reader(bytes);
  proto::Header header;
  if (!reader.get(header)) return violation("message without a header");
  const auto state = peer_greeted_ ? proto::ChannelState::open : proto::ChannelState::greeting;
  if (!proto::may_send(peer_, self_, header.type, state)) {
    return violation("message " + std::to_string(header.type) + " is not allowed here");
  }
  peer_greeted_ = true;
  Envelope envelope;
  envelope.type = static_cast<proto::MessageType>(header.type);
  envelope.id = header.id;
  const auto body = bytes.subspan(proto::header_bytes);
  envelope.body.assign(body.begin(), body.end());
  envelope.descriptors = std::move(descriptors);
  // That this process is out of descriptors is not the peer's fault. A reply tells its caller by
  // their absence; anything else cannot be acted upon and is dropped, so that its sender's deadline
  // passes.
  if (descriptors_lost && !pending_.contains(envelope.id)) return;
  if (!descriptors_lost && envelope.descriptors.size() != proto::descriptors_of(envelope.type)) {
    return violation(std::string(to_string(envelope.type)) + " with a wrong number of descriptors");
  }
  const std::string name(to_string(envelope.type));
  if (!deliver(std::move(envelope))) violation(name + " does not decode");
}

// A reply goes to its caller; anything else to its handler. A late reply finds neither, and is
// dropped. False if the body is not what its type says, whoever it was for.
bool Channel::deliver(Envelope&& envelope) {
  if (const auto waiting = pending_.find(envelope.id);
      envelope.id != 0 && waiting != pending_.end()) {
    if (!proto::is_well_formed(envelope.type, envelope.body)) return false;
    Pending* pending = waiting->second;
    pending_.erase(waiting);
    pending->reply = std::move(envelope);
    pending->arrived.set();
    return true;
  }
  const auto handler = handlers_.find(static_cast<std::uint16_t>(envelope.type));
  if (handler == handlers_.end()) return proto::is_well_formed(envelope.type, envelope.body);
  return handler->second(envelope);
}

void Channel::violation(std::string reason) {
  if (!ended_) end_.violation = true;
  close(std::move(reason));
}

void Channel::close(std::string reason) {
  if (ended_) return;
  ended_ = true;
  end_.reason = std::move(reason);
  fail_pending();
  scope_.cancel();
  // Wakes run(), which may be waiting to read, and tells the peer.
  platform::shutdown_both(socket_.fd());
}

void Channel::fail_pending() {
  const auto waiting = std::exchange(pending_, {});
  for (const auto& [id, pending] : waiting) pending->arrived.set();
}

void Channel::on_abandoned(std::uint32_t id) {
  if (abandoned_) abandoned_(id);
}

std::uint32_t Channel::take_id() {
  do {
    ++last_id_;
  } while (last_id_ == 0 || pending_.contains(last_id_));
  return last_id_;
}

}  // namespace bulkhead::ipc

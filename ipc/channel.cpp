#include "ipc/channel.h"

#include <array>
#include <utility>

#include "platform/descriptor.h"

namespace bulkhead::ipc {
namespace {

using runtime::Direction;
using runtime::IoStatus;

// Copies of descriptors for a message that has to wait. fcntl, not dup: it is on the sandbox's list.
std::vector<platform::UniqueFd> duplicate(std::span<const int> descriptors) {
  std::vector<platform::UniqueFd> copies;
  for (const int descriptor : descriptors) copies.push_back(platform::duplicate(descriptor));
  return copies;
}

std::vector<int> numbers(const std::vector<platform::UniqueFd>& descriptors) {
  std::vector<int> out;
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
  const auto greeting = proto::ChannelState::greeting;
  peer_greeted_ = !proto::may_send(peer, self, hello, greeting) && !proto::may_send(peer, self, command, greeting);
}

Channel::~Channel() { close("destroyed"); }

runtime::Task<ChannelEnd> Channel::run() {
  std::array<std::uint8_t, proto::max_message_bytes> buffer;
  std::vector<platform::UniqueFd> descriptors;
  runtime::CancelScope* parent = co_await runtime::current_scope();
  while (!ended_) {
    const auto got = platform::receive_message(socket_.fd(), buffer, descriptors);
    switch (got.status) {
      case platform::ReceiveStatus::received:
        if (!dispatch(std::span(buffer).first(got.bytes), std::move(descriptors))) co_return end_;
        descriptors.clear();
        continue;
      case platform::ReceiveStatus::closed: close("peer closed the channel"); continue;
      case platform::ReceiveStatus::truncated: violation("message longer than allowed"); continue;
      case platform::ReceiveStatus::error: close("receive failed, errno " + std::to_string(got.error)); continue;
      case platform::ReceiveStatus::would_block: break;
    }
    const IoStatus status = co_await runtime::ready(socket_, Direction::read);
    if (status == IoStatus::cancelled || (parent != nullptr && parent->cancelled())) close("cancelled");
  }
  co_await flushed_.wait();
  co_return end_;
}

bool Channel::send_bytes(proto::Bytes bytes, std::span<const int> descriptors) {
  if (ended_) return false;
  if (bytes.size() > proto::max_message_bytes) {
    close("a message of our own is longer than allowed");
    return false;
  }
  if (!queue_.empty()) return enqueue(std::move(bytes), descriptors);
  const auto result = platform::send_message(socket_.fd(), bytes, descriptors);
  if (result.status == platform::SendStatus::sent) return true;
  if (result.status == platform::SendStatus::would_block) return enqueue(std::move(bytes), descriptors);
  close(result.status == platform::SendStatus::closed ? "peer closed the channel"
                                                      : "send failed, errno " + std::to_string(result.error));
  return false;
}

bool Channel::enqueue(proto::Bytes bytes, std::span<const int> descriptors) {
  if (queue_.size() >= max_queued) {
    close("peer does not read");
    return false;
  }
  queue_.push_back({std::move(bytes), duplicate(descriptors)});
  if (flushed_.is_set()) {
    flushed_.reset();
    runtime::spawn(flush(), &scope_);
  }
  return true;
}

runtime::Task<void> Channel::flush() {
  while (!queue_.empty() && !ended_) {
    const Queued& first = queue_.front();
    const auto result = platform::send_message(socket_.fd(), first.bytes, numbers(first.descriptors));
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

bool Channel::dispatch(std::span<const std::uint8_t> bytes, std::vector<platform::UniqueFd> descriptors) {
  proto::Reader reader(bytes);
  proto::Header header;
  if (!reader.get(header)) {
    violation("message without a header");
    return false;
  }
  const auto state = peer_greeted_ ? proto::ChannelState::open : proto::ChannelState::greeting;
  if (!proto::may_send(peer_, self_, header.type, state)) {
    violation("message " + std::to_string(header.type) + " is not allowed here");
    return false;
  }
  peer_greeted_ = true;
  Envelope envelope;
  envelope.type = static_cast<proto::MessageType>(header.type);
  envelope.id = header.id;
  const auto body = bytes.subspan(proto::header_bytes);
  envelope.body.assign(body.begin(), body.end());
  envelope.descriptors = std::move(descriptors);
  if (envelope.descriptors.size() != proto::descriptors_of(envelope.type)) {
    violation(std::string(to_string(envelope.type)) + " with a wrong number of descriptors");
    return false;
  }
  return deliver(std::move(envelope));
}

// A reply goes to its caller; anything else to its handler. A late reply finds neither, and is dropped.
bool Channel::deliver(Envelope envelope) {
  if (const auto waiting = pending_.find(envelope.id); envelope.id != 0 && waiting != pending_.end()) {
    Pending* pending = waiting->second;
    pending_.erase(waiting);
    pending->reply = std::move(envelope);
    pending->arrived.set();
    return true;
  }
  const auto handler = handlers_.find(static_cast<std::uint16_t>(envelope.type));
  if (handler == handlers_.end()) return true;
  if (!handler->second(envelope)) {
    violation(std::string(to_string(envelope.type)) + " does not decode");
    return false;
  }
  return !ended_;
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

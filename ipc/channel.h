// One end of a conversation between two processes: messages of proto/ over a message socket, with
// descriptors.
//
// The owner registers a handler for each message it understands (on<M>) and runs the channel; a
// message that the table of proto/message_type.h does not allow, whose body does not decode to its
// last octet, or that carries the wrong number of descriptors ends the channel (garbage from a peer
// is not answered). A request is sent with call(), which waits for the reply of the same id; on a
// deadline or a cancellation the id is forgotten, and a late reply is dropped with its descriptors.
// The channel must outlive run() and every call(): after close() both end in the loop's next
// rounds.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/message_socket.h"
#include "platform/unique_fd.h"
#include "proto/codec.h"
#include "proto/message_type.h"
#include "runtime/event.h"
#include "runtime/socket.h"
#include "runtime/task.h"

namespace bulkhead::ipc {

// A message as it came in. body is valid during the handler, or as long as the Envelope that owns
// it.
struct Envelope {
  proto::MessageType type = proto::MessageType::end_;
  std::uint32_t id = 0;
  proto::Bytes body;
  std::vector<platform::UniqueFd> descriptors;

  // The message, if it is of that type.
  template <typename Message>
  std::optional<Message> as() const {
    if (type != Message::type) return std::nullopt;
    return proto::decode<Message>(body);
  }
};

// Why a channel ended; for the log.
struct ChannelEnd {
  bool violation = false;  // the peer broke the rules
  std::string reason;
};

class Channel {
 public:
  // Messages kept for a peer that does not read; beyond it the channel ends.
  static constexpr std::size_t max_queued = 4096;

  Channel(platform::UniqueFd socket, proto::Party self, proto::Party peer);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // handler(message, envelope): called inline from run(); it may keep the descriptors. Replies go
  // by envelope.id.
  template <typename Message, typename Handler>
  void on(Handler handler) {
    handlers_[static_cast<std::uint16_t>(Message::type)] =
        [handler = std::move(handler)](Envelope& envelope) mutable {
          std::optional<Message> message = proto::decode<Message>(envelope.body);
          if (!message) return false;
          handler(std::move(*message), envelope);
          return true;
        };
  }

  // The peer greeted in a program that ran in this process before: nothing is a greeting any more.
  void resume() { peer_greeted_ = true; }

  // Reads and dispatches until the peer is gone, the rules are broken, or the scope is cancelled.
  runtime::Task<ChannelEnd> run();

  // Sends or queues; false when the channel has ended. descriptors stay the caller's.
  template <typename Message>
  bool send(const Message& message, std::span<const int> descriptors = {}, std::uint32_t id = 0) {
    return send_bytes({proto::encode(message, id), proto::is_secret<Message>}, descriptors);
  }

  // The reply of the same id, of whatever type; nothing on deadline, cancellation or the channel's
  // end.
  template <typename Message>
  runtime::Task<std::optional<Envelope>> call(Message message, runtime::Deadline deadline,
                                              std::vector<int> descriptors = {}) {
    const std::uint32_t id = take_id();
    Pending pending(*this, id);
    if (!send_bytes({proto::encode(message, id), proto::is_secret<Message>}, descriptors))
      co_return std::nullopt;
    const auto result = co_await pending.arrived.wait(deadline);
    if (result != runtime::Event::Result::set && !ended_) on_abandoned(id);
    if (!pending.reply) co_return std::nullopt;
    co_return std::move(*pending.reply);
  }

  // Waits until nothing is queued: everything sent is the peer's to read. False on deadline,
  // cancellation or the channel's end. For long answers, so that the reader's pace and not
  // max_queued is the limit; and before close().
  runtime::Task<bool> sent(runtime::Deadline deadline);

  // Messages that wait for the peer to read, beyond what the socket takes.
  std::size_t queued() const { return queue_.size(); }

  // Called with the id of a request whose caller no longer waits.
  void set_abandoned_handler(std::function<void(std::uint32_t)> handler) {
    abandoned_ = std::move(handler);
  }

  // Stops run() and fails all calls. Safe from inside a handler.
  void close(std::string reason);

  // Ends every call() without an answer, as if the peer had gone; the channel goes on. For a peer
  // that was replaced by one that does not know the requests.
  void forget_calls() { fail_pending(); }

  bool ended() const { return ended_; }
  proto::Party peer() const { return peer_; }
  int fd() const { return socket_.fd(); }

 private:
  struct Pending {
    Pending(Channel& owner, std::uint32_t request) : channel(owner), id(request) {
      channel.pending_[id] = this;
    }
    ~Pending() { channel.pending_.erase(id); }
    Channel& channel;
    std::uint32_t id;
    runtime::Event arrived;
    std::optional<Envelope> reply;
  };
  using Buffer = std::array<std::uint8_t, proto::max_message_bytes>;
  // An encoded message; wiped if it holds a secret.
  struct Encoded {
    Encoded(proto::Bytes encoded, bool holds_secret)
        : bytes(std::move(encoded)), secret(holds_secret) {}
    Encoded(Encoded&&) = default;
    Encoded& operator=(Encoded&&) = delete;
    ~Encoded();
    proto::Bytes bytes;
    bool secret;
  };
  struct Queued {
    Encoded message;
    std::vector<platform::UniqueFd> descriptors;
  };

  bool send_bytes(Encoded message, std::span<const int> descriptors);
  bool enqueue(Encoded message, std::span<const int> descriptors);
  runtime::Task<void> flush();
  bool read_burst(Buffer& buffer);
  void dispatch(std::span<const std::uint8_t> bytes, std::vector<platform::UniqueFd> descriptors,
                bool descriptors_lost);
  bool deliver(Envelope&& envelope);
  void violation(std::string reason);
  void fail_pending();
  void on_abandoned(std::uint32_t id);
  std::uint32_t take_id();

  runtime::Socket socket_;
  proto::Party self_, peer_;
  runtime::CancelScope scope_;
  std::map<std::uint16_t, std::function<bool(Envelope&)>> handlers_;
  std::map<std::uint32_t, Pending*> pending_;
  std::deque<Queued> queue_;
  std::function<void(std::uint32_t)> abandoned_;
  runtime::Event flushed_;  // set while no flush() is running
  std::uint32_t last_id_ = 0;
  bool peer_greeted_ = false;
  bool ended_ = false;
  ChannelEnd end_;
};

}  // namespace bulkhead::ipc

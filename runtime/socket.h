// A non-blocking descriptor and its readiness, edge-triggered: try first, wait only after "would
// block". Registered with the loop at the first wait, for the direction waited for; most sockets
// never have to wait for writing.
//
// Who reads may say what a read left behind, and so be spared one that would find nothing
// (known_drained). The end of what the peer sends is announced apart from its bytes, so it is never
// missed that way. A reset is: together with bytes it looks like bytes alone. Whoever relies on
// known_drained() must therefore read once more, some time after.
//
// One coroutine may wait to read and one to write at a time. Not movable: the loop holds its
// address.
#pragma once

#include <coroutine>
#include <event2/event_struct.h>

#include "platform/unique_fd.h"
#include "runtime/loop.h"

namespace bulkhead::runtime {

enum class Direction { read, write };

// How an operation on a stream or socket ended.
enum class IoStatus {
  ok,
  would_block,  // only from the try_ functions
  eof,          // orderly end of what the peer sends
  timed_out,
  cancelled,
  failed,  // see error
};

class Socket {
 public:
  // Told when its direction may be ready; false: still blocked, keep it waiting.
  class Listener {
   public:
    virtual bool on_ready() = 0;

   protected:
    ~Listener() = default;
  };

  explicit Socket(platform::UniqueFd fd) : fd_(std::move(fd)) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_.get(); }

  // Takes the descriptor out of the loop and gives it away; nobody may be waiting.
  platform::UniqueFd release();

  // True, once, if an edge came in since the last wait: the caller must try again before waiting.
  bool consume_edge(Direction direction);
  void listen(Direction direction, Listener* listener);
  void forget(Direction direction);

  bool registered() const { return interest_ != 0; }

  // A read took bytes, but fewer than it had room for, or found nothing: there is nothing more,
  // unless the end follows. An edge that came in before is spent.
  void note_short_read() {
    drained_ = (interest_ & EV_READ) != 0 && !end_follows_;
    if (drained_) read_.edge = false;
  }
  // Nothing can be read until the loop says so.
  bool known_drained() const { return drained_; }
  // A wait for reading begins by itself with a look: it need not be tried before.
  bool is_told_of_bytes() const { return drained_ || (interest_ & EV_READ) == 0; }
  void forget_drained() { drained_ = false; }

 private:
  static void ready(evutil_socket_t, short what, void* self);
  void unregister();
  void watch(short interest);

  struct Side {
    Listener* listener = nullptr;
    bool edge = false;
  };
  static void deliver(Side& side);
  Side& side(Direction direction) { return direction == Direction::read ? read_ : write_; }

  platform::UniqueFd fd_;
  event event_;
  short interest_ = 0;  // what is registered with the loop
  bool drained_ = false;
  bool end_follows_ = false;  // the peer has sent its last byte
  Side read_, write_;
};

// IoStatus status = co_await ready(socket, Direction::read, deadline);  ok, timed_out or cancelled.
// An edge may be stale: "ok" means try again, not that it will succeed.
class Ready : Blocked, Socket::Listener {
 public:
  Ready(Socket& socket, Direction direction, Deadline deadline)
      : socket_(socket), direction_(direction), deadline_(deadline) {}

  bool await_ready() const { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    CancelScope* scope = self.promise().scope;
    if (scope != nullptr && scope->cancelled()) {
      status_ = IoStatus::cancelled;
      return false;
    }
    if (socket_.consume_edge(direction_)) return false;
    socket_.listen(direction_, this);
    suspend(self, scope, deadline_);
    return true;
  }
  IoStatus await_resume() const noexcept { return status_; }

 private:
  bool on_ready() override {
    resume();
    return true;
  }
  void on_wake(Wake wake) noexcept override {
    socket_.forget(direction_);
    status_ = wake == Wake::timed_out ? IoStatus::timed_out : IoStatus::cancelled;
  }

  Socket& socket_;
  Direction direction_;
  Deadline deadline_;
  IoStatus status_ = IoStatus::ok;
};

inline Ready ready(Socket& socket, Direction direction, Deadline deadline = never) {
  return {socket, direction, deadline};
}

}  // namespace bulkhead::runtime

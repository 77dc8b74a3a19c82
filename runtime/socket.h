// A non-blocking descriptor and its readiness, edge-triggered: try first, wait only after "would block". Registered with
// the loop at the first wait, once, for both directions.
//
// One coroutine may wait to read and one to write at a time. Not movable: the loop holds its address.
#pragma once

#include <event2/event_struct.h>

#include <coroutine>

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

 private:
  static void ready(evutil_socket_t, short what, void* self);
  void unregister();

  struct Side {
    Listener* listener = nullptr;
    bool edge = false;
  };
  static void deliver(Side& side);
  Side& side(Direction direction) { return direction == Direction::read ? read_ : write_; }

  platform::UniqueFd fd_;
  event event_;
  bool registered_ = false;
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

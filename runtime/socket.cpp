#include "runtime/socket.h"

#include <utility>

namespace bulkhead::runtime {

Socket::~Socket() { unregister(); }

platform::UniqueFd Socket::release() {
  unregister();
  return std::move(fd_);
}

void Socket::unregister() {
  if (!registered_) return;
  event_del(&event_);
  registered_ = false;
}

bool Socket::consume_edge(Direction direction) { return std::exchange(side(direction).edge, false); }

void Socket::listen(Direction direction, Listener* listener) {
  side(direction).listener = listener;
  if (registered_) return;
  event_assign(&event_, Loop::current().base(), fd_.get(), EV_READ | EV_WRITE | EV_ET | EV_PERSIST, &Socket::ready,
               this);
  event_add(&event_, nullptr);
  registered_ = true;
}

void Socket::forget(Direction direction) { side(direction).listener = nullptr; }

// Both directions may have fired, and whoever is woken first may end the socket's life. So at most one listener runs a
// call, as the last thing done; the other is left to an activation of its own, which the destructor takes back.
void Socket::ready(evutil_socket_t, short what, void* self) {
  auto& socket = *static_cast<Socket*>(self);
  Loop::current().refresh_now();
  if ((what & EV_READ) != 0) socket.read_.edge = true;
  if ((what & EV_WRITE) != 0) socket.write_.edge = true;
  const bool wake_reader = (what & EV_READ) != 0 && socket.read_.listener != nullptr;
  const bool wake_writer = (what & EV_WRITE) != 0 && socket.write_.listener != nullptr;
  if (wake_reader && wake_writer) event_active(&socket.event_, EV_WRITE, 1);
  if (wake_reader) {
    deliver(socket.read_);
  } else if (wake_writer) {
    deliver(socket.write_);
  }
}

void Socket::deliver(Side& side) {
  Listener* listener = std::exchange(side.listener, nullptr);
  side.edge = false;
  if (!listener->on_ready()) side.listener = listener;
}

}  // namespace bulkhead::runtime

#include "runtime/socket.h"

#include <utility>

namespace bulkhead::runtime {

Socket::~Socket() {
  unregister();
}

platform::UniqueFd Socket::release() {
  unregister();
  return std::move(fd_);
}

void Socket::unregister() {
  if (interest_ == 0) return;
  event_del(&event_);
  interest_ = 0;
  drained_ = false;
}

bool Socket::consume_edge(Direction direction) {
  return std::exchange(side(direction).edge, false);
}

void Socket::listen(Direction direction, Listener* listener) {
  side(direction).listener = listener;
  const short wanted = direction == Direction::read ? EV_READ | EV_CLOSED : EV_WRITE;
  if ((interest_ & wanted) == 0) watch(static_cast<short>(interest_ | wanted));
}

// Registering anew reports again whatever is ready, so no edge is lost by it.
void Socket::watch(short interest) {
  unregister();
  const short flags = static_cast<short>(interest | EV_ET | EV_PERSIST);
  event_assign(&event_, Loop::current().base(), fd_.get(), flags, &Socket::ready, this);
  event_add(&event_, nullptr);
  interest_ = interest;
}

void Socket::forget(Direction direction) {
  side(direction).listener = nullptr;
}

// Both directions may have fired, and whoever is woken first may end the socket's life. So at most
// one listener runs a call, as the last thing done; the other is left to an activation of its own,
// which the destructor takes back.
void Socket::ready(evutil_socket_t, short what, void* self) {
  auto& socket = *static_cast<Socket*>(self);
  Loop::current().refresh_now();
  const bool readable = (what & (EV_READ | EV_CLOSED)) != 0;
  const bool writable = (what & EV_WRITE) != 0;
  if ((what & EV_CLOSED) != 0) socket.end_follows_ = true;
  if (readable) socket.read_.edge = true;
  if (readable) socket.drained_ = false;
  if (writable) socket.write_.edge = true;
  const bool wake_reader = readable && socket.read_.listener != nullptr;
  const bool wake_writer = writable && socket.write_.listener != nullptr;
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

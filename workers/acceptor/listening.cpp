#include "workers/acceptor/listening.h"

#include <cerrno>
#include <climits>
#include <new>
#include <sys/resource.h>
#include <unistd.h>

#include "ipc/page/flight_recorder.h"
#include "platform/descriptor.h"
#include "platform/socket.h"
#include "runtime/log.h"
#include "runtime/timer.h"
#include "workers/acceptor/session/session.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

constexpr int max_accepts_a_round = 64;  // then the other listeners and connections have their turn
constexpr runtime::Duration pause_time = 50ms;

// Descriptor numbers from here on are kept for what connections need to go on: sockets to
// upstreams, pipes.
int descriptor_ceiling() {
  static const int ceiling = [] {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return INT_MAX;
    const auto open = static_cast<int>(limit.rlim_cur);
    return open - open / 3;
  }();
  return ceiling;
}

}  // namespace

Listening::Listening(Acceptor& acceptor, proto::Listener listener, platform::UniqueFd socket)
    : acceptor_(acceptor), listener_(std::move(listener)), socket_(std::move(socket)) {}

void Listening::start(const std::shared_ptr<Listening>& self) {
  runtime::spawn(accept_all(self), &self->scope_);
}

void Listening::stop() {
  while (accept_one()) continue;
  scope_.cancel();
}

// Accepted connections inherit them, so that none costs a system call. Neither is worth failing
// for.
void Listening::set_options(const config::Keepalive& keepalive) {
  constexpr int probes = 3;
  const int socket = socket_.fd();
  static_cast<void>(platform::set_no_delay(socket, true));
  const auto interval =
      std::chrono::ceil<std::chrono::seconds>(runtime::Duration(keepalive.interval));
  static_cast<void>(keepalive.enabled ? platform::set_keepalive(socket, interval, interval, probes)
                                      : platform::clear_keepalive(socket));
}

runtime::Task<void> Listening::accept_all(std::shared_ptr<Listening> self) {
  while (!self->scope_.cancelled()) {
    int taken = 0;
    while (taken < max_accepts_a_round && self->accept_one()) ++taken;
    if (self->pause_ || taken == max_accepts_a_round) {
      const runtime::Duration time = self->pause_ ? pause_time : runtime::Duration(0);
      self->pause_ = false;
      co_await runtime::sleep_for(time);
      continue;
    }
    co_await runtime::ready(self->socket_, runtime::Direction::read);
  }
}

bool Listening::accept_one() {
  auto accepted = platform::accept_tcp(socket_.fd());
  if (accepted && accepted->socket.get() >= descriptor_ceiling()) {
    // The newest is turned away while there is still room for what the others need to go on.
    ipc::note(ipc::Happening::turned_away, 0, listener_.id, EMFILE);
    turn_away({proto::Refusal::overloaded, "descriptors are running out"});
    return true;
  }
  if (accepted) {
    serve(std::move(accepted->socket), accepted->peer);
    return true;
  }
  const int error = accepted.error().code.value();
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    ipc::note(ipc::Happening::turned_away, 0, listener_.id, static_cast<std::uint64_t>(error));
    warn_exhausted(accepted.error().to_string());
    // Idle upstream connections are the first to go.
    acceptor_.pool.clear();
    return turn_away_newest();
  }
  // Whatever the connection brought with it (ECONNABORTED, network errors) concerns it alone.
  return error != EBADF && error != EINVAL && error != ENOTSOCK;
}

// With no descriptor left, a connection would stay in the queue and wake us again and again. The
// spare one lets it be taken and closed.
bool Listening::turn_away_newest() {
  acceptor_.spare.reset();
  auto newest = platform::accept_tcp(socket_.fd());
  const bool taken = newest.has_value();
  if (taken) {
    newest->socket.reset();
    acceptor_.counters.page().accepted.add(1);
    acceptor_.counters.count_turned_away(proto::Refusal::overloaded);
  }
  acceptor_.spare = platform::duplicate(STDERR_FILENO);
  pause_ = !taken;
  return taken;
}

std::optional<Failure> Listening::admit(ClientPlace& place, const wire::IpAddress& peer) {
  if (acceptor_.memory.is_over(acceptor_.limits.terms().max_memory))
    return Failure{proto::Refusal::overloaded, "memory is running out"};
  // Whoever speaks for others is looked at when it has said for whom.
  if (!listener_.proxy_protocol) {
    if (auto refused = place.enter_address(peer)) return refused;
  }
  return place.enter();
}

void Listening::serve(platform::UniqueFd socket, wire::Endpoint peer) {
  ClientPlace place(acceptor_.limits);
  std::optional<Failure> refused = admit(place, peer.address);
  if (refused && refused->reason == proto::Refusal::connection_rate_ip)
    acceptor_.abuse.connection_refused(place.address(), peer.address);
  const bool silently =
      refused && (refused->reason == proto::Refusal::banned ||
                  refused->reason == proto::Refusal::overloaded || acceptor_.refused.full());
  if (silently) return turn_away(*refused);
  try {
    start_session(acceptor_, listener_, std::move(socket), peer, std::move(place),
                  std::move(refused));
  } catch (const std::bad_alloc&) {
    turn_away({proto::Refusal::overloaded, "out of memory"});
    pause_ = true;
  }
}

void Listening::turn_away(const Failure& failure) {
  acceptor_.counters.page().accepted.add(1);
  acceptor_.counters.count_turned_away(failure.reason);
  if (failure.reason == proto::Refusal::overloaded) warn_exhausted(failure.detail);
}

// Once a minute: it happens thousands of times a second, and the log is not to make it worse.
void Listening::warn_exhausted(const std::string& what) {
  const auto now = runtime::Clock::now();
  if (now < next_warning_) return;
  next_warning_ = now + 1min;
  runtime::log::warn("connections are turned away",
                     {{"listener", listener_.name.value}, {"reason", what}});
}

}  // namespace bulkhead::acceptor

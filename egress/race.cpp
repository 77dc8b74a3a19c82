#include "egress/race.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "egress/connect_error.h"
#include "platform/socket.h"
#include "runtime/loop.h"
#include "runtime/socket.h"

namespace bulkhead::egress {
namespace {

Failure timed_out(const wire::Endpoint& peer) {
  return {proto::Refusal::connect_timeout, "no answer in time (" + peer.to_string() + ")"};
}

}  // namespace

std::vector<wire::Endpoint> interleave(const std::vector<wire::Endpoint>& peers) {
  std::vector<wire::Endpoint> first, second, out;
  for (const wire::Endpoint& peer : peers) {
    (peer.address.is_v4() == peers.front().address.is_v4() ? first : second).push_back(peer);
  }
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

runtime::Task<tl::expected<RaceWinner, Failure>> Race::run(std::vector<wire::Endpoint> peers,
                                                           runtime::Deadline deadline) {
  using Wait = runtime::Event::Result;
  for (std::size_t next = 0; next < peers.size() && !winner_ && !scope_.cancelled(); ++next) {
    changed_.reset();
    runtime::spawn(attempt(peers[next], deadline), &scope_);
    if (next + 1 == peers.size()) break;
    const auto patience =
        std::min<runtime::Deadline>(deadline, runtime::Clock::now() + attempt_delay);
    const Wait wait = co_await changed_.wait(patience);
    if (wait == Wait::timed_out && patience == deadline) break;
    // The attempt before may have seen the deadline first; one that begins now would come too late.
    if (runtime::Clock::now() >= deadline) break;
  }
  const bool in_time = co_await wait_for_last(deadline);
  const bool wanted = !scope_.cancelled();
  runtime::CancelScope uncancelled;
  runtime::Task<void> last = call_off();
  co_await std::move(last).under(uncancelled);
  if (!wanted) co_return cancelled();
  if (winner_) co_return std::move(*winner_);
  if (failure_) co_return tl::unexpected(std::move(*failure_));
  co_return failed(in_time ? proto::Refusal::internal_error : proto::Refusal::connect_timeout,
                   "no address answered");
}

// Until somebody has won, or nobody is left. False when the deadline or a cancellation came first.
runtime::Task<bool> Race::wait_for_last(runtime::Deadline deadline) {
  while (!winner_ && attempts_.count() > 0) {
    changed_.reset();
    const auto wait = co_await changed_.wait(deadline);
    if (wait != runtime::Event::Result::set) co_return false;
  }
  co_return true;
}

// The attempts look at this object when they wake, so it stays until they have.
runtime::Task<void> Race::call_off() {
  scope_.cancel();
  co_await attempts_.empty();
}

runtime::Task<void> Race::attempt(wire::Endpoint peer, runtime::Deadline deadline) {
  const runtime::Gate::Pass pass = attempts_.enter();
  Outcome outcome = co_await connect(peer, deadline);
  if (outcome && !winner_) {
    winner_ = std::move(*outcome);
  } else if (!outcome && !scope_.cancelled()) {
    failure_ = failure_ ? more_telling(*failure_, outcome.error()) : outcome.error();
  }
  changed_.set();
}

runtime::Task<Race::Outcome> Race::connect(wire::Endpoint peer, runtime::Deadline deadline) {
  using runtime::IoStatus;
  auto created = platform::create_tcp(peer.address);
  if (!created) co_return tl::unexpected(connect_failure(created.error(), peer.to_string()));
  // Not worth failing a connection for.
  static_cast<void>(platform::set_no_delay(created->get(), true));
  const auto start = platform::start_connect(created->get(), peer);
  if (!start) co_return tl::unexpected(connect_failure(start.error(), peer.to_string()));
  runtime::Socket socket(std::move(*created));
  // A peer on the same machine has answered by now; asking costs less than a round of the loop.
  bool connected = *start == platform::ConnectStart::connected ||
                   platform::peer_endpoint(socket.fd()).has_value();
  while (!connected) {
    const IoStatus status = co_await runtime::ready(socket, runtime::Direction::write, deadline);
    if (status == IoStatus::cancelled) co_return cancelled();
    if (status != IoStatus::ok) co_return tl::unexpected(timed_out(peer));
    if (const auto error = platform::socket_error(socket.fd())) {
      co_return tl::unexpected(connect_failure({"connect", error}, peer.to_string()));
    }
    // Readiness may be stale; a connected socket has a peer.
    connected = platform::peer_endpoint(socket.fd()).has_value();
  }
  co_return finish(socket.release(), peer);
}

Race::Outcome Race::finish(platform::UniqueFd socket, const wire::Endpoint& peer) const {
  const auto local = platform::local_endpoint(socket.get());
  if (!local) return tl::unexpected(connect_failure(local.error(), peer.to_string()));
  // TCP's simultaneous open lets a socket connect to itself when it picks the very port it asks
  // for.
  if (*local == peer) {
    const auto refused = platform::make_error("connect", ECONNREFUSED);
    return tl::unexpected(connect_failure(refused, peer.to_string()));
  }
  return RaceWinner{std::move(socket), *local, peer};
}

}  // namespace bulkhead::egress

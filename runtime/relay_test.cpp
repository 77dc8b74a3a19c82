#include "runtime/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "runtime/gate.h"
#include "runtime/timer.h"

namespace bulkhead::runtime {
namespace {

using namespace std::chrono_literals;

// client <-> front [relay] back <-> origin
struct Fixture {
  Fixture() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    client = std::make_unique<SocketStream>(platform::UniqueFd(fds[0]));
    front = std::make_unique<SocketStream>(platform::UniqueFd(fds[1]));
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    back = std::make_unique<SocketStream>(platform::UniqueFd(fds[0]));
    origin = std::make_unique<SocketStream>(platform::UniqueFd(fds[1]));
  }

  // Starts a part of the test; run() goes on until all parts have ended.
  void start(Task<void> part, CancelScope* scope = nullptr) { spawn(hold(gate.enter(), std::move(part)), scope); }
  void run() {
    spawn(stop_when_empty(*this));
    loop.run();
  }
  static Task<void> hold(Gate::Pass, Task<void> part) { co_await std::move(part); }
  static Task<void> stop_when_empty(Fixture& self) {
    co_await self.gate.empty();
    self.loop.stop();
  }

  Loop loop;
  Gate gate;
  std::unique_ptr<SocketStream> client, front, back, origin;
  RelayCounters counters;
  RelayEnd end = RelayEnd::cancelled;
};

Task<void> run_relay(Fixture& f, RelayOptions options) {
  f.end = co_await relay(*f.front, *f.back, options, f.counters);
  f.front.reset();
  f.back.reset();
}

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761u) >> 13);
  return bytes;
}

Task<void> send_and_close(Stream& stream, std::vector<std::byte> bytes) {
  co_await write_all(stream, bytes, never);
  stream.shutdown_write();
}
Task<void> receive(Stream& stream, std::vector<std::byte>& out) {
  std::vector<std::byte> buffer(30'000);
  while (true) {
    const IoResult got = co_await read(stream, buffer, never);
    if (!got.ok()) co_return;
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
  }
}

TEST(Relay, CarriesBothDirectionsAndTheirEnds) {
  Fixture f;
  const auto up = pattern(2'500'000), down = pattern(1'700'000);
  std::vector<std::byte> at_origin, at_client;
  f.start(run_relay(f, {}));
  f.start(send_and_close(*f.client, up));
  f.start(send_and_close(*f.origin, down));
  f.start(receive(*f.client, at_client));
  f.start(receive(*f.origin, at_origin));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::closed);
  EXPECT_EQ(at_origin, up);
  EXPECT_EQ(at_client, down);
  EXPECT_EQ(f.counters.up, up.size());
  EXPECT_EQ(f.counters.down, down.size());
}

// The origin answers only after it has seen the end of the request: a relay without half-close never ends.
Task<void> answer_after_end(Stream& stream, std::vector<std::byte> answer) {
  std::vector<std::byte> request;
  co_await receive(stream, request);
  co_await send_and_close(stream, std::move(answer));
}

TEST(Relay, PassesAHalfCloseOn) {
  Fixture f;
  std::vector<std::byte> at_client;
  f.start(run_relay(f, {}));
  f.start(answer_after_end(*f.origin, pattern(100'000)));
  f.start(send_and_close(*f.client, pattern(10)));
  f.start(receive(*f.client, at_client));
  f.run();
  EXPECT_EQ(at_client, pattern(100'000));
}

TEST(Relay, EndsWhenBothSidesAreSilent) {
  Fixture f;
  f.start(run_relay(f, {.idle = 5ms, .write = 1s}));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::idle);
}

Task<void> trickle(Fixture& f) {
  for (int i = 0; i < 12; ++i) {
    co_await sleep_for(10ms);
    f.origin->try_write(std::as_bytes(std::span("x", 1)));
  }
  f.origin->shutdown_write();
  f.client->shutdown_write();
}

TEST(Relay, OneBusyDirectionKeepsTheOtherAlive) {
  Fixture f;
  f.start(run_relay(f, {.idle = 40ms, .write = 1s}));
  f.start(trickle(f));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::closed);
  EXPECT_EQ(f.counters.down, 12u);
}

TEST(Relay, EndsWhenAReceiverTakesNothing) {
  Fixture f;
  f.start(run_relay(f, {.idle = 10s, .write = 5ms}));
  f.start(send_and_close(*f.origin, pattern(4'000'000)));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::write_timed_out);
}

TEST(Relay, EndsWhenCancelled) {
  Fixture f;
  CancelScope scope;
  f.start(run_relay(f, {}), &scope);
  f.loop.post([&] { scope.cancel(); });
  f.run();
  EXPECT_EQ(f.end, RelayEnd::cancelled);
}

TEST(Relay, SaysWhichSideFailed) {
  Fixture f;
  f.start(run_relay(f, {}));
  f.loop.post([&] {
    f.origin.reset();
    f.client->try_write(std::as_bytes(std::span("x", 1)));
  });
  f.run();
  EXPECT_EQ(f.end, RelayEnd::upstream_failed);
}

Task<void> run_echo(Fixture& f) { f.end = co_await echo(*f.front, {}, f.counters); }

TEST(Echo, SendsBackWhatItGets) {
  Fixture f;
  const auto sent = pattern(300'000);
  std::vector<std::byte> got;
  f.start(run_echo(f));
  f.start(send_and_close(*f.client, sent));
  f.start(receive(*f.client, got));
  f.run();
  EXPECT_EQ(got, sent);
  EXPECT_EQ(f.end, RelayEnd::closed);
}

}  // namespace
}  // namespace bulkhead::runtime

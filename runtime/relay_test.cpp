// The relay between two streams, each test in all its ways: see relay_fixture_test.h.
#include "runtime/relay.h"

#include <array>

#include "runtime/pipe_pool.h"
#include "runtime/relay_fixture_test.h"

namespace bulkhead::runtime {
namespace {

INSTANTIATE_TEST_SUITE_P(Ways, Relay, relay_ways, name_of);

TEST_P(Relay, CarriesBothDirectionsAndTheirEnds) {
  Fixture f;
  const auto up = pattern(2'500'000), down = pattern(1'700'000);
  std::vector<std::byte> at_origin, at_client;
  f.start(run_relay(f, options()));
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

// The origin answers only after it has seen the end of the request: a relay without half-close
// never ends.
Task<void> answer_after_end(Stream& stream, std::vector<std::byte> answer) {
  std::vector<std::byte> request;
  co_await receive(stream, request);
  co_await send_and_close(stream, std::move(answer));
}

TEST_P(Relay, PassesAHalfCloseOn) {
  Fixture f;
  std::vector<std::byte> at_client;
  f.start(run_relay(f, options()));
  f.start(answer_after_end(*f.origin, pattern(100'000)));
  f.start(send_and_close(*f.client, pattern(10)));
  f.start(receive(*f.client, at_client));
  f.run();
  EXPECT_EQ(at_client, pattern(100'000));
}

TEST_P(Relay, EndsWhenBothSidesAreSilent) {
  Fixture f;
  f.start(run_relay(f, options(5ms, 1s)));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::idle);
}

Task<void> trickle(Fixture& f) {
  for (int i = 0; i < 8; ++i) {
    co_await sleep_for(75ms);
    f.origin->try_write(std::as_bytes(std::span("x", 1)));
  }
  f.origin->shutdown_write();
  f.client->shutdown_write();
}

bool is_probed(int socket) {
  int on = 0;
  socklen_t length = sizeof(on);
  EXPECT_EQ(getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, &length), 0);
  return on != 0;
}

TEST_P(Relay, HasTheUpstreamProbedOnceItHasLivedAWhile) {
  Fixture f;
  const platform::UniqueFd same_socket(dup(f.back->socket().fd()));
  Options standing = options(1100ms);
  standing.keepalive = 1s;
  f.start(run_relay(f, standing));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::idle);
  EXPECT_TRUE(is_probed(same_socket.get()));
}

TEST_P(Relay, OneBusyDirectionKeepsTheOtherAlive) {
  Fixture f;
  f.start(run_relay(f, options(400ms, 1s)));  // less than the trickle takes, much more than a pause
  f.start(trickle(f));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::closed);
  EXPECT_EQ(f.counters.down, 8u);
}

TEST_P(Relay, EndsWhenAReceiverTakesNothing) {
  Fixture f;
  f.start(run_relay(f, options(10s, 20ms)));
  f.start(send_and_close(*f.origin, pattern(40'000'000)));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::write_timed_out);
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

TEST_P(Relay, EndsWhenCancelled) {
  Fixture f;
  CancelScope scope;
  f.start(run_relay(f, options()), &scope);
  f.loop.post([&] { scope.cancel(); });
  f.run();
  EXPECT_EQ(f.end, RelayEnd::cancelled);
}

TEST_P(Relay, SaysWhichSideFailed) {
  Fixture f;
  f.start(run_relay(f, options()));
  f.loop.post([&] {
    reset(f.origin);
    f.client->try_write(std::as_bytes(std::span("x", 1)));
  });
  f.run();
  EXPECT_EQ(f.end, RelayEnd::upstream_failed);
}

// The receiver takes nothing while more is sent than the sockets hold; then it reads on, and all of
// it comes.
Task<void> receive_late(Fixture& f, std::vector<std::byte>& out) {
  std::uint64_t before = 0;
  do {
    before = f.counters.down;
    co_await sleep_for(30ms);
  } while (f.counters.down == 0 || f.counters.down != before);
  f.held_back = before;
  co_await receive(*f.client, out);
}

TEST_P(Relay, ReadsNoFasterThanTheReceiver) {
  Fixture f;
  const auto sent = pattern(40'000'000);
  std::vector<std::byte> at_client;
  f.start(run_relay(f, options()));
  f.start(send_and_close(*f.origin, sent));
  f.start(receive_late(f, at_client));
  f.client->shutdown_write();
  f.run();
  EXPECT_LT(f.held_back, sent.size() / 2);
  EXPECT_TRUE(at_client == sent);
  EXPECT_EQ(f.counters.down, sent.size());
  EXPECT_EQ(f.end, RelayEnd::closed);
}

// Bulk, then messages one at a time, then bulk: an adaptive relay changes its way at each turn.
Task<void> send_in_turns(Stream& stream, const std::vector<std::byte>& bytes) {
  const std::span<const std::byte> all(bytes);
  const std::size_t bulk = 3'000'000;
  co_await write_all(stream, all.first(bulk), never);
  std::size_t at = bulk;
  for (int i = 0; i < 100; ++i, at += 700) {
    co_await sleep_for(1ms);
    co_await write_all(stream, all.subspan(at, 700), never);
  }
  co_await write_all(stream, all.subspan(at), never);
  stream.shutdown_write();
}

TEST_P(Relay, KeepsEveryByteInPlaceWhenTheTrafficChanges) {
  Fixture f;
  const auto up = pattern(8'000'000), down = pattern(7'500'000);
  std::vector<std::byte> at_origin, at_client;
  f.start(run_relay(f, options()));
  f.start(send_in_turns(*f.client, up));
  f.start(send_in_turns(*f.origin, down));
  f.start(receive(*f.client, at_client));
  f.start(receive(*f.origin, at_origin));
  f.run();
  EXPECT_TRUE(at_origin == up);
  EXPECT_TRUE(at_client == down);
  EXPECT_EQ(f.counters.up, up.size());
  EXPECT_EQ(f.counters.down, down.size());
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

// A fast peer on a fast network: there is always more, and it always takes all.
class Endless final : public Stream {
 public:
  Endless(Stream& inner, std::size_t reads) : inner_(inner), reads_(reads) {}
  IoResult try_read(std::span<std::byte> buffer) override {
    if (reads_ == 0) return {IoStatus::eof, 0};
    --reads_;
    return {IoStatus::ok, buffer.size()};
  }
  IoResult try_write(std::span<const std::byte> bytes) override {
    return {IoStatus::ok, bytes.size()};
  }
  void shutdown_write() override {}
  Socket& socket() override { return inner_.socket(); }

 private:
  Stream& inner_;
  std::size_t reads_;
};

Task<void> relay_endless(Fixture& f) {
  Endless front(*f.front, 0), back(*f.back, 10'000);
  f.end = co_await relay(front, back, {60s, 30s}, f.counters);
}

Task<void> count_rounds(Fixture& f, int& rounds) {
  for (; f.end != RelayEnd::closed; ++rounds) co_await sleep_for(0ms);
}

TEST(OpaqueRelay, LeavesOthersTheirTurn) {
  Fixture f;
  int rounds = 0;
  f.start(relay_endless(f));
  f.start(count_rounds(f, rounds));
  f.run();
  EXPECT_EQ(f.counters.down, 10'000u * 64 * 1024);
  EXPECT_GT(rounds, 100);
}

Task<void> read_some_then_reset(std::unique_ptr<SocketStream>& stream) {
  std::vector<std::byte> buffer(30'000);
  for (int i = 0; i < 20; ++i) co_await read(*stream, buffer, never);
  reset(stream);
}

TEST_P(Relay, EndsWhenTheReceiverOfBulkResets) {
  Fixture f;
  f.start(run_relay(f, options()));
  f.start(send_and_close(*f.origin, pattern(40'000'000)));
  f.start(read_some_then_reset(f.client));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::client_failed);
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

Task<void> send_then_reset(std::unique_ptr<SocketStream>& stream) {
  const auto bytes = pattern(1'000'000);
  co_await write_all(*stream, bytes, never);
  reset(stream);
}

TEST_P(Relay, EndsWhenTheSenderOfBulkResets) {
  Fixture f;
  std::vector<std::byte> at_client;
  f.start(run_relay(f, options()));
  f.start(send_then_reset(f.origin));
  f.start(receive(*f.client, at_client));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::upstream_failed);
}

// The bytes and the reset are both there before the relay looks: a relay that takes a short read
// for the whole story must still find the reset soon.
TEST_P(Relay, NoticesAResetThatABurstHid) {
  Fixture f;
  f.start(run_relay(f, options()));
  f.loop.post([&] {
    f.client->try_write(std::as_bytes(std::span("hello", 5)));
    reset(f.client);
  });
  const auto began = Clock::now();
  f.run();
  EXPECT_EQ(f.end, RelayEnd::client_failed);
  EXPECT_LT(Clock::now() - began, 5s);
}

Task<void> cancel_when_blocked(Fixture& f, CancelScope& scope) {
  std::uint64_t before = 0;
  do {
    before = f.counters.down;
    co_await sleep_for(20ms);
  } while (f.counters.down == 0 || f.counters.down != before);
  scope.cancel();
}

TEST_P(Relay, EndsWhenCancelledWithBytesOnTheWay) {
  Fixture f;
  CancelScope scope;
  f.start(run_relay(f, options()), &scope);
  f.start(send_and_close(*f.origin, pattern(40'000'000)));
  f.start(cancel_when_blocked(f, scope));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::cancelled);
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

TEST_P(Relay, HoldsNoPipeWhileIdle) {
  Fixture f;
  f.start(run_relay(f, options(400ms)));
  f.client->try_write(pattern(50'000));
  std::size_t lent = 99;
  f.start([](std::size_t& out) -> Task<void> {
    co_await sleep_for(50ms);
    out = PipePool::current().lent();
  }(lent));
  f.run();
  EXPECT_EQ(lent, 0u);
  EXPECT_EQ(f.counters.up, 50'000u);
  EXPECT_EQ(f.end, RelayEnd::idle);
}

TEST_P(Relay, CopiesWhenThereIsNoPipe) {
  std::vector<PipePool::Loan> taken;
  while (auto loan = PipePool::current().borrow()) taken.push_back(std::move(*loan));
  Fixture f;
  const auto sent = pattern(2'000'000);
  std::vector<std::byte> at_origin;
  f.start(run_relay(f, options()));
  f.start(send_and_close(*f.client, sent));
  f.start(receive(*f.origin, at_origin));
  f.origin->shutdown_write();
  f.run();
  EXPECT_TRUE(at_origin == sent);
  EXPECT_EQ(f.end, RelayEnd::closed);
}

Task<void> run_echo(Fixture& f) {
  f.end = co_await echo(*f.front, {}, f.counters);
}

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

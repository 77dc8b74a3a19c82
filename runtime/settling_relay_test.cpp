// A relay that ends as settled, and another one that goes on with its flows.
#include "runtime/event.h"
#include "runtime/pipe_pool.h"
#include "runtime/raw_relay.h"
#include "runtime/relay_fixture_test.h"

namespace bulkhead::runtime {
namespace {

// Goes on with the flows of a relay that has settled, as it would be done without a coroutine.
class Successor final : public RawRelay {
 public:
  explicit Successor(RawRelay& first)
      : RawRelay(std::move(first.up()), std::move(first.down()), {}) {}
  void ended() override { over.set(); }
  Event over;
};

Task<void> settle_and_go_on(Fixture& f, RelayOptions options, CancelScope& all) {
  options.settle_after = 5ms;
  options.settle_scope = &all;
  AwaitedRelay first(*f.front, *f.back, options, f.counters);
  f.end = co_await first;
  EXPECT_EQ(f.end, RelayEnd::settled);
  Successor second(first);
  if (second.start(nullptr)) co_await second.over.wait();
  f.end = second.end();
  f.front.reset();
  f.back.reset();
}

class Settling : public testing::TestWithParam<RelayMode> {};
INSTANTIATE_TEST_SUITE_P(Modes, Settling,
                         testing::Values(RelayMode::adaptive, RelayMode::copy, RelayMode::splice));

TEST_P(Settling, ARelayGoesOnWithWhatItHeld) {
  Fixture f;
  CancelScope all;
  const auto up = pattern(9'000'000), down = pattern(20'000'000);
  std::vector<std::byte> at_origin, at_client;
  f.start(settle_and_go_on(f, {.mode = GetParam()}, all));
  f.start(send_and_close(*f.client, up));
  f.start(send_and_close(*f.origin, down));
  f.start(receive(*f.client, at_client));
  f.start(receive(*f.origin, at_origin));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::closed);
  EXPECT_TRUE(at_origin == up);
  EXPECT_TRUE(at_client == down);
  EXPECT_EQ(f.counters.up, up.size());
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

TEST(SettlingAtOnce, EndsEveryRelayOfTheScope) {
  Fixture f;
  CancelScope all;
  RelayOptions options;
  options.settle_after = 1h;
  options.settle_scope = &all;
  f.start([](Fixture& each, RelayOptions with) -> Task<void> {
    AwaitedRelay relay(*each.front, *each.back, with, each.counters);
    each.end = co_await relay;
  }(f, options));
  f.loop.post([&] { all.cancel(); });
  f.run();
  EXPECT_EQ(f.end, RelayEnd::settled);
}

}  // namespace
}  // namespace bulkhead::runtime

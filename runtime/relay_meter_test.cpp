// A relay whose bytes are rationed, in all its ways.
#include "runtime/pipe_pool.h"
#include "runtime/relay_fixture_test.h"

namespace bulkhead::runtime {
namespace {

class MeteredRelay : public Relay {};
INSTANTIATE_TEST_SUITE_P(Ways, MeteredRelay, relay_ways, name_of);

// Allows so many bytes a period, and notes what it was told.
class Ration final : public Meter {
 public:
  static constexpr std::size_t bytes = 40'000;
  static constexpr Duration period = 10ms;

  std::size_t allowance() override {
    const Deadline now = Clock::now();
    if (now >= next_) {
      left_ = bytes;
      next_ = now + period;
      ++periods;
    }
    return left_;
  }
  Deadline resume_at() const override { return next_; }
  void took(std::size_t count) override {
    EXPECT_LE(count, left_);
    left_ -= count;
    taken += count;
  }
  void passed(std::size_t count) override { given += count; }

  std::size_t periods = 0, taken = 0, given = 0;

 private:
  std::size_t left_ = 0;
  Deadline next_;
};

TEST_P(MeteredRelay, TakesNoMoreThanItsMeterAllows) {
  Fixture f;
  Ration ration;
  const auto up = pattern(1'000'000), down = pattern(3'000'000);
  std::vector<std::byte> at_origin, at_client;
  Options limited = options(5ms);
  limited.up = &ration;
  f.start(run_relay(f, limited));
  f.start(send_and_close(*f.client, up));
  f.start(send_and_close(*f.origin, down));
  f.start(receive(*f.client, at_client));
  f.start(receive(*f.origin, at_origin));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::closed);
  EXPECT_TRUE(at_origin == up);
  EXPECT_TRUE(at_client == down);
  EXPECT_EQ(ration.taken, up.size());
  EXPECT_EQ(ration.given, up.size());
  EXPECT_GE(ration.periods, up.size() / Ration::bytes);
  EXPECT_EQ(PipePool::current().lent(), 0u);
}

TEST_P(MeteredRelay, EndsWhenCancelledWhileHeldBack) {
  struct Nothing final : Meter {
    std::size_t allowance() override { return 0; }
    Deadline resume_at() const override { return Clock::now() + 1h; }
  } nothing;
  Fixture f;
  CancelScope scope;
  Options limited = options();
  limited.down = &nothing;
  f.start(run_relay(f, limited), &scope);
  f.start(send_and_close(*f.origin, pattern(100'000)));
  f.start([](CancelScope& cancelled) -> Task<void> {
    co_await sleep_for(20ms);
    cancelled.cancel();
  }(scope));
  f.run();
  EXPECT_EQ(f.end, RelayEnd::cancelled);
  EXPECT_EQ(f.counters.down, 0u);
}

}  // namespace
}  // namespace bulkhead::runtime

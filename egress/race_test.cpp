#include "egress/race.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "egress/testing.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using testing::ip;
using Outcome = tl::expected<RaceWinner, Failure>;

// Answers no SYN: its queue of connections is full.
struct BlackHole {
  BlackHole() : listener("127.0.0.1", 0) {
    for (int i = 0; i < 8; ++i) {
      fillers.push_back(std::move(*platform::create_tcp(listener.endpoint.address)));
      static_cast<void>(platform::start_connect(fillers.back().get(), listener.endpoint));
      pollfd waiting{fillers.back().get(), POLLOUT, 0};
      if (::poll(&waiting, 1, 20) == 0) return;
    }
    ADD_FAILURE() << "the queue never filled";
  }
  testing::TestListener listener;
  std::vector<platform::UniqueFd> fillers;
};

runtime::Task<Outcome> race(std::vector<wire::Endpoint> peers, runtime::Deadline deadline) {
  runtime::CancelScope* scope = co_await runtime::current_scope();
  Race racing(scope);
  Outcome outcome = co_await racing.run(std::move(peers), deadline);
  co_return outcome;
}

class RaceTest : public ::testing::Test {
 protected:
  Outcome run(std::vector<wire::Endpoint> peers, runtime::Duration patience = 5s) {
    const auto start = runtime::Clock::now();
    Outcome outcome = testing::run(loop_, race(std::move(peers), loop_.after(patience)));
    took_ = runtime::Clock::now() - start;
    return outcome;
  }
  proto::Refusal refusal(std::vector<wire::Endpoint> peers, runtime::Duration patience = 5s) {
    const Outcome outcome = run(std::move(peers), patience);
    EXPECT_FALSE(outcome);
    return outcome ? proto::Refusal::internal_error : outcome.error().reason;
  }

  runtime::Loop loop_;
  testing::TestListener listener_;
  testing::ClosedPort closed_;
  runtime::Clock::duration took_{0};
};

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(socket, level, name, &value, &length), 0);
  return value;
}

TEST_F(RaceTest, ConnectsAndSetsItsOptions) {
  const Outcome outcome = run({listener_.endpoint});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listener_.endpoint);
  EXPECT_EQ(outcome->local, *platform::local_endpoint(outcome->socket.get()));
  EXPECT_EQ(option(outcome->socket.get(), IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(RaceTest, GoesOnAtOnceAfterARefusal) {
  const Outcome outcome = run({closed_.endpoint, listener_.endpoint});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listener_.endpoint);
  EXPECT_LT(took_, attempt_delay);
}

TEST_F(RaceTest, GoesOnAfterADelayWithoutAnAnswer) {
  const BlackHole hole;
  const Outcome outcome = run({hole.listener.endpoint, listener_.endpoint});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listener_.endpoint);
  EXPECT_GE(took_, attempt_delay - 10ms);
  EXPECT_LT(took_, 2s);
}

TEST_F(RaceTest, ReportsARefusal) {
  EXPECT_EQ(refusal({closed_.endpoint}), proto::Refusal::connection_refused);
  EXPECT_EQ(refusal({closed_.endpoint, closed_.endpoint}), proto::Refusal::connection_refused);
}

TEST_F(RaceTest, ReportsATimeOut) {
  const BlackHole hole;
  EXPECT_EQ(refusal({hole.listener.endpoint}, 50ms), proto::Refusal::connect_timeout);
  EXPECT_EQ(refusal({hole.listener.endpoint, listener_.endpoint}, 50ms),
            proto::Refusal::connect_timeout);
}

TEST_F(RaceTest, ReportsTheMostTellingFailure) {
  const BlackHole hole;
  EXPECT_EQ(refusal({closed_.endpoint, hole.listener.endpoint}, 400ms),
            proto::Refusal::connection_refused);
  EXPECT_EQ(refusal({hole.listener.endpoint, closed_.endpoint}, 400ms),
            proto::Refusal::connection_refused);
}

TEST_F(RaceTest, EndsWhenCancelled) {
  const BlackHole hole;
  runtime::CancelScope scope;
  std::optional<Outcome> outcome;
  runtime::spawn(
      testing::store(race({hole.listener.endpoint, hole.listener.endpoint}, runtime::never),
                     outcome, loop_),
      &scope);
  testing::run_rounds(loop_);
  scope.cancel();
  while (!outcome) loop_.run();
  EXPECT_EQ(outcome->error().reason, proto::Refusal::shutting_down);
}

TEST(Race, TakesFamiliesByTurns) {
  const wire::Endpoint a{ip("192.0.2.1"), 1}, b{ip("192.0.2.2"), 1}, c{ip("192.0.2.3"), 1};
  const wire::Endpoint x{ip("2001:db8::1"), 1};
  EXPECT_EQ(interleave({a, b, c, x}), (std::vector{a, x, b, c}));
  EXPECT_EQ(interleave({x, a, b}), (std::vector{x, a, b}));
  EXPECT_TRUE(interleave({}).empty());
}

}  // namespace
}  // namespace bulkhead::egress

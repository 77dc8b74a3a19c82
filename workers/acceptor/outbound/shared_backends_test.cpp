#include "workers/acceptor/outbound/shared_backends.h"

#include <gtest/gtest.h>

namespace bulkhead::acceptor {
namespace {

class SharedBackendsTest : public ::testing::Test {
 protected:
  SharedBackendsTest() {
    memory_ = *platform::create_shared_memory("test", sizeof(ipc::BackendPage));
    mapping_ = *platform::SharedMapping::map(memory_.get(), sizeof(ipc::BackendPage),
                                             platform::SharedMapping::Access::read_write);
    page().columns = 2;
    EXPECT_TRUE(one_.open_backends(memory_.get(), 0));
    EXPECT_TRUE(other_.open_backends(memory_.get(), 1));
  }
  ipc::BackendPage& page() { return mapping_.as<ipc::BackendPage>(); }

  platform::UniqueFd memory_;
  platform::SharedMapping mapping_;
  SharedBackends one_, other_;
};

TEST_F(SharedBackendsTest, CountsOverAllAcceptorsInColumns) {
  const Place mine = one_.claim(5);
  const Place also = one_.claim(5);
  const Place yours = other_.claim(5);
  EXPECT_EQ(one_.use_of(5).in_use, 3u);
  EXPECT_EQ(page().cells[0][5].in_use, 2u);
  EXPECT_EQ(page().cells[1][5].in_use, 1u);
}

TEST_F(SharedBackendsTest, TheLimitHoldsForAllTogether) {
  auto first = one_.take(5, 2);
  const auto second = other_.take(5, 2);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(one_.take(5, 2));
  EXPECT_FALSE(other_.take(5, 2));
  EXPECT_EQ(one_.use_of(5).in_use, 2u) << "what was refused is not counted";
  first.reset();
  EXPECT_TRUE(other_.take(5, 2));
}

TEST_F(SharedBackendsTest, TellsOfEachPlaceGivenBackOnce) {
  int given_back = 0;
  one_.set_released_handler([&] { ++given_back; });
  {
    Place place = one_.claim(1);
    const Place moved = std::move(place);
    EXPECT_TRUE(moved.is_of(1));
    EXPECT_FALSE(place.is_of(1));
  }
  EXPECT_EQ(given_back, 1);
  const Place full = one_.claim(2);
  EXPECT_FALSE(one_.take(2, 1));
  EXPECT_EQ(given_back, 1) << "a refusal frees nothing";
}

TEST_F(SharedBackendsTest, AnIdleConnectionIsWantedWhenSomebodyWaitsAnywhere) {
  const auto limited = one_.take(5, 1);
  const Place unlimited = one_.claim(6);
  EXPECT_FALSE(limited->is_wanted());
  const SharedBackends::Waiting waiting(other_, 5), elsewhere(other_, 6);
  EXPECT_TRUE(limited->is_wanted());
  EXPECT_FALSE(unlimited.is_wanted());
}

TEST_F(SharedBackendsTest, ABackendWithoutASlotIsNotShared) {
  const auto place = one_.take(config::no_slot, 1);
  EXPECT_TRUE(place);
  EXPECT_TRUE(one_.take(config::no_slot, 1)) << "no limit either";
  EXPECT_EQ(one_.use_of(config::no_slot).in_use, 0u);
  EXPECT_EQ(one_.shared(config::no_slot), nullptr);
}

TEST(SharedBackends, WorksAloneUntilItHasThePages) {
  SharedBackends alone;
  const auto place = alone.take(5, 1);
  EXPECT_TRUE(place);
  EXPECT_FALSE(alone.take(5, 1));
  EXPECT_EQ(alone.health(5), ipc::HealthState::unknown);
  EXPECT_FALSE(alone.open_backends(-1, 0));
  EXPECT_FALSE(alone.open_backends(-1, ipc::max_columns));
}

}  // namespace
}  // namespace bulkhead::acceptor

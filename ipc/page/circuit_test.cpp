#include "ipc/page/circuit.h"

#include <gtest/gtest.h>

namespace bulkhead::ipc {
namespace {

constexpr std::uint64_t start = 1'000'000;

class CircuitTest : public ::testing::Test {
 protected:
  void fail(std::uint64_t now, int times = 1) {
    for (int i = 0; i < times; ++i) tripped_ = note_failure(circuit_, terms_, now, healthy_at_);
  }
  Admission at(std::uint64_t now) const { return admission(circuit_, terms_, now, healthy_at_); }
  bool begin(std::uint64_t now) { return begin_trial(circuit_, terms_, now, healthy_at_); }

  CircuitTerms terms_{true, 3, 1'000, 4'000, 500};
  CircuitWord circuit_{};
  std::uint64_t healthy_at_ = 0;
  bool tripped_ = false;
};

TEST_F(CircuitTest, OpensAfterSoManyFailuresInARow) {
  fail(start, 2);
  EXPECT_EQ(at(start), Admission::yes);
  EXPECT_FALSE(tripped_);
  fail(start);
  EXPECT_TRUE(tripped_);
  EXPECT_EQ(at(start), Admission::no);
  EXPECT_EQ(at(start + 999), Admission::no);
  EXPECT_EQ(at(start + 1'000), Admission::trial);
}

TEST_F(CircuitTest, ASuccessBetweenForgivesTheFailuresBefore) {
  fail(start, 2);
  EXPECT_FALSE(note_success(circuit_)) << "it was not open";
  fail(start, 2);
  EXPECT_EQ(at(start), Admission::yes);
}

TEST_F(CircuitTest, OneTrialAtATimeAndItsSuccessCloses) {
  fail(start, 3);
  EXPECT_FALSE(begin(start + 999)) << "too early";
  EXPECT_TRUE(begin(start + 1'000));
  EXPECT_FALSE(begin(start + 1'000)) << "another acceptor was first";
  EXPECT_EQ(at(start + 1'001), Admission::no);
  EXPECT_TRUE(note_success(circuit_));
  EXPECT_EQ(at(start + 1'002), Admission::yes);
  EXPECT_EQ(circuit_.word.load(), 0u);
}

TEST_F(CircuitTest, RestsTwiceAsLongAfterEachFailedTrialUpToABound) {
  fail(start, 3);
  std::uint64_t now = start;
  for (const std::uint64_t rest : {1'000, 2'000, 4'000, 4'000}) {
    EXPECT_EQ(at(now + rest - 1), Admission::no);
    now += rest;
    EXPECT_TRUE(begin(now));
    fail(now);
    EXPECT_TRUE(tripped_);
  }
}

TEST_F(CircuitTest, ATrialThatNobodyEndsIsGivenUp) {
  fail(start, 3);
  EXPECT_TRUE(begin(start + 1'000));
  EXPECT_EQ(at(start + 1'499), Admission::no);
  EXPECT_TRUE(begin(start + 1'500));
}

TEST_F(CircuitTest, ATrialThatWasCalledOffLetsTheNextBegin) {
  fail(start, 3);
  EXPECT_TRUE(begin(start + 1'000));
  abandon_trial(circuit_, terms_, start + 1'001);
  EXPECT_EQ(at(start + 1'001), Admission::trial);
}

TEST_F(CircuitTest, StragglersOfAnOpenCircuitDoNotProlongIt) {
  fail(start, 3);
  fail(start + 900);
  EXPECT_FALSE(tripped_);
  EXPECT_EQ(at(start + 1'000), Admission::trial);
}

TEST_F(CircuitTest, ACheckThatFindsItHealthyClosesIt) {
  fail(start, 3);
  healthy_at_ = start - 1;
  EXPECT_EQ(at(start), Admission::no) << "that was before it opened";
  healthy_at_ = start + 10;
  EXPECT_EQ(at(start + 11), Admission::yes);
  fail(start + 12);
  EXPECT_EQ(at(start + 12), Admission::yes) << "counting begins anew";
  fail(start + 12, 2);
  EXPECT_TRUE(tripped_);
  EXPECT_EQ(at(start + 12), Admission::no);
}

TEST_F(CircuitTest, SwitchedOffItNeverOpens) {
  terms_.enabled = false;
  fail(start, 100);
  EXPECT_EQ(at(start), Admission::yes);
}

TEST_F(CircuitTest, TheWordHoldsEverything) {
  const Circuit circuit{Circuit::State::half_open, 1'000, 255, (std::uint64_t{1} << 44) - 1};
  EXPECT_EQ(decode_circuit(encode_circuit(circuit)), circuit);
  EXPECT_EQ(decode_circuit(UINT64_MAX), Circuit{}) << "nonsense is closed";
}

}  // namespace
}  // namespace bulkhead::ipc

#include "workers/auth/desk/refusal_pace.h"

#include <gtest/gtest.h>

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

void note(RefusalPace& pace, const std::string& way, runtime::Duration took, int times) {
  for (int each = 0; each < times; ++each) pace.note(way, took);
}

TEST(RefusalPace, IsTheLeastAtFirst) {
  EXPECT_EQ(RefusalPace().pace(0), RefusalPace::least);
}

TEST(RefusalPace, IsThatOfTheSlowestWay) {
  RefusalPace pace;
  note(pace, "native:wrong_password ", 40ms, 100);
  pace.note("native:unknown_user ldap:wrong_password ", 250ms);
  EXPECT_EQ(pace.pace(0), 250ms);
  note(pace, "native:wrong_password ", 40ms, 1000);
  EXPECT_EQ(pace.pace(0), 250ms) << "whoever asks for one way only learns nothing of the other";
}

TEST(RefusalPace, HasARandomBit) {
  RefusalPace pace;
  pace.note("a", 500ms);
  EXPECT_EQ(pace.pace(50), 550ms);
  EXPECT_EQ(pace.pace(51), 500ms);
  EXPECT_LE(pace.pace(0xffffffff), 550ms);
}

TEST(RefusalPace, SingleSlowAnswersWashOut) {
  RefusalPace pace;
  note(pace, "a", 200ms, 2);
  pace.note("a", 2'000ms);
  EXPECT_EQ(pace.pace(0), 2'000ms) << "too little is known";
  note(pace, "a", 200ms, 40);
  EXPECT_EQ(pace.pace(0), 200ms);
  note(pace, "a", 2'000ms, 2);
  EXPECT_EQ(pace.pace(0), 200ms) << "two of 32 are not usual";
  pace.note("a", 2'000ms);
  EXPECT_EQ(pace.pace(0), 2'000ms);
}

TEST(RefusalPace, FollowsWhatBecomesSlowerOrFaster) {
  RefusalPace pace;
  note(pace, "a", 300ms, 50);
  note(pace, "a", 150ms, 50);
  EXPECT_EQ(pace.pace(0), 150ms);
}

TEST(RefusalPace, DoesNotWaitForWhatHangs) {
  RefusalPace pace;
  note(pace, "a", 60'000ms, 50);
  EXPECT_EQ(pace.pace(0), RefusalPace::most);
}

TEST(RefusalPace, IsBounded) {
  RefusalPace pace;
  for (int each = 0; each < 10'000; ++each) pace.note(std::to_string(each), 120ms);
  note(pace, "one more", 400ms, 3);
  EXPECT_EQ(pace.pace(0), 400ms);
}

}  // namespace
}  // namespace bulkhead::auth

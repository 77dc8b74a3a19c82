#include "ipc/page/recorder_page.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>

#include "ipc/page/flight_recorder.h"
#include "platform/shared_memory.h"
#include "proto/refusal.h"

namespace bulkhead::ipc {
namespace {

using Access = platform::SharedMapping::Access;

std::chrono::nanoseconds now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

class Recorder : public testing::Test {
 protected:
  void SetUp() override {
    auto memory = platform::create_shared_memory("recorder", sizeof(RecorderPage));
    ASSERT_TRUE(memory);
    memory_ = std::move(*memory);
    auto mapping =
        platform::SharedMapping::map(memory_.get(), sizeof(RecorderPage), Access::read_write);
    ASSERT_TRUE(mapping);
    mapping_ = std::move(*mapping);
    began_ = now();
    ASSERT_TRUE(recorder_.open(memory_.get()));
  }
  RecorderPage& page() { return mapping_.as<RecorderPage>(); }
  FlightRecord read() { return read_recorder(page(), began_, now()); }

  platform::UniqueFd memory_;
  platform::SharedMapping mapping_;
  std::chrono::nanoseconds began_{0};
  FlightRecorder recorder_;
};

TEST_F(Recorder, WhatWasNotedIsReadInOrder) {
  recorder_.note(Happening::accepted, 7, 0, 0);
  recorder_.note(Happening::refused, 7, static_cast<std::uint64_t>(proto::Refusal::dns_failed),
                 502);
  const FlightRecord record = read();
  EXPECT_FALSE(record.damaged);
  ASSERT_EQ(record.events.size(), 2U);
  EXPECT_EQ(to_string(record.events[0].what), "accepted");
  EXPECT_EQ(record.events[0].subject, 7U);
  EXPECT_GE(record.events[0].before_end, record.events[1].before_end);
  EXPECT_EQ(describe(record.events[1]), "reason=dns_failed status=502");
  EXPECT_EQ(subject_of(record.events[1].what), "connection");
}

TEST_F(Recorder, TheLastOnesAreKept) {
  for (std::uint64_t i = 0; i < 1000; ++i) recorder_.note(Happening::accepted, i, 0, 0);
  const FlightRecord record = read();
  EXPECT_FALSE(record.damaged);
  ASSERT_EQ(record.events.size(), recorder_slots - 1);
  EXPECT_EQ(record.events.front().subject, 1000 - (recorder_slots - 1));
  EXPECT_EQ(record.events.back().subject, 999U);
}

TEST_F(Recorder, ASlotBegunAndNotPublishedIsLeftOut) {
  for (std::uint64_t i = 0; i < recorder_slots; ++i) recorder_.note(Happening::accepted, i, 0, 0);
  page().slots[0].subject.store(4711);  // the writer died here
  const FlightRecord record = read();
  EXPECT_FALSE(record.damaged);
  for (const RecordedEvent& event : record.events) EXPECT_NE(event.subject, 4711U);
}

TEST_F(Recorder, NothingIsKeptWithoutAPage) {
  FlightRecorder without;
  without.note(Happening::accepted, 1, 0, 0);
}

TEST_F(Recorder, GarbageIsLeftOutAndSaid) {
  recorder_.note(Happening::accepted, 1, 0, 0);
  recorder_.note(Happening::accepted, 2, 0, 0);
  recorder_.note(Happening::accepted, 3, 0, 0);
  page().slots[0].what.store(0xffff'ffff'ffff'ffff);
  page().slots[1].time_ns.store(static_cast<std::uint64_t>(now().count()) + 3'600'000'000'000);
  const FlightRecord record = read();
  EXPECT_TRUE(record.damaged);
  ASSERT_EQ(record.events.size(), 1U);
  EXPECT_EQ(record.events[0].subject, 3U);
}

// Whatever the page is filled with, reading it stays within it and every event can be shown.
TEST_F(Recorder, AnyFillingCanBeRead) {
  for (const int filling : {0xff, 0x80, 0x7f, 0x01, 0x55}) {
    std::memset(static_cast<void*>(&page()), filling, sizeof(RecorderPage));
    const FlightRecord record = read();
    EXPECT_TRUE(record.damaged) << filling;
    EXPECT_TRUE(record.events.empty()) << filling;
  }
}

TEST_F(Recorder, NumbersOutOfRangeAreShownAsNumbers) {
  EXPECT_EQ(describe({{}, Happening::refused, 1, 4711, 0}), "reason=4711 status=0");
  EXPECT_EQ(to_string(static_cast<Happening>(60'000)), "nothing");
}

}  // namespace
}  // namespace bulkhead::ipc

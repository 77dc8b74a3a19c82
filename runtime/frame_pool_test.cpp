#include "runtime/frame_pool.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "runtime/frame_slabs.h"

namespace bulkhead::runtime {
namespace {

struct Frame {
  void* place;
  std::size_t size;
  unsigned char mark;
};

Frame make(std::size_t size, unsigned char mark) {
  Frame frame{allocate_frame(size), size, mark};
  std::memset(frame.place, mark, size);
  return frame;
}

bool is_whole(const Frame& frame) {
  const auto* octets = static_cast<const unsigned char*>(frame.place);
  for (std::size_t i = 0; i < frame.size; ++i) {
    if (octets[i] != frame.mark) return false;
  }
  return true;
}

TEST(FramePool, FramesOfAllSizesDoNotTouchEachOther) {
  std::mt19937 random(7);
  std::vector<Frame> frames;
  for (int step = 0; step < 50'000; ++step) {
    if (frames.empty() || random() % 5 < (step < 30'000 ? 3 : 2)) {
      frames.push_back(make(1 + random() % 5000, static_cast<unsigned char>(step)));
    } else {
      std::swap(frames[random() % frames.size()], frames.back());
      ASSERT_TRUE(is_whole(frames.back()));
      release_frame(frames.back().place, frames.back().size);
      frames.pop_back();
    }
  }
  for (const Frame& frame : frames) {
    ASSERT_TRUE(is_whole(frame));
    release_frame(frame.place, frame.size);
  }
}

#ifndef BULKHEAD_SANITIZED

TEST(FramePool, GivesBackWhatABurstNeeded) {
  while (trim_frame_pool()) {
  }
  const std::size_t before = frame_pool_bytes();
  std::vector<Frame> frames;
  for (int i = 0; i < 2'000; ++i) frames.push_back(make(700, 1));
  EXPECT_GE(frame_pool_bytes(), 2'000 * 700U);
  const Frame stays = frames[1'000];
  for (int i = 0; i < 2'000; ++i) {
    if (i != 1'000) release_frame(frames[static_cast<std::size_t>(i)].place, 700);
  }
  trim_frame_pool();
  while (trim_frame_pool()) {
  }
  EXPECT_LE(frame_pool_bytes(), before + 256 * 1024);
  EXPECT_TRUE(is_whole(stays));
  release_frame(stays.place, stays.size);
}

TEST(FramePool, KeepsWhatIsNeededAgainAndAgain) {
  std::vector<Frame> frames;
  std::size_t needed = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 1'000; ++i) frames.push_back(make(700, 1));
    if (round == 0) needed = frame_pool_bytes();
    EXPECT_EQ(frame_pool_bytes(), needed);
    for (const Frame& frame : frames) release_frame(frame.place, frame.size);
    frames.clear();
    trim_frame_pool();
    EXPECT_EQ(frame_pool_bytes(), needed);
  }
}

#endif

}  // namespace
}  // namespace bulkhead::runtime

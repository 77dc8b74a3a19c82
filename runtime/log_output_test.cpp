#include "runtime/log_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "platform/unique_fd.h"

namespace bulkhead::runtime {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    EXPECT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
  }
  std::string read_all() const {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }
  platform::UniqueFd reader, writer;
};

const std::string line = std::string(99, 'x') + '\n';

// Writes until a line is left out; returns what the pipe holds.
std::size_t fill(LogOutput& output) {
  std::size_t lines = 0;
  while (output.put(line)) ++lines;
  return lines;
}

TEST(LogOutput, NeverWaitsLongForAReaderThatHasStopped) {
  Pipe pipe;
  LogOutput output(pipe.writer.get());
  const std::size_t taken = fill(output);
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(output.put(line));
  EXPECT_EQ(output.take_lost(), 0U) << "nobody could read it yet";

  std::string all = pipe.read_all();
  EXPECT_EQ(output.take_lost(), 1'001U);
  EXPECT_EQ(output.take_lost(), 0U) << "told once";
  EXPECT_TRUE(output.put("next\n"));
  all += pipe.read_all();
  EXPECT_EQ(all.size(), taken * line.size() + 5) << "whole lines only";
}

TEST(LogOutput, EndsALineThatWasCutOffBeforeTheNext) {
  Pipe pipe;
  LogOutput output(pipe.writer.get());
  EXPECT_FALSE(output.put(std::string(1 << 20, 'a') + '\n'));
  const std::string cut = pipe.read_all();
  EXPECT_EQ(cut.find('\n'), std::string::npos);
  EXPECT_TRUE(output.put("next\n"));
  EXPECT_EQ(pipe.read_all(), "\nnext\n");
}

TEST(LogOutput, CountsWhatNobodyCanEverRead) {
  Pipe pipe;
  pipe.reader.reset();
  LogOutput output(pipe.writer.get());
  EXPECT_FALSE(output.put(line));
}

}  // namespace
}  // namespace bulkhead::runtime

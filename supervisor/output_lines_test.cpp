#include "supervisor/output_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const runtime::Deadline start = runtime::Deadline{} + 1h;
const std::string own =
    R"(time=2026-01-02T03:04:05.678Z level=info msg="a b" key="c\"d" role=acceptor.0 pid=42)";

bool is_own(const std::string& line) {
  OutputLines lines("acceptor.0", 42);
  const auto made = lines.take(line + '\n', start);
  EXPECT_THAT(made, SizeIs(1));
  EXPECT_EQ(made.front().text, line);
  return made.front().own;
}

TEST(OutputLines, PassesOnWhatTheWorkerLogs) {
  EXPECT_TRUE(is_own(own));
  EXPECT_TRUE(is_own("time=x level=info msg=bare role=acceptor.0 pid=42"));
  EXPECT_TRUE(is_own(R"(time=x level=info msg="role=supervisor pid=1" role=acceptor.0 pid=42)"));
}

TEST(OutputLines, KnowsForgeries) {
  EXPECT_FALSE(is_own("time=x level=info msg=stopped role=supervisor pid=1"));
  EXPECT_FALSE(is_own("time=x level=info msg=m role=acceptor.1 pid=42"));
  EXPECT_FALSE(is_own("time=x level=info msg=m role=acceptor.0 pid=43"));
  EXPECT_FALSE(is_own("time=x level=info msg=m role=supervisor pid=1 role=acceptor.0 pid=42"));
  EXPECT_FALSE(is_own("time=x level=info msg=m role=acceptor.0 pid=42 role=supervisor pid=1"));
  EXPECT_FALSE(is_own("time=x level=info level=error msg=m role=acceptor.0 pid=42"));
  EXPECT_FALSE(is_own(R"(time=x level=info msg="m role=acceptor.0 pid=42)"));
  EXPECT_FALSE(is_own(R"(time=x level=info msg="m" k="\" role=acceptor.0 pid=42)"));
  EXPECT_FALSE(is_own("time=x level=info msg=m\rlevel=error role=acceptor.0 pid=42"));
  EXPECT_FALSE(is_own("time=x level=info msg=m \x1b[2J=1 role=acceptor.0 pid=42"));
  EXPECT_FALSE(is_own("==42==ERROR: AddressSanitizer: heap-use-after-free"));
  EXPECT_FALSE(is_own(""));
  EXPECT_FALSE(is_own(" role=acceptor.0 pid=42"));
}

TEST(OutputLines, JoinsWhatComesInPieces) {
  OutputLines lines("acceptor.0", 42);
  for (std::size_t at = 0; at < own.size(); ++at)
    EXPECT_THAT(lines.take(own.substr(at, 1), start), IsEmpty());
  const auto made = lines.take("\nrest", start);
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].text, own);
  EXPECT_TRUE(made[0].own);
  const auto last = lines.end(start);
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(last[0].text, "rest");
  EXPECT_THAT(lines.end(start), IsEmpty());
}

TEST(OutputLines, CutsEndlessLines) {
  OutputLines lines("acceptor.0", 42);
  for (int i = 0; i < 10'000; ++i)
    EXPECT_THAT(lines.take(std::string(1000, 'x'), start), IsEmpty());
  // Whatever its end looks like.
  const auto made = lines.take(' ' + own + "\nnext\n", start);
  ASSERT_THAT(made, SizeIs(2));
  EXPECT_EQ(made[0].text, std::string(OutputLines::max_line, 'x') + "...");
  EXPECT_FALSE(made[0].own);
  EXPECT_EQ(made[1].text, "next");
}

TEST(OutputLines, BoundsTheRate) {
  OutputLines lines("acceptor.0", 42);
  const std::string flood(1'000'000, '\n');
  const std::size_t first = lines.take(flood, start).size();
  EXPECT_LE(first, OutputLines::burst / 100);
  EXPECT_GT(first, 5'000U);
  EXPECT_EQ(lines.take_lost(), 1'000'000 - first);
  EXPECT_EQ(lines.take_lost(), 0U);
  EXPECT_THAT(lines.take(own + '\n', start), IsEmpty());
  EXPECT_EQ(lines.take_lost(), 1U);
  EXPECT_THAT(lines.take(own + '\n', start + 1s), SizeIs(1));
}

}  // namespace
}  // namespace bulkhead::supervisor

#include "runtime/log.h"

#include <gtest/gtest.h>

namespace bulkhead::runtime::log {
namespace {

TEST(Log, QuotesWhatCouldForgeAFieldOrALine) {
  EXPECT_EQ(quote("plain-1.2"), "plain-1.2");
  EXPECT_EQ(quote(""), "\"\"");
  EXPECT_EQ(quote("a b"), "\"a b\"");
  EXPECT_EQ(quote("x\nlevel=error"), "\"x\\nlevel=error\"");
  EXPECT_EQ(quote("say \"hi\"\\"), "\"say \\\"hi\\\"\\\\\"");
  EXPECT_EQ(quote(std::string_view("\x1b[2J\0", 5)), "\"\\x1b[2J\\x00\"");
}

TEST(Log, WritesOneLineWithRoleAndPidAboveTheLevel) {
  testing::internal::CaptureStderr();
  start("acceptor.0", Level::info);
  debug("unseen");
  info("listener added", {{"address", "127.0.0.1:80"}, {"backlog", 7}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.find("unseen"), std::string::npos);
  EXPECT_NE(
      line.find(
          " level=info msg=\"listener added\" address=127.0.0.1:80 backlog=7 role=acceptor.0 pid="),
      std::string::npos)
      << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

}  // namespace
}  // namespace bulkhead::runtime::log

#include "supervisor/access_log_file.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace bulkhead::supervisor {
namespace {

class AccessLogFileTest : public testing::Test {
 protected:
  AccessLogFileTest() : folder_(testing::TempDir() + "bulkhead-log-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
    settings_.output = config::LogOutput::file;
    settings_.file = folder_ + "/logs/access.log";
    settings_.rotate.max_size.bytes = 10;
    settings_.rotate.keep = 2;
  }
  ~AccessLogFileTest() override { std::filesystem::remove_all(folder_); }

  std::string contents(const std::string& suffix = "") const {
    std::ostringstream text;
    text << std::ifstream(settings_.file + suffix).rdbuf();
    return text.str();
  }
  static void append(const AccessLogFile& log, const std::string& text) {
    ASSERT_EQ(::write(log.descriptor(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  std::string folder_;
  config::AccessLog settings_;
};

TEST_F(AccessLogFileTest, AppendsAndMakesOneMissingDirectory) {
  for (const char* line : {"one\n", "two\n"}) {
    const auto log = AccessLogFile::open(settings_);
    ASSERT_TRUE(log) << log.error();
    append(*log, line);
  }
  EXPECT_EQ(contents(), "one\ntwo\n");
}

TEST_F(AccessLogFileTest, SaysWhichKeyIsWrong) {
  settings_.file = folder_ + "/no/such/place/access.log";
  const auto log = AccessLogFile::open(settings_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().find("access_log.file: "), 0U) << log.error();
}

TEST_F(AccessLogFileTest, KnowsStandardOutputAndNothing) {
  settings_.output = config::LogOutput::stdout_;
  EXPECT_EQ(AccessLogFile::open(settings_)->descriptor(), STDOUT_FILENO);
  settings_.enabled = false;
  EXPECT_EQ(AccessLogFile::open(settings_)->descriptor(), -1);
  EXPECT_FALSE(std::filesystem::exists(settings_.file));
}

TEST_F(AccessLogFileTest, ReopensWhatWasMovedAway) {
  auto log = AccessLogFile::open(settings_);
  append(*log, "old\n");
  std::filesystem::rename(settings_.file, settings_.file + ".moved");
  ASSERT_TRUE(log->reopen());
  append(*log, "new\n");
  EXPECT_EQ(contents(), "new\n");
  EXPECT_EQ(contents(".moved"), "old\n");
}

TEST_F(AccessLogFileTest, RotatesBySizeAndKeepsSoMany) {
  auto log = AccessLogFile::open(settings_);
  append(*log, "123456789");
  EXPECT_FALSE(*log->rotate_if_due());
  for (const char* line : {"a", "bbbbbbbbbb", "cccccccccc"}) {
    append(*log, line);
    EXPECT_TRUE(*log->rotate_if_due());
  }
  append(*log, "d");
  EXPECT_EQ(contents(), "d");
  EXPECT_EQ(contents(".1"), "cccccccccc");
  EXPECT_EQ(contents(".2"), "bbbbbbbbbb");
  EXPECT_FALSE(std::filesystem::exists(settings_.file + ".3"));
}

}  // namespace
}  // namespace bulkhead::supervisor

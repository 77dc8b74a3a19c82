#include "supervisor/options.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

#include "supervisor/directories.h"
#include "supervisor/fallback.h"

namespace bulkhead::supervisor {
namespace {

Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

Options parse(const std::vector<std::string>& arguments,
              const Environment& environment = environment_of({})) {
  const auto options = parse_options(arguments, environment);
  EXPECT_TRUE(options) << options.error();
  return options.value_or(Options{});
}

TEST(Options, TakesValuesInBothForms) {
  const Options options = parse({"--config", "a.yaml", "--runtime-dir=/r", "--fallback-defaults"});
  EXPECT_EQ(options.config_file, "a.yaml");
  EXPECT_EQ(options.runtime_dir, "/r");
  EXPECT_TRUE(options.fallback_defaults);
  EXPECT_EQ(options.action, Options::Action::run);
}

TEST(Options, ShorthandsAndSetBecomeOverridesInTheirOrder) {
  const Options options =
      parse({"--http-port=9090", "--set", "network.timeouts.idle=2m", "--http-port", "9091"});
  ASSERT_EQ(options.overrides.size(), 3U);
  EXPECT_EQ(options.overrides[0].assignment, "server.http_port=9090");
  EXPECT_EQ(options.overrides[1].assignment, "network.timeouts.idle=2m");
  EXPECT_EQ(options.overrides[2].assignment, "server.http_port=9091");
  EXPECT_EQ(options.overrides[2].source, "--http-port");
}

TEST(Options, CommandLineBeatsEnvironmentBeatsFile) {
  const auto environment = environment_of({{"LOG_LEVEL", "error"}});
  const auto level = [&](const std::vector<std::string>& arguments) {
    config::LoadOptions load;
    load.overrides = parse(arguments, environment).overrides;
    return config::load_text("server: {log_level: warn}", "f", load).config->server.log_level;
  };
  EXPECT_EQ(level({}), config::LogLevel::error);
  EXPECT_EQ(level({"--log-level", "debug"}), config::LogLevel::debug);
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  const auto none = environment_of({});
  EXPECT_FALSE(parse_options({"--http-prot", "1"}, none));
  EXPECT_FALSE(parse_options({"stray"}, none));
  EXPECT_FALSE(parse_options({"--config"}, none));
}

TEST(Options, UsageNamesEveryShorthand) {
  for (const char* option : {"--http-port", "--sandbox", "--acceptors", "--set", "--check"}) {
    EXPECT_NE(usage().find(option), std::string::npos) << option;
  }
}

class DirectoriesTest : public testing::Test {
 protected:
  DirectoriesTest()
      : folder_(testing::TempDir() + "bulkhead-directories-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~DirectoriesTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(DirectoriesTest, ConfigFileIsFoundOnlyWhereItIs) {
  const auto environment = environment_of({{"XDG_CONFIG_HOME", folder_}});
  EXPECT_EQ(find_config_file(false, environment), "");
  std::filesystem::create_directories(folder_ + "/bulkhead");
  std::ofstream(folder_ + "/bulkhead/bulkhead.yaml") << "{}";
  EXPECT_EQ(find_config_file(false, environment), folder_ + "/bulkhead/bulkhead.yaml");
}

TEST_F(DirectoriesTest, AreMadePrivateAndMustNotBeWritableByOthers) {
  Options options;
  options.runtime_dir = folder_ + "/run";
  options.state_dir = folder_ + "/state/deep";
  const Directories directories =
      choose_directories(options, false, "/opt/sbin/bulkhead", environment_of({}));
  EXPECT_EQ(directories.libexec, "/opt/libexec/bulkhead");
  create_directories(directories, false);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(directories.state).permissions(), perms::owner_all);
  std::filesystem::permissions(directories.runtime, perms::all);
  EXPECT_THROW(create_directories(directories, false), std::runtime_error);
}

std::string served(const std::vector<std::string>& arguments, Fallback& fallback) {
  config::LoadOptions options;
  options.file = "/nonexistent/bulkhead.yaml";
  options.overrides = parse(arguments).overrides;
  fallback = load_fallback(options);
  return places(*fallback.loaded.config);
}

TEST(FallbackDefaults, KeepWhatTheCommandLineSaysWhereItMakesSense) {
  Fallback fallback;
  EXPECT_EQ(served({}, fallback), "127.0.0.1:8080 (http), 127.0.0.1:1080 (socks5)");
  // An open proxy must be written out: the address goes, the port stays.
  EXPECT_EQ(served({"--bind-address", "0.0.0.0", "--http-port", "9090"}, fallback),
            "127.0.0.1:9090 (http), 127.0.0.1:1080 (socks5)");
  EXPECT_EQ(fallback.kept, std::vector<std::string>{"server.http_port"});
  EXPECT_EQ(fallback.dropped, std::vector<std::string>{"server.bind_address"});
  // It is written out, though later; what is nonsense takes nothing else along.
  EXPECT_EQ(served({"--bind-address", "0.0.0.0", "--set", "nonsense=1", "--set",
                    "access_control.open_proxy=true"},
                   fallback),
            "0.0.0.0:8080 (http), 0.0.0.0:1080 (socks5)");
  EXPECT_EQ(fallback.dropped, std::vector<std::string>{"nonsense"});
}

}  // namespace
}  // namespace bulkhead::supervisor

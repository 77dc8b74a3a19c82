// Loading: defaults, example files, expansion, secrets, overrides, syntax and bounds.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::AllOf;
using testing::complaints;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Folder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::texts;

LoadResult load_file(const std::string& path) {
  LoadOptions options;
  options.file = path;
  return load(options);
}

TEST(Load, NoFileIsSafeDefaults) {
  const LoadResult result = load({});
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.diagnostics, IsEmpty());
  EXPECT_EQ(*result.config, *defaults());
  EXPECT_EQ(result.config->server.http_port, 8080);
  EXPECT_EQ(result.config->server.socks5_port, 1080);
  ASSERT_THAT(result.config->server.bind_address, SizeIs(1));
  EXPECT_TRUE(result.config->server.bind_address[0].is_loopback());
  ASSERT_TRUE(result.config->backend("direct"));
  ASSERT_THAT(result.config->rules, SizeIs(1));
  EXPECT_EQ(result.config->rules[0].match.domains[0].text, "*");
}

TEST(Load, DefaultFileIsTheDefaults) {
  const LoadResult result = load_file(BULKHEAD_CONFIGS "/default.yaml");
  ASSERT_TRUE(result.config) << ::testing::PrintToString(texts(result.diagnostics));
  EXPECT_THAT(result.diagnostics, IsEmpty());
  EXPECT_EQ(*result.config, *defaults());
}

TEST(Load, SpecificationVerbatim) {
  const LoadResult result = load_file(BULKHEAD_CONFIGS "/spec-3.1.yaml");
  ASSERT_TRUE(result.config) << ::testing::PrintToString(texts(result.diagnostics));
  EXPECT_THAT(result.diagnostics,
              SizeIs(4));  // an open proxy written out, three tunnels without files
  const Config& config = *result.config;
  EXPECT_EQ(config.server.web_ui_port, 8081);
  EXPECT_EQ(config.network.keepalive.max_idle_time, Duration(90'000));
  EXPECT_EQ(config.network.limits.max_connections_per_backend, 50U);
  EXPECT_EQ(config.rate_limiting.per_user.requests_per_second, 200);
  EXPECT_EQ(config.rate_limiting.bandwidth.max_mbps_total, 10000);
  EXPECT_EQ(config.access_log.output, LogOutput::file);
  EXPECT_THAT(config.access_log.fields, SizeIs(11));
  ASSERT_THAT(config.backends, SizeIs(6));
  EXPECT_THAT(config.backend("germany")->unavailable, HasSubstr("/path/to/germany.conf"));
  EXPECT_EQ(config.backend("us-proxy")->proxy->address.host, "proxy.example.com");
  ASSERT_THAT(config.rules, SizeIs(4));
  EXPECT_EQ(config.rules[3].backend, "direct");
}

TEST(Load, ExamplesHaveNothingToComplainAbout) {
  for (const char* name : {"office-gateway.yaml", "chained-parents.yaml"}) {
    const LoadResult result = load_file(std::string(BULKHEAD_CONFIGS "/") + name);
    EXPECT_TRUE(result.config) << name;
    EXPECT_THAT(texts(result.diagnostics), IsEmpty()) << name;
  }
}

TEST(Load, MissingFileIsAnError) {
  const LoadResult result = load_file("/nonexistent/bulkhead.yaml");
  EXPECT_FALSE(result.config);
  EXPECT_THAT(
      texts(result.diagnostics),
      ElementsAre("/nonexistent/bulkhead.yaml: error: cannot be read: No such file or directory"));
  EXPECT_THAT(result.files_read, ElementsAre("/nonexistent/bulkhead.yaml"));
}

TEST(Load, EveryErrorAtOnceWithItsPlace) {
  EXPECT_THAT(
      complaints("server:\n"
                 "  http_prot: 1\n"
                 "  http_port: 99999\n"
                 "  socks5_port: many\n"
                 "  log_level: inof\n"
                 "  http_port: 8080\n"
                 "  proxy_protocol: [1]\n"
                 "network:\n"
                 "  timeouts:\n"
                 "    idle: 10 s\n"
                 "    read: 30h\n"
                 "  ipv6:\n"
                 "    enabled: yes\n"
                 "access_control:\n"
                 "  whitelist: [10.0.0.0/8, 10.0.0.1/8, 300.1.1.1]\n"
                 "sandbx: off\n"),
      ElementsAre(
          "test.yaml:2:3: error: server.http_prot: unknown key (did you mean \"http_port\"?)",
          "test.yaml:3:14: error: server.http_port: must be between 0 and 65535, found \"99999\"",
          "test.yaml:4:16: error: server.socks5_port: expected a number, found \"many\"",
          "test.yaml:5:14: error: server.log_level: expected one of debug, info, warn, error, "
          "found \"inof\" "
          "(did you mean \"info\"?)",
          "test.yaml:6:3: error: server.http_port: duplicate key (first written in line 3)",
          "test.yaml:7:19: error: server.proxy_protocol: expected a mapping of keys, found a list",
          "test.yaml:10:11: error: network.timeouts.idle: expected a duration, found \"10 s\" "
          "(like \"10s\", \"500ms\", \"1m30s\", \"2h\")",
          AllOf(StartsWith("test.yaml:11:11: error: network.timeouts.read: must be between 1ms and "
                           "24h, found \"30h\"")),
          "test.yaml:13:14: error: network.ipv6.enabled: expected true or false, found \"yes\" "
          "(write true)",
          StartsWith("test.yaml:15:27: error: access_control.whitelist[1]: expected an address or "
                     "CIDR block, "
                     "found \"10.0.0.1/8\""),
          StartsWith("test.yaml:15:39: error: access_control.whitelist[2]: expected an address or "
                     "CIDR block"),
          "test.yaml:16:1: error: sandbx: unknown key (did you mean \"sandbox\"?)"));
}

TEST(Load, SyntaxErrorsHaveAPlace) {
  EXPECT_THAT(complaints("server:\n  http_port: [1, 2\n"),
              ElementsAre(AllOf(StartsWith("test.yaml:"), HasSubstr("error: YAML: "))));
  EXPECT_THAT(complaints("a: 1\n---\nb: 2\n"), ElementsAre(HasSubstr("a second document")));
  EXPECT_THAT(complaints("server: !!python/object x\n"),
              ElementsAre(StartsWith("test.yaml:1:9: error: ")));
  EXPECT_THAT(complaints("server: !mine {}\n"), ElementsAre(HasSubstr("a tag")));
  EXPECT_THAT(complaints("[a, b]: c\n"), ElementsAre(HasSubstr("a key that is not a word")));
  EXPECT_THAT(complaints("- a\n"),
              ElementsAre("test.yaml:1:1: error: expected a mapping of keys, found a list"));
}

TEST(Load, TabsInIndentationAreNamed) {
  const auto hint = HasSubstr("(YAML indents with spaces; this line begins with a tab)");
  EXPECT_THAT(complaints("server:\n\thttp_port: 1\n"),
              ElementsAre(AllOf(StartsWith("test.yaml:2:"), hint)));
  EXPECT_THAT(complaints("server:\n  http_port: 1\n\tvia: x\n"), ElementsAre(hint));
  EXPECT_THAT(complaints("server:\n \thttp_port: 1\n"), ElementsAre(hint));
  EXPECT_THAT(complaints("server:\n  http_port: [1, 2\n"), ElementsAre(Not(HasSubstr("tab"))));
}

TEST(Load, AFileThatOthersMayWriteIsAWarning) {
  const Folder folder;
  const std::string file = folder.write("config.yaml", "server: {http_port: 1}\n");
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_THAT(texts(load_file(file).diagnostics), IsEmpty());
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  const LoadResult open = load_file(file);
  EXPECT_TRUE(open.config);
  EXPECT_THAT(texts(open.diagnostics),
              ElementsAre(AllOf(StartsWith(file + ": warning: may be written by everybody"),
                                HasSubstr("mode 0666"), HasSubstr("chmod o-w"))));
}

TEST(Load, AFileOfSomebodyElseIsAWarning) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const Folder folder;
  const std::string file = folder.write("config.yaml", "server: {http_port: 1}\n");
  ASSERT_EQ(::chown(file.c_str(), 65534, 0), 0);
  EXPECT_THAT(texts(load_file(file).diagnostics),
              ElementsAre(StartsWith(file + ": warning: belongs to user 65534")));
}

TEST(Load, CredentialsAreMaskedWhateverIsWritten) {
  const LoadResult result =
      load_text("access_log: {mask_headers: [X-Api-Key, cookie]}\n", "test.yaml");
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.config->access_log.mask_headers,
              ElementsAre("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
                          "WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info",
                          "Proxy-Authentication-Info", "X-Api-Key"));
  const LoadResult none = load_text("access_log: {mask_headers: []}\n", "test.yaml");
  ASSERT_TRUE(none.config);
  EXPECT_THAT(none.config->access_log.mask_headers, SizeIs(8));
}

TEST(Load, OddBytesAreRefused) {
  EXPECT_THAT(complaints(std::string_view("server:\n  via: a\0b\n", 18)),
              ElementsAre(StartsWith("test.yaml:2:9: error: a byte that is neither")));
  EXPECT_THAT(complaints("server:\n  via: \xff\n"),
              ElementsAre(StartsWith("test.yaml:2:8: error: ")));
  EXPECT_THAT(complaints("server:\n  via: \"a\\x01\"\n"),
              ElementsAre(HasSubstr("holds a control character")));
  EXPECT_THAT(
      complaints("rules:\n  - name: \"a\\nb\"\n    match: {domains: \"*\"}\n    action: block\n"),
      ElementsAre(HasSubstr("must be a single line")));
}

TEST(Load, BoundsOnSizeDepthAndAliases) {
  EXPECT_THAT(complaints(std::string(max_file_size + 1, '#')),
              ElementsAre(HasSubstr("is larger than 16MiB")));
  EXPECT_THAT(complaints(std::string(200'000, '[')), ElementsAre(HasSubstr("nested deeper")));
  EXPECT_THAT(complaints("a: " + std::string(100'000, '{')),
              ElementsAre(HasSubstr("nested deeper")));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 10; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int each = 1; each < 10; ++each) bomb += ", " + below;
    bomb += "]\n";
  }
  EXPECT_THAT(complaints(bomb),
              ElementsAre(HasSubstr("more values than a configuration may hold")));
  EXPECT_THAT(complaints("a: &a [*a]\n"), ElementsAre(HasSubstr("inside what it refers to")));
  const LoadResult fine =
      load_text("access_control: {whitelist: &n [10.0.0.0/8], blacklist: *n}\n", "test.yaml");
  ASSERT_TRUE(fine.config);
  EXPECT_EQ(fine.config->access_control.blacklist, fine.config->access_control.whitelist);
}

TEST(Load, VariablesExpandInsideScalarsOnly) {
  LoadOptions options;
  options.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "PORT") return "9090";
    if (name == "TRICK") return "x\nserver: {http_port: 1}";
    if (name == "PASS") return "p: [w]#";
    return std::nullopt;
  };
  const LoadResult result = load_text(
      "server:\n  http_port: ${PORT}\n"
      "backends:\n"
      "  - {name: 'a$b $${x} $1 ${PORT}', type: direct}\n"
      "  - {name: p, type: socks5, proxy: {address: 'p:1', username: $u, password: '${PASS}'}}\n",
      "test.yaml", options);
  ASSERT_TRUE(result.config) << ::testing::PrintToString(texts(result.diagnostics));
  EXPECT_EQ(result.config->server.http_port, 9090);
  EXPECT_EQ(result.config->backends[0].name, "a$b ${x} $1 9090");
  EXPECT_EQ(result.config->backends[1].proxy->username, "$u");
  EXPECT_EQ(result.config->backends[1].proxy->password.reveal(), "p: [w]#");
  EXPECT_THAT(
      complaints("server:\n  via: ${NOPE}\n", options),
      ElementsAre("test.yaml:2:8: error: server.via: the environment variable NOPE is not set "
                  "(set it, or write $${ for the characters)"));
  EXPECT_THAT(complaints("server:\n  via: ${TRICK}\n", options),
              ElementsAre(HasSubstr("server.via: ")));
  EXPECT_THAT(complaints("server:\n  via: ${un closed\n", options),
              ElementsAre(HasSubstr("begins no variable")));
}

TEST(Load, ErrorsShowWhatWasWrittenNotWhatAVariableHolds) {
  LoadOptions options;
  options.environment = [](std::string_view) { return "hunter2"; };
  EXPECT_THAT(complaints("server: {http_port: '${SECRET}'}\n", options),
              ElementsAre(AllOf(HasSubstr("found \"${SECRET}\""), Not(HasSubstr("hunter2")))));
}

TEST(Load, SecretsFromFiles) {
  const Folder folder;
  folder.write("password", "s3cret\n");
  const auto yaml = [](const std::string& password) {
    return "rules: [{name: a, match: {domains: '*'}, action: block}]\nbackends:\n  - name: p\n    "
           "type: http\n    proxy:\n      address: p:1\n      username: u\n"
           "      password: " +
           password + "\n";
  };
  const std::string file = folder.write("config.yaml", yaml("file:password"));
  LoadResult result = load_file(file);
  ASSERT_TRUE(result.config) << ::testing::PrintToString(texts(result.diagnostics));
  EXPECT_EQ(result.config->backends[0].proxy->password.reveal(), "s3cret");
  EXPECT_THAT(result.files_read, ElementsAre(file, folder / "password"));
  const auto wrong = [&](const std::string& name) {
    folder.write("config.yaml", yaml("file:" + name));
    return texts(load_file(file).diagnostics);
  };
  EXPECT_THAT(wrong("absent"),
              ElementsAre(AllOf(HasSubstr(":8:17: error: backends[0].proxy.password: cannot read"),
                                HasSubstr("No such file"))));
  EXPECT_THAT(wrong("/dev/zero"), ElementsAre(HasSubstr("not a file")));
  folder.write("large", std::string(max_secret_size + 1, 'x'));
  EXPECT_THAT(wrong("large"), ElementsAre(HasSubstr("larger than 65536 bytes")));
  folder.write("lines", "top-secret\nmore");
  EXPECT_THAT(wrong("lines"),
              ElementsAre(AllOf(HasSubstr("single line"), Not(HasSubstr("top-secret")))));
}

TEST(Load, OverridesWinAndCarryTheirSource) {
  LoadOptions options;
  options.overrides = {{"server.http_port=9090"},
                       {"network.dns.servers=[127.0.0.1]"},
                       {"server.log_level=warn", "LOG_LEVEL"}};
  const LoadResult result = load_text("server:\n  http_port: 1\n", "test.yaml", options);
  ASSERT_TRUE(result.config) << ::testing::PrintToString(texts(result.diagnostics));
  EXPECT_EQ(result.config->server.http_port, 9090);
  EXPECT_EQ(result.config->server.log_level, LogLevel::warn);
  EXPECT_EQ(result.config->network.dns.servers[0].to_string(), "127.0.0.1:53");
  options.overrides = {{"server.http_prot=1"},
                       {"server.http_port=x"},
                       {"nonsense"},
                       {"rules.a=b"},
                       {"server.log_level=loud", "LOG_LEVEL"}};
  EXPECT_THAT(
      texts(load_text("rules: []\n", "test.yaml", options).diagnostics),
      ElementsAre(
          "command line: error: nonsense: is no setting (write key=value, like "
          "server.http_port=9090)",
          "command line: error: rules.a: leads into what is no section (a list is replaced as a "
          "whole)",
          "command line: error: server.http_port: expected a number, found \"x\"",
          "command line: error: server.http_prot: unknown key (did you mean \"http_port\"?)",
          HasSubstr("LOG_LEVEL: error: server.log_level: expected one of")));
}

TEST(Load, BuiltInBackendOnlyWhereNothingIsWritten) {
  const LoadResult rules =
      load_text("rules: [{name: a, match: {domains: '*'}, backend: direct}]\n", "test.yaml");
  ASSERT_TRUE(rules.config);
  EXPECT_THAT(rules.config->rules, SizeIs(1));
  const LoadResult backends = load_text("backends: [{name: e, type: echo}]\n", "test.yaml");
  ASSERT_TRUE(backends.config);
  EXPECT_THAT(backends.config->rules, IsEmpty());
  EXPECT_FALSE(backends.config->backend("direct"));
}

TEST(Show, LoadsAgainAsTheSame) {
  for (const char* name : {"default.yaml", "spec-3.1.yaml", "office-gateway.yaml"}) {
    const LoadResult first = load_file(std::string(BULKHEAD_CONFIGS "/") + name);
    ASSERT_TRUE(first.config) << name;
    const LoadResult second = load_text(show(*first.config), "shown");
    ASSERT_TRUE(second.config) << ::testing::PrintToString(texts(second.diagnostics));
    EXPECT_EQ(*first.config, *second.config) << name;
  }
}

TEST(Show, MasksSecretsAndEscapesDollars) {
  const LoadResult result = load_text(
      "backends: [{name: 'a $${B}', type: http, proxy: {address: 'p:1', username: u, password: "
      "hunter2}}]\n",
      "test.yaml");
  ASSERT_TRUE(result.config);
  const std::string shown = show(*result.config);
  EXPECT_THAT(shown, AllOf(HasSubstr("password: \"***\""), HasSubstr("a $${B}"),
                           Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace bulkhead::config

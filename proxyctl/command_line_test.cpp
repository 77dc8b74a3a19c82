// From arguments to the question asked, the exit code, and what is printed.
#include "proxyctl/command_line.h"

#include <fstream>
#include <sstream>

#include "proxyctl/daemon_socket_test.h"

namespace bulkhead::proxyctl {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome run_as(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  std::ostringstream out, err;
  const int code = run_command_line(arguments, out, err, false);
  return {code, out.str(), err.str()};
}
Outcome run(std::vector<std::string> arguments) {
  return run_as("proxyctl", std::move(arguments));
}

Outcome run_with(DaemonSocket& daemon, std::vector<std::string> arguments) {
  daemon.start();
  arguments.insert(arguments.end(), {"--runtime-dir", daemon.directory()});
  return run(std::move(arguments));
}

std::vector<std::string> arguments_of(DaemonSocket& daemon) {
  std::vector<std::string> out;
  for (const auto& argument : daemon.asked().arguments.items) out.push_back(argument.value);
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CommandLine, UsageErrorsExitWithTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"nonsense"},
           {"backend"},
           {"backend", "add"},
           {"backend", "add", "--name", "x", "--type", "carrier-pigeon"},
           {"backend", "remove"},
           {"status", "--timeout", "0"},

           {"start"},
           {"rule", "add", "--name", "x", "--domain", "y"},
           {"rule", "add", "--name", "x", "--block"},
           {"rule", "add", "--name", "x", "--domain", "y", "--block", "--backend", "z"},
           {"backend", "add", "--name", "x", "--type", "http", "--tls-ca-file", "f"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(arguments);
    EXPECT_TRUE(contains(outcome.err, "proxyctl: ")) << outcome.err;
  }
}

TEST(CommandLine, UsageErrorsAreOneJsonDocumentToo) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"--json", "bogus"},
                                             {"--json", "rule", "add"},
                                             {"rule", "add", "--json"},
                                             {"--json", "config", "show", "extra"},
                                             {"--json"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(
        outcome.out.starts_with("{\n  \"ok\": false,\n  \"exit_code\": 2,\n  \"error\": \""))
        << testing::PrintToString(arguments) << outcome.out;
  }
  EXPECT_EQ(run({"bogus"}).out, "");
}

TEST(CommandLine, WhatIsNotUnderstoodIsNamed) {
  EXPECT_TRUE(contains(run({"bogus"}).err, "proxyctl: there is no command \"bogus\"\n"));
  EXPECT_TRUE(
      contains(run({"rule", "lst"}).err, "there is no command \"lst\", did you mean \"list\"?"));
  EXPECT_TRUE(contains(run({"rule", "add", "--nonsense"}).err, "no option \"--nonsense\""));
  EXPECT_TRUE(contains(run({"--bogus"}).err, "no option \"--bogus\""));
  EXPECT_TRUE(contains(run({"config", "show", "extra"}).err, "extra"));
  EXPECT_TRUE(contains(run({"rule"}).err, "subcommand is required"));
}

TEST(CommandLine, VersionIsAnOptionToo) {
  EXPECT_EQ(run({"--version"}).code, 0);
  EXPECT_EQ(run({"--version"}).out, run({"version"}).out);
  EXPECT_EQ(run({"--version", "--json"}).out, run({"version", "--json"}).out);
}

TEST(CommandLine, HelpExitsWithZero) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.out, "78 configuration invalid"));
  EXPECT_TRUE(contains(run({"backend", "add", "--help"}).out, "--password-stdin"));
}

TEST(CommandLine, NoDaemonIsThreeAndStillOneJsonDocument) {
  const Outcome outcome = run({"--json", "--runtime-dir", "/nonexistent", "status"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(contains(outcome.out, "\"ok\": false,\n  \"exit_code\": 3,\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "proxyctl: no bulkhead is running at /nonexistent"));
}

TEST(CommandLine, TheSpecsBackendAdd) {
  DaemonSocket daemon;
  daemon.will_finish(0, "added japan");
  const Outcome outcome = run_with(daemon, {"backend", "add", "--name", "japan", "--type",
                                            "wireguard", "--config", "/path/to/japan.conf"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "added japan\n");
  EXPECT_EQ(daemon.asked().name, proto::CommandName::backend_add);
  EXPECT_EQ(arguments_of(daemon).at(0),
            "name: japan\ntype: wireguard\nwireguard:\n  config_file: /path/to/japan.conf\n");
}

TEST(CommandLine, PasswordsComeFromAFile) {
  DaemonSocket daemon;
  const std::string file = daemon.directory() + "/password";
  std::ofstream(file) << "s3cret\nsecond line\n";
  daemon.will_finish();
  const Outcome outcome = run_with(daemon, {"backend", "add", "p", "--type", "http", "--address",
                                            "h:1", "--username", "u", "--password-file", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(arguments_of(daemon).at(0), "  password: s3cret\n"));
}

TEST(CommandLine, RuleAddHasAPosition) {
  DaemonSocket daemon;
  daemon.will_finish();
  const Outcome outcome =
      run_with(daemon, {"rule", "add", "--name", "Anime", "--domain", "*.crunchyroll.com", "a.b",
                        "--domain", "c.d", "--backend", "germany", "--position", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(arguments_of(daemon).at(0),
            "name: Anime\nmatch:\n  domains:\n    - \"*.crunchyroll.com\"\n    - a.b\n    - "
            "c.d\nbackend: germany\n");
  EXPECT_EQ(arguments_of(daemon).at(1), "2");
}

TEST(CommandLine, NamesAreArgumentsOrOptions) {
  for (const std::vector<std::string>& name : {std::vector<std::string>{"x"}, {"--name", "x"}}) {
    DaemonSocket daemon;
    daemon.will_finish();
    std::vector<std::string> arguments{"backend", "test"};
    arguments.insert(arguments.end(), name.begin(), name.end());
    arguments.insert(arguments.end(), {"--target", "example.com:443"});
    EXPECT_EQ(run_with(daemon, arguments).code, 0);
    EXPECT_EQ(arguments_of(daemon), (std::vector<std::string>{"x", "example.com:443"}));
  }
}

TEST(CommandLine, ReorderKeepsTheOrder) {
  DaemonSocket daemon;
  daemon.will_finish();
  EXPECT_EQ(run_with(daemon, {"rule", "reorder", "C", "A", "B"}).code, 0);
  EXPECT_EQ(arguments_of(daemon), (std::vector<std::string>{"C", "A", "B"}));
}

TEST(CommandLine, ReorderCanBeTakenBack) {
  DaemonSocket daemon;
  daemon.will_finish();
  EXPECT_EQ(run_with(daemon, {"rule", "reorder", "--reset"}).code, 0);
  EXPECT_EQ(arguments_of(daemon), std::vector<std::string>{});
  EXPECT_EQ(run({"rule", "reorder"}).code, 2);
  EXPECT_EQ(run({"rule", "reorder", "A", "--reset"}).code, 2);
}

TEST(CommandLine, APasswordThatWouldBeReadAsSomethingElseIsRefused) {
  DaemonSocket somewhere;
  const std::string file = somewhere.directory() + "/password";
  for (const std::string reserved : {"file:", "enc:"}) {
    std::ofstream(file) << reserved << "foo\n";
    const Outcome outcome = run({"backend", "add", "p", "--type", "http", "--address", "h:1",
                                 "--username", "u", "--password-file", file});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(contains(outcome.err, "a password cannot begin with \"" + reserved + '"'))
        << outcome.err;
  }
}

TEST(CommandLine, TheDaemonsFailureIsTheExitCode) {
  DaemonSocket daemon;
  daemon.will_send(proto::TextPart{"f.yaml:3:1: error: \x1b[2J"});
  daemon.will_finish(78, "the configuration is invalid; generation 4 stays in force");
  const Outcome outcome = run_with(daemon, {"config", "reload"});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "f.yaml:3:1: error: \\x1b[2J\nproxyctl: the configuration is invalid; generation 4 "
            "stays in force\n");
}

proto::WorkerRow worker() {
  proto::WorkerRow row;
  row.index = 1;
  row.pid = 4711;
  row.state = "running";
  row.uptime_ms = 192'000;
  row.layers.push({"landlock", proto::LayerState::unavailable, "the kernel has none"});
  row.layers.push({"seccomp", proto::LayerState::on, ""});
  return row;
}

void answer_status(DaemonSocket& daemon) {
  proto::StatusRow row;
  row.version = "1.2";
  row.state = "running";
  row.up = 1258291;
  row.survival.vault_answers = true;
  row.survival.vault.flows = 12;
  row.survival.estates.adopted = 34;
  row.survival.estates.young = 2;
  row.survival.estates.http = 1;
  row.warnings.push("an open proxy");
  daemon.will_send(row);
  daemon.will_send(worker());
  proto::ListenerRow listener;
  listener.name = "http";
  listener.address = *wire::Endpoint::parse("[::1]:8080");
  daemon.will_send(listener);
  daemon.will_finish();
}

TEST(CommandLine, StatusShowsSandboxesAndWarnings) {
  DaemonSocket daemon;
  answer_status(daemon);
  const Outcome outcome = run_with(daemon, {"status"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* part :
       {"bulkhead 1.2", "built-in defaults", "1.2 MiB up", "warning: an open proxy",
        "12 protected, 34 went on elsewhere, 3 lost (1 http, 2 young)", "[::1]:8080",
        "acceptor 1  landlock  unavailable  the kernel has none", "acceptor 1  seccomp   on",
        "INCOMPLETE", "3m12s"}) {
    EXPECT_TRUE(contains(outcome.out, part)) << part << " in\n" << outcome.out;
  }
}

TEST(CommandLine, AWorkerThatWaitsForItsRestartIsNotRoot) {
  for (const bool json : {false, true}) {
    DaemonSocket daemon;
    daemon.will_send(proto::StatusRow{});
    proto::WorkerRow waiting;
    waiting.index = 7;
    waiting.state = "back-off";
    daemon.will_send(waiting);
    daemon.will_finish();
    const Outcome outcome = run_with(daemon, json ? std::vector<std::string>{"status", "--json"}
                                                  : std::vector<std::string>{"status"});
    for (const char* part :
         json ? std::vector<const char*>{"\"pid\": null", "\"uid\": null", "\"generation\": null"}
              : std::vector<const char*>{" 7    -  back-off", "is not running"})
      EXPECT_TRUE(contains(outcome.out, part)) << part << " in\n" << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "INCOMPLETE"));
  }
}

TEST(CommandLine, StatusAsJson) {
  DaemonSocket daemon;
  answer_status(daemon);
  const Outcome outcome = run_with(daemon, {"status", "--json"});
  for (const char* part :
       {"\"config_file\": null", "\"bytes_up\": 1258291", "\"port\": 8080", "\"held\": 12",
        "\"adopted\": 34", "\"young\": 2", "\"role\": \"acceptor\"", "\"state\": \"unavailable\"",
        "\"sandbox_complete\": false"}) {
    EXPECT_TRUE(contains(outcome.out, part)) << part << " in\n" << outcome.out;
  }
}

TEST(CommandLine, ValidateNeedsNoDaemon) {
  DaemonSocket somewhere;
  const std::string good = somewhere.directory() + "/good.yaml",
                    bad = somewhere.directory() + "/bad.yaml";
  std::ofstream(good) << "server:\n  http_port: 8080\n";
  std::ofstream(bad) << "server:\n  http_prot: 8080\n";
  EXPECT_EQ(run({"config", "validate", good}).code, 0);
  const Outcome outcome = run({"config", "validate", bad});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_TRUE(contains(outcome.err, bad + ":2:3: error: ")) << outcome.err;
  const Outcome json = run({"config", "validate", bad, "--json"});
  EXPECT_EQ(json.code, 78);
  EXPECT_TRUE(contains(json.out, "\"line\": 2,\n    \"column\": 3,\n    \"severity\": \"error\","))
      << json.out;
}

TEST(CommandLine, ValidateWithoutAFileAsksTheDaemon) {
  for (const bool bad : {false, true}) {
    DaemonSocket daemon;
    proto::DiagnosticRow row;
    row.file = "/state/managed.yaml";
    row.line = row.column = 3;
    row.error = bad;
    row.message = "unknown backend";
    daemon.will_send(row);
    daemon.will_finish(0, "/etc/f.yaml with /state/managed.yaml: valid");
    const Outcome outcome = run_with(daemon, {"config", "validate"});
    EXPECT_EQ(outcome.code, bad ? 78 : 0);
    EXPECT_EQ(outcome.out, bad ? "" : "/etc/f.yaml with /state/managed.yaml: valid\n");
    EXPECT_TRUE(contains(outcome.err, "/state/managed.yaml:3:3: ")) << outcome.err;
    EXPECT_EQ(daemon.asked().name, proto::CommandName::config_show);
    EXPECT_EQ(arguments_of(daemon), std::vector<std::string>{"validate"});
  }
}

TEST(CommandLine, StartIsForTheOtherNames) {
  EXPECT_TRUE(contains(run_as("/usr/bin/simple-proxy-server", {"--help"}).out, "start"));
  EXPECT_FALSE(contains(run({"--help"}).out, "start "));
}

TEST(CommandLine, CompletionKnowsCommandsOptionsAndChoices) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome outcome = run({"completion", shell});
    EXPECT_EQ(outcome.code, 0);
    for (const char* part : {"backend add", "password-stdin", "wireguard", "runtime-dir",
                             "rule reorder", "redirect"}) {
      EXPECT_TRUE(contains(outcome.out, part)) << shell << ": " << part;
    }
  }
  EXPECT_TRUE(contains(run_as("simple-proxy-server", {"completion", "bash"}).out,
                       "complete -F _simple_proxy_server simple-proxy-server\n"));
}

}  // namespace
}  // namespace bulkhead::proxyctl

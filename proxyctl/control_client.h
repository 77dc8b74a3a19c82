// One question to the daemon and its whole answer, over the control socket. Blocks; needs no event
// loop.
#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proto/administration.h"
#include "proto/ban.h"
#include "proto/command.h"
#include "proto/crash.h"
#include "proto/stats.h"
#include "proxyctl/exit_code.h"

namespace bulkhead::proxyctl {

// An answer longer than this is refused.
inline constexpr std::size_t max_answer_rows = 1'000'000;
inline constexpr std::size_t max_answer_text = std::size_t{64} * 1024 * 1024;

// Rows in the order they came. Which kinds come, proto/command.h says. All of it is the daemon's
// word: for terminals only through printable().
struct Answer {
  std::vector<proto::StatusRow> status;
  std::vector<proto::WorkerRow> workers;
  std::vector<proto::ListenerRow> listeners;
  std::vector<proto::BackendRow> backends;
  std::vector<proto::RuleRow> rules;
  std::vector<proto::ConnectionRow> connections;
  std::vector<proto::CrashRow> crashes;
  std::vector<proto::StatsRow> stats;
  std::vector<proto::BanRow> bans;
  std::vector<proto::BackendStatsRow> backend_stats;
  std::vector<proto::DiagnosticRow> diagnostics;
  std::vector<proto::BackendTested> tests;
  std::vector<proto::UserRow> users;
  std::vector<proto::TokenRow> tokens;
  std::vector<proto::UsageRow> usage;
  std::vector<proto::MethodRow> methods;
  std::vector<proto::LockoutRow> lockouts;
  std::vector<proto::AuditRow> audit;
  std::string text;
  proto::Done done;  // may say that the command failed
};

struct Question {
  proto::CommandName name = proto::CommandName::status;
  std::vector<std::string> arguments;
};

// For the auth worker, on a channel of its own: what is secret does not pass by the supervisor.
struct AuthQuestion {
  proto::AuthCommandName name = proto::AuthCommandName::user_list;
  std::string user;
  platform::Secret password;
  std::vector<std::string> arguments;
};

// Connects, asks, and reads to the end; timeout is for all of it. A Failure is about the
// conversation; how the command went is in Answer::done.
tl::expected<Answer, Failure> ask(const std::string& runtime_directory, const Question& question,
                                  std::chrono::milliseconds timeout);
tl::expected<Answer, Failure> ask(const std::string& runtime_directory,
                                  const AuthQuestion& question, std::chrono::milliseconds timeout);

}  // namespace bulkhead::proxyctl

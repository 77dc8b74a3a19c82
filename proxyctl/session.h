// What every command has at hand: the global options, where output goes, and how the daemon is
// asked.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>

#include "proxyctl/control_client.h"
#include "proxyctl/exit_code.h"
#include "proxyctl/json_writer.h"

namespace bulkhead::proxyctl {

struct Session {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  // out is one: titles may be bold
  std::string runtime_directory;
  bool json = false;
  double timeout_s = 30;
  std::function<ExitCode()> command;  // the one that was chosen
};

// Says what went wrong: one line on err, and with --json {"ok": false, "exit_code", "error"} on
// out. A command that the daemon refused has more to say there: see views.h.
ExitCode fail(const Session& session, const Failure& failure);

// Asks, and shows the answer if the command went well. What the daemon says in text before a
// failure goes to err, or with --json into "output".
ExitCode ask_and_show(const Session& session, const Question& question,
                      const std::function<void(const Answer&)>& show);

ExitCode ask_and_show(const Session& session, const AuthQuestion& question,
                      const std::function<void(const Answer&)>& show);

// Says that it was done: the message, or with --json {"ok": true, "message"}.
void acknowledge(const Session& session, const Answer& answer);
// For commands whose answer is that: the daemon's message.
ExitCode ask_and_acknowledge(const Session& session, const Question& question);
ExitCode ask_and_acknowledge(const Session& session, const AuthQuestion& question);

}  // namespace bulkhead::proxyctl

// The pipe that is one worker's standard error. What comes out of it goes to our own: the worker's
// log lines as they are, anything else quoted (output_lines.h). The read end is all that is needed
// to go on reading elsewhere.
#pragma once

#include <string>

#include "platform/unique_fd.h"
#include "runtime/loop.h"
#include "runtime/socket.h"
#include "runtime/task.h"
#include "supervisor/output_lines.h"

namespace bulkhead::supervisor {

class WorkerOutput {
 public:
  // Takes the read end of platform::pipe_from_child(). name as in the worker's log.
  WorkerOutput(platform::UniqueFd pipe, std::string name, pid_t pid);

  int descriptor() const { return pipe_.fd(); }  // the read end

  // Passes on what comes, until the pipe's end or finish().
  runtime::Task<void> run();

  // The process has ended: passes on what it left in the pipe. Whoever else may hold the write end
  // is not waited for.
  void finish();

 private:
  enum class Got { something, nothing_yet, end };

  Got read_some();
  void say(const std::vector<OutputLines::Line>& lines);
  void report_loss();
  runtime::Task<void> read_on();

  std::string name_;
  pid_t pid_;
  runtime::Socket pipe_;
  OutputLines lines_;
  runtime::Deadline next_report_;
  runtime::CancelScope scope_;
  bool finished_ = false;
};

}  // namespace bulkhead::supervisor

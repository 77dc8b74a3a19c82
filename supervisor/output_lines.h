// Makes log lines of what a worker writes to its standard error. A worker that was broken into must
// not be able to write what looks like another process' line, to fill the disk, or to hold an
// endless line in our memory.
//
// A line in the form of the process log that names the worker and its pid is its own and is passed
// on as it is; anything else (a sanitizer's report, an abort message, a forgery) is text to be
// quoted in a line of ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "runtime/loop.h"

namespace bulkhead::supervisor {

class OutputLines {
 public:
  // What is longer is cut, and its rest left out.
  static constexpr std::size_t max_line = std::size_t{8} * 1024;
  // What one worker may write for long, in octets a second, and all at once.
  static constexpr std::size_t rate = std::size_t{128} << 10;
  static constexpr std::size_t burst = std::size_t{1} << 20;

  struct Line {
    bool own = false;  // a line of the log, by this worker
    std::string text;  // without its end
  };

  // name: "acceptor.0", what the worker calls its role in the log.
  OutputLines(std::string name, pid_t pid) : name_(std::move(name)), pid_(pid) {}

  // The lines that these octets complete. Lines beyond the rate are left out and counted.
  std::vector<Line> take(std::string_view octets, runtime::Deadline now);
  // The last line, if it had no end.
  std::vector<Line> end(runtime::Deadline now);
  // How many lines were left out since the last take_lost().
  std::uint64_t lost() const { return lost_; }
  std::uint64_t take_lost() { return std::exchange(lost_, 0); }

 private:
  void finish_line(std::vector<Line>& lines);
  void refill(runtime::Deadline now);

  std::string name_;
  pid_t pid_;
  std::string pending_;
  bool cut_ = false;  // of the pending line: there was more than max_line
  std::size_t allowed_ = burst;
  runtime::Deadline refilled_;
  std::uint64_t lost_ = 0;
};

}  // namespace bulkhead::supervisor

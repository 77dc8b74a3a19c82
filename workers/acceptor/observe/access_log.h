// Writes access log lines to a descriptor that the supervisor opened. Lines of one round of the
// loop go out in one write; a reader that stalls (a full pipe) costs lines, which are counted and
// reported, never the data path's time.
#pragma once

#include <cstdint>
#include <string>

#include "platform/unique_fd.h"
#include "runtime/loop.h"

namespace bulkhead::acceptor {

class AccessLog {
 public:
  // also_stdout: write to descriptor 1 as well (output: both).
  void set_destination(platform::UniqueFd descriptor) { descriptor_ = std::move(descriptor); }
  void set_also_stdout(bool on) { also_stdout_ = on; }

  void write(std::string_view line);
  // Writes what is kept; called once a round by itself, and before the process ends.
  void flush();

 private:
  static constexpr std::size_t max_kept = std::size_t{1} << 20;

  struct Loss {
    std::uint64_t lines = 0;
    int error = 0;      // errno; 0: nobody took them
    bool torn = false;  // the last line written is not whole
  };

  static bool write_some(int descriptor, std::string& pending, Loss& loss);
  void report_loss();
  void schedule();

  platform::UniqueFd descriptor_;
  bool also_stdout_ = false;
  std::string pending_, pending_stdout_;
  Loss file_loss_, stdout_loss_;
  runtime::Deadline next_report_;
  bool scheduled_ = false;
};

}  // namespace bulkhead::acceptor

// Writes access log lines to a descriptor that the supervisor opened. Lines of one round of the
// loop go out in one write; a reader that stalls (a full pipe) costs lines, which are counted and
// reported, never the data path's time.
#pragma once

#include <cstdint>
#include <string>

#include "platform/unique_fd.h"

namespace bulkhead::acceptor {

class AccessLog {
 public:
  // also_stdout: write to descriptor 1 as well (output: both).
  void set_destination(platform::UniqueFd descriptor) { descriptor_ = std::move(descriptor); }
  void set_also_stdout(bool on) { also_stdout_ = on; }

  void write(std::string line);
  // Writes what is kept; called once a round by itself, and before the process ends.
  void flush();

 private:
  static constexpr std::size_t max_kept = std::size_t{1} << 20;

  static bool write_some(int descriptor, std::string& pending);
  void schedule();

  platform::UniqueFd descriptor_;
  bool also_stdout_ = false;
  std::string pending_, pending_stdout_;
  std::uint64_t dropped_ = 0;
  bool scheduled_ = false;
};

}  // namespace bulkhead::acceptor

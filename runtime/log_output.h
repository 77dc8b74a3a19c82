// A descriptor that lines are written to without ever waiting long: a log whose reader has stopped
// (a full pipe, a terminal held with Ctrl-S) must not stop the process that writes it. The first
// line that finds no room waits a little, for a reader that is merely slow; those after it are
// counted and left out until there is room again.
//
// Safe to use from several threads; the descriptor is borrowed and must stay open.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>

namespace bulkhead::runtime {

class LogOutput {
 public:
  explicit LogOutput(int descriptor) : descriptor_(descriptor) {}

  // line ends with a line end. False: it was left out, whole or from some point on, and counted.
  bool put(std::string_view line);
  // The number of lines left out since the last call, once there is room to say so; 0 before.
  std::uint64_t take_lost();

 private:
  bool write_all(std::string_view line);

  int descriptor_;
  std::mutex mutex_;
  std::uint64_t lost_ = 0;
  bool torn_ = false;
};

}  // namespace bulkhead::runtime

// The terminal of a program that redraws itself: no echo, keys at once, a screen of its own; all as
// it was at the end, interrupted or not.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <termios.h>

namespace bulkhead::proxyctl {

class Terminal {
 public:
  // Takes over standard input and output. One at a time.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  struct Size {
    std::size_t rows = 24, columns = 80;
  };
  Size size() const;

  // Replaces what is shown; what does not fit is cut. Lines end in '\n'; escape sequences in them
  // have no width.
  void draw(const std::string& lines);

  // A key, or nothing by the deadline. An interrupt and the end of input are 'q'.
  std::optional<char> wait_key(std::chrono::steady_clock::time_point deadline);

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace bulkhead::proxyctl

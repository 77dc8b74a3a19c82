// What a worker may write to its standard error, in pieces of any size: whatever it is, no line is
// longer than the bound, and what counts as the worker's own says at its end, and there only, who
// wrote it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "supervisor/output_lines.h"

namespace {

using bulkhead::supervisor::OutputLines;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::vector<OutputLines::Line>& lines) {
  static constexpr std::string_view tail = " role=acceptor.0 pid=42";
  for (const OutputLines::Line& line : lines) {
    require(line.text.size() <= OutputLines::max_line + 3);
    require(line.text.find('\n') == std::string::npos);
    if (!line.own) continue;
    require(line.text.ends_with(tail) && line.text.starts_with("time="));
    require(std::all_of(line.text.begin(), line.text.end(),
                        [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} + data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  OutputLines lines("acceptor.0", 42);
  const auto now = bulkhead::runtime::Clock::now();
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    check(lines.take(text.substr(0, piece), now));
  check(lines.end(now));
  return 0;
}

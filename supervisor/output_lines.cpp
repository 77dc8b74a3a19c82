#include "supervisor/output_lines.h"

#include <algorithm>

#include "runtime/log.h"

namespace bulkhead::supervisor {
namespace {

// What a line costs beside its octets: a flood of empty ones is a flood, too.
constexpr std::size_t line_cost = 100;

}  // namespace

std::vector<OutputLines::Line> OutputLines::take(std::string_view octets, runtime::Deadline now) {
  refill(now);
  std::vector<Line> lines;
  while (!octets.empty()) {
    const auto line_end = octets.find('\n');
    const std::string_view part = octets.substr(0, line_end);
    const std::size_t room = max_line - pending_.size();
    pending_ += part.substr(0, room);
    if (part.size() > room) cut_ = true;
    if (line_end == std::string_view::npos) break;
    finish_line(lines);
    octets.remove_prefix(line_end + 1);
  }
  return lines;
}

std::vector<OutputLines::Line> OutputLines::end(runtime::Deadline now) {
  refill(now);
  std::vector<Line> lines;
  if (!pending_.empty()) finish_line(lines);
  return lines;
}

void OutputLines::finish_line(std::vector<Line>& lines) {
  const std::size_t cost = pending_.size() + line_cost;
  if (cost > allowed_) {
    ++lost_;
  } else {
    allowed_ -= cost;
    const bool own = !cut_ && runtime::log::is_line_of(pending_, name_, pid_);
    if (cut_) pending_ += "...";
    lines.push_back({own, std::move(pending_)});
  }
  pending_.clear();
  cut_ = false;
}

void OutputLines::refill(runtime::Deadline now) {
  using namespace std::chrono;
  if (refilled_ == runtime::Deadline{}) refilled_ = now;
  const auto passed = std::min(duration_cast<milliseconds>(now - refilled_), milliseconds(60'000));
  allowed_ = std::min(burst, allowed_ + static_cast<std::size_t>(passed.count()) * rate / 1000);
  refilled_ += passed;
}

}  // namespace bulkhead::supervisor

#include "wire/http1/head_reader.h"

#include <algorithm>

namespace bulkhead::wire::http1 {
namespace {

ParseError check_name_end(std::string_view line, std::size_t name_length) {
  const auto rest = line.substr(name_length);
  if (rest.empty()) return ParseError::missing_colon;
  if (rest.front() == ':')
    return name_length == 0 ? ParseError::empty_field_name : ParseError::none;
  if (rest.front() == '\r') return ParseError::bare_carriage_return;
  const auto after = rest.find_first_not_of(" \t");
  const bool before_colon = after != 0 && after != std::string_view::npos && rest[after] == ':';
  return before_colon ? ParseError::whitespace_before_colon : ParseError::invalid_field_name;
}

}  // namespace

ParseError parse_field_line(std::string_view line, Field& field) {
  if (!line.empty() && is_whitespace(line.front())) return ParseError::obsolete_line_folding;
  std::size_t name_length = 0;
  while (name_length < line.size() && octet::is(line[name_length], octet::token)) ++name_length;
  const ParseError error = check_name_end(line, name_length);
  if (error != ParseError::none) return error;
  field.name = line.substr(0, name_length);
  field.value = trim(line.substr(name_length + 1));
  const std::size_t control = find_control(field.value);
  if (control == std::string_view::npos) return ParseError::none;
  return field.value[control] == '\r' ? ParseError::bare_carriage_return
                                      : ParseError::control_octet_in_value;
}

HeadScanner::HeadScanner(const Limits& limits, const StartLineRules& rules)
    : limits_(limits), rules_(rules) {
  // A head always has room for its start line, so that which bound is hit first does not depend on
  // the pieces.
  constexpr std::size_t around_start_line = 16;
  limits_.max_start_line = std::min(limits_.max_start_line, Headers::max_octets / 4);
  limits_.max_head = std::clamp(limits_.max_head, limits_.max_start_line + around_start_line,
                                Headers::max_octets / 2);
  limits_.max_fields = std::min(limits_.max_fields, Headers::max_fields / 2);
}

void HeadScanner::reset() {
  line_start_ = scanned_ = empty_lines_ = 0;
  in_fields_ = false;
}

// The line's end has not come: whether it still may.
HeadScanner::Step HeadScanner::unfinished(std::string_view buffer) const {
  const std::size_t pending = buffer.size() - line_start_;
  // The line and the CR of its end, at most.
  if (!in_fields_ && pending > limits_.max_start_line + 1)
    return {Event::error, {}, rules_.too_long};
  if (buffer.size() >= limits_.max_head) return {Event::error, {}, ParseError::head_too_large};
  return {};
}

HeadScanner::Step HeadScanner::finish_start_line(std::string_view line) {
  if (line.empty()) {
    if (++empty_lines_ > rules_.max_empty_lines)
      return {Event::error, {}, ParseError::too_many_empty_lines};
    return {Event::need_more, {}, ParseError::none};
  }
  in_fields_ = true;
  return {Event::start_line, line, ParseError::none};
}

ParseError HeadScanner::check_line_end(std::string_view buffer, std::size_t line_feed) const {
  const bool too_long = line_feed - line_start_ > limits_.max_start_line + 1;
  if (!in_fields_ && too_long) return rules_.too_long;
  if (line_feed >= limits_.max_head) return ParseError::head_too_large;
  const bool strict = line_feed > line_start_ && buffer[line_feed - 1] == '\r';
  return strict ? ParseError::none : ParseError::bare_line_feed;
}

HeadScanner::Step HeadScanner::next(std::string_view buffer) {
  while (line_start_ < buffer.size()) {
    const char first = buffer[line_start_];
    // Not HTTP at all (a TLS greeting, say): no need to wait for a line end that may never come.
    if (!in_fields_ && first != '\r' && first != '\n' && !octet::is(first, octet::token)) {
      return {Event::error, {}, rules_.bad_first_octet};
    }
    const std::size_t line_feed = buffer.find('\n', std::max(scanned_, line_start_));
    scanned_ = std::min(line_feed, buffer.size());
    if (line_feed == std::string_view::npos) break;
    const ParseError error = check_line_end(buffer, line_feed);
    if (error != ParseError::none) return {Event::error, {}, error};
    const auto line = buffer.substr(line_start_, line_feed - 1 - line_start_);
    line_start_ = line_feed + 1;
    if (in_fields_) return {line.empty() ? Event::end : Event::field_line, line, ParseError::none};
    const Step step = finish_start_line(line);
    if (step.event != Event::need_more) return step;
  }
  return unfinished(buffer);
}

}  // namespace bulkhead::wire::http1

// Reading a head line by line from a buffer that grows (RFC 9112 section 2.2): what request and
// response parsers share.
//
// Each octet is looked at for a line end once, and a line is parsed once, when it is complete,
// whatever the pieces it arrived in; so a head costs linear time, an error shows with the line that
// holds it, and the result never depends on how the octets were split. Line ends are CRLF and
// nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/http1/headers.h"
#include "wire/http1/parse_error.h"

namespace bulkhead::wire::http1 {

// Bounds on one head, in octets. max_fields above Headers::max_fields / 2 and max_head above
// Headers::max_octets / 2 count as those halves, which leaves room for the fields a proxy adds; a
// max_head too small for max_start_line is raised.
struct Limits {
  std::size_t max_start_line = 8192;  // without its CRLF
  std::size_t max_head = 65536;       // everything up to and including the empty line
  std::size_t max_fields = 100;
};

// Octets that a parser's head has room for beyond what was read: a proxy adds fields of its own.
inline constexpr std::size_t room_to_add = 256;

struct ParseResult {
  enum class Status : std::uint8_t { need_more, complete, error };

  Status status = Status::need_more;
  std::size_t consumed = 0;             // octets of the head, when complete
  ParseError error = ParseError::none;  // when error

  static ParseResult complete(std::size_t consumed) {
    return {Status::complete, consumed, ParseError::none};
  }
  static ParseResult refused(ParseError error) { return {Status::error, 0, error}; }
};

// One "name: value" line without its CRLF. The field's views point into the line.
ParseError parse_field_line(std::string_view line, Field& field);

// What a start line is like: the difference between the two kinds of message.
struct StartLineRules {
  ParseError too_long;
  ParseError bad_first_octet;   // the line does not begin with a token octet
  std::size_t max_empty_lines;  // CRLFs tolerated before it
};

// Cuts a head into lines.
class HeadScanner {
 public:
  enum class Event : std::uint8_t { need_more, start_line, field_line, end, error };
  struct Step {
    Event event = Event::need_more;
    std::string_view line;  // into the buffer, without CRLF
    ParseError error = ParseError::none;
  };

  HeadScanner(const Limits& limits, const StartLineRules& rules);

  // buffer begins with the head's first octet and holds what earlier calls saw, and perhaps more.
  Step next(std::string_view buffer);

  std::size_t position() const { return line_start_; }  // octets of complete lines so far
  std::size_t max_fields() const { return limits_.max_fields; }
  void reset();

 private:
  Step unfinished(std::string_view buffer) const;
  ParseError check_line_end(std::string_view buffer, std::size_t line_feed) const;
  Step finish_start_line(std::string_view line);

  Limits limits_;
  StartLineRules rules_;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;  // no LF between line_start_ and here
  std::size_t empty_lines_ = 0;
  bool in_fields_ = false;
};

// Drives a scanner: on_start_line(line) and on_end() return a ParseError. Fields are added to
// headers.
template <typename OnStartLine, typename OnEnd>
ParseResult read_head(HeadScanner& scanner, std::string_view buffer, Headers& headers,
                      OnStartLine on_start_line, OnEnd on_end) {
  using Event = HeadScanner::Event;
  while (true) {
    const HeadScanner::Step step = scanner.next(buffer);
    ParseError error = step.error;
    if (step.event == Event::need_more) return {};
    if (step.event == Event::start_line) error = on_start_line(step.line);
    if (step.event == Event::end) error = on_end();
    if (step.event == Event::field_line) {
      Field field;
      error = parse_field_line(step.line, field);
      if (error == ParseError::none &&
          (headers.size() >= scanner.max_fields() || !headers.add_parsed(field))) {
        error = ParseError::too_many_fields;
      }
    }
    if (error != ParseError::none) return ParseResult::refused(error);
    if (step.event == Event::end) return ParseResult::complete(scanner.position());
  }
}

}  // namespace bulkhead::wire::http1

#include "wire/http1/chunked.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

#include "wire/http1/head_reader.h"

namespace bulkhead::wire::http1 {
namespace {

constexpr std::size_t max_size_digits = 16;

constexpr std::array<std::string_view, 3> refused_trailers{"Content-Length", "Transfer-Encoding",
                                                           "Host"};

// RFC 9110 section 6.5.1: framing, routing, request modifiers, authentication, content format and
// control.
constexpr std::array<std::string_view, 33> dropped_trailers{"Age",
                                                            "Authorization",
                                                            "Cache-Control",
                                                            "Connection",
                                                            "Content-Encoding",
                                                            "Content-Range",
                                                            "Content-Type",
                                                            "Cookie",
                                                            "Date",
                                                            "Expect",
                                                            "Expires",
                                                            "Forwarded",
                                                            "If-Match",
                                                            "If-Modified-Since",
                                                            "If-None-Match",
                                                            "If-Range",
                                                            "If-Unmodified-Since",
                                                            "Keep-Alive",
                                                            "Location",
                                                            "Max-Forwards",
                                                            "Pragma",
                                                            "Proxy-Authenticate",
                                                            "Proxy-Authorization",
                                                            "Proxy-Connection",
                                                            "Range",
                                                            "Retry-After",
                                                            "Set-Cookie",
                                                            "TE",
                                                            "Trailer",
                                                            "Upgrade",
                                                            "Via",
                                                            "WWW-Authenticate",
                                                            "X-Forwarded-For"};

template <std::size_t Size>
bool names(const std::array<std::string_view, Size>& table, std::string_view name) {
  return std::any_of(table.begin(), table.end(),
                     [&](auto entry) { return equals_ignoring_case(entry, name); });
}

std::uint64_t hex_value(char c) {
  const int value = is_digit(c) ? c - '0' : lower(c) - 'a' + 10;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

ParseError ChunkedDecoder::add_digit(char c) {
  constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();
  if (++digits_ > max_size_digits || remaining_ > highest >> 4)
    return ParseError::chunk_size_overflow;
  remaining_ = remaining_ << 4 | hex_value(c);
  state_ = State::size;
  return ParseError::none;
}

ParseError ChunkedDecoder::take_size_start(char c) {
  remaining_ = digits_ = line_octets_ = 0;
  if (octet::is(c, octet::hex_digit)) return add_digit(c);
  const bool missing = c == '\r' || c == '\n' || c == ';';
  return missing ? ParseError::missing_chunk_size : ParseError::invalid_chunk_size;
}

ParseError ChunkedDecoder::take_size(char c) {
  if (octet::is(c, octet::hex_digit)) return add_digit(c);
  if (c == '\r') {
    state_ = State::size_line_feed;
    return ParseError::none;
  }
  if (c == '\n') return ParseError::bare_line_feed;
  if (c != ';' && !is_whitespace(c)) return ParseError::invalid_chunk_size;
  state_ = c == ';' ? State::extension : State::before_extension;
  return ParseError::none;
}

// White space after a size is there for an extension to follow (BWS), or else it is padding, which
// is refused.
ParseError ChunkedDecoder::take_before_extension(char c) {
  if (c == '\n') return ParseError::bare_line_feed;
  if (c == ';') {
    state_ = State::extension;
  } else if (!is_whitespace(c)) {
    return ParseError::invalid_chunk_extension;
  }
  return ParseError::none;
}

ParseError ChunkedDecoder::take_extension(char c) {
  if (c == '\r') {
    state_ = State::size_line_feed;
    return ParseError::none;
  }
  if (c == '\n') return ParseError::bare_line_feed;
  if (find_control({&c, 1}) == 0) return ParseError::invalid_chunk_extension;
  return ++extension_octets_ > limits_.max_extensions ? ParseError::chunk_extensions_too_large
                                                      : ParseError::none;
}

ParseError ChunkedDecoder::take_size_line_feed(char c) {
  if (c != '\n') return ParseError::bare_carriage_return;
  state_ = remaining_ == 0 ? State::trailer : State::data;
  return ParseError::none;
}

ParseError ChunkedDecoder::take_terminator(char c) {
  const bool first = state_ == State::data_carriage_return;
  if (c != (first ? '\r' : '\n')) return ParseError::missing_chunk_terminator;
  state_ = first ? State::data_line_feed : State::size_start;
  return ParseError::none;
}

ParseError ChunkedDecoder::finish_trailer_line() {
  if (trailer_line_.empty() || trailer_line_.back() != '\r') return ParseError::bare_line_feed;
  trailer_line_.pop_back();
  if (trailer_line_.empty()) {
    state_ = State::done;
    return ParseError::none;
  }
  Field field;
  const ParseError error = parse_field_line(trailer_line_, field);
  if (error != ParseError::none) return error;
  if (names(refused_trailers, field.name)) return ParseError::forbidden_trailer_field;
  if (!names(dropped_trailers, field.name)) {
    if (trailers_.size() >= limits_.max_trailer_fields) return ParseError::trailers_too_large;
    if (!trailers_.add_parsed(field)) return ParseError::trailers_too_large;
  }
  trailer_line_.clear();
  return ParseError::none;
}

ParseError ChunkedDecoder::take_trailer(char c) {
  if (++trailer_octets_ > limits_.max_trailers) return ParseError::trailers_too_large;
  if (c == '\n') return finish_trailer_line();
  trailer_line_.push_back(c);
  return ParseError::none;
}

ParseError ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::trailer:
      return take_trailer(c);
    case State::data_carriage_return:
    case State::data_line_feed:
      return take_terminator(c);
    case State::size_start:
      return take_size_start(c);
    default:
      break;
  }
  if (++line_octets_ > limits_.max_line) return ParseError::chunk_line_too_long;
  switch (state_) {
    case State::size:
      return take_size(c);
    case State::before_extension:
      return take_before_extension(c);
    case State::extension:
      return take_extension(c);
    default:
      return take_size_line_feed(c);
  }
}

std::string_view ChunkedDecoder::take_data(std::string_view input) {
  const auto payload =
      input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size())));
  remaining_ -= payload.size();
  if (remaining_ == 0) state_ = State::data_carriage_return;
  return payload;
}

BodyStep ChunkedDecoder::feed(std::string_view input) {
  BodyStep step;
  while (step.consumed < input.size() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::data) {
      step.payload = take_data(input.substr(step.consumed));
      step.consumed += step.payload.size();
      break;
    }
    error_ = take(input[step.consumed]);
    if (error_ != ParseError::none) state_ = State::failed;
    ++step.consumed;
  }
  step.done = done();
  step.error = error_;
  return step;
}

ChunkHeader::ChunkHeader(std::uint64_t size) {
  assert(size > 0);
  char* const end = std::to_chars(octets_.data(), octets_.data() + 16, size, 16).ptr;
  std::copy(chunk_terminator.begin(), chunk_terminator.end(), end);
  length_ = static_cast<std::size_t>(end - octets_.data()) + chunk_terminator.size();
}

void append_chunk(std::string& out, std::string_view payload) {
  if (payload.empty()) return;
  out.append(ChunkHeader(payload.size()).view()).append(payload).append(chunk_terminator);
}

void append_last_chunk(std::string& out, const Headers& trailers) {
  out.append("0\r\n");
  trailers.for_each([&](const Field& field) {
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  });
  out.append("\r\n");
}

}  // namespace bulkhead::wire::http1

// The chunked transfer coding (RFC 9112 section 7.1), both directions.
//
// The decoder is stricter than most: sizes are hex digits only, line ends are CRLF only, extensions
// are checked for control octets, counted and skipped, trailers are bounded and those that would
// change framing, routing or trust are not taken.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1/headers.h"
#include "wire/http1/parse_error.h"

namespace bulkhead::wire::http1 {

struct ChunkLimits {
  std::size_t max_line = 1024;  // octets of one size line with its extensions
  std::size_t max_extensions =
      16384;  // octets of all extensions of a body: they are work without content
  std::size_t max_trailers = 8192;  // octets of the trailer section
  std::size_t max_trailer_fields = 32;
};

// One step of decoding. `payload` points into the input; raw octets are the first `consumed` of the
// input. While the body is not done and there is no error, input that is not empty is always
// consumed by at least one octet.
struct BodyStep {
  std::size_t consumed = 0;
  std::string_view payload;
  bool done = false;                    // the body ended with the last octet consumed
  ParseError error = ParseError::none;  // the connection cannot be used further
};

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const ChunkLimits& limits = {}) : limits_(limits) {}

  // Takes octets up to the end of one run of payload, of the body or of the input, whichever comes
  // first. Errors stay.
  BodyStep feed(std::string_view input);

  bool done() const { return state_ == State::done; }

  // What came after the last chunk. Refused are Content-Length, Transfer-Encoding and Host; quietly
  // dropped are the other fields RFC 9110 section 6.5.1 bars from trailers.
  const Headers& trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    before_extension,
    extension,
    size_line_feed,
    data,
    data_carriage_return,
    data_line_feed,
    trailer,
    done,
    failed
  };

  ParseError take(char c);
  ParseError take_size_start(char c);
  ParseError take_size(char c);
  ParseError take_before_extension(char c);
  ParseError take_extension(char c);
  ParseError take_size_line_feed(char c);
  ParseError take_terminator(char c);
  ParseError take_trailer(char c);
  ParseError add_digit(char c);
  ParseError finish_trailer_line();
  std::string_view take_data(std::string_view input);

  ChunkLimits limits_;
  State state_ = State::size_start;
  ParseError error_ = ParseError::none;
  std::uint64_t remaining_ = 0;  // of the current chunk
  std::size_t digits_ = 0;
  std::size_t line_octets_ = 0;
  std::size_t extension_octets_ = 0;
  std::size_t trailer_octets_ = 0;
  std::string trailer_line_;
  Headers trailers_;
};

// The line before a chunk of `size` octets, which must be followed by chunk_terminator. Allocates
// nothing.
class ChunkHeader {
 public:
  explicit ChunkHeader(std::uint64_t size);  // size > 0: a chunk of nothing would end the body
  std::string_view view() const { return {octets_.data(), length_}; }

 private:
  std::array<char, 18> octets_{};
  std::size_t length_ = 0;
};

inline constexpr std::string_view chunk_terminator = "\r\n";

void append_chunk(std::string& out, std::string_view payload);  // nothing for an empty payload
void append_last_chunk(std::string& out, const Headers& trailers = {});  // ends the body

}  // namespace bulkhead::wire::http1

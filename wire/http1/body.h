// Reading a body whatever delimits it (RFC 9112 section 6.3).
#pragma once

#include "wire/http1/chunked.h"
#include "wire/http1/framing.h"

namespace bulkhead::wire::http1 {

// Feed it what follows the head, in pieces of any size. What it does not consume belongs to the
// next message. Passing on `payload` re-frames a body; passing on the consumed octets of the input
// keeps it as it is.
class BodyDecoder {
 public:
  explicit BodyDecoder(BodyFraming framing = {}, const ChunkLimits& limits = {});

  // As ChunkedDecoder::feed. A body of no octets is done from the start and consumes nothing.
  BodyStep feed(std::string_view input);

  // The sender closed its side: true if that leaves a whole body, false if it was cut short.
  bool end_of_input();

  bool done() const { return done_; }
  std::uint64_t payload_octets() const { return payload_octets_; }  // so far
  std::uint64_t raw_octets() const { return raw_octets_; }  // so far, with chunk lines and trailers

  // Octets still to come for Kind::length; 0 for the other kinds.
  std::uint64_t remaining() const { return remaining_; }

  const Headers& trailers() const { return chunked_.trailers(); }  // complete when done

 private:
  BodyStep feed_length(std::string_view input);

  BodyFraming::Kind kind_;
  bool done_;
  std::uint64_t remaining_;
  std::uint64_t payload_octets_ = 0;
  std::uint64_t raw_octets_ = 0;
  ChunkedDecoder chunked_;
};

}  // namespace bulkhead::wire::http1

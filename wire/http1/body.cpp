#include "wire/http1/body.h"

#include <algorithm>

namespace bulkhead::wire::http1 {

BodyDecoder::BodyDecoder(BodyFraming framing, const ChunkLimits& limits)
    : kind_(framing.kind),
      done_(!framing.has_body()),
      remaining_(framing.length),
      chunked_(limits) {}

BodyStep BodyDecoder::feed_length(std::string_view input) {
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
  remaining_ -= length;
  return {length, input.substr(0, length), remaining_ == 0, ParseError::none};
}

BodyStep BodyDecoder::feed(std::string_view input) {
  BodyStep step;
  if (done_) {
    step.done = true;
    return step;
  }
  if (kind_ == BodyFraming::Kind::length) step = feed_length(input);
  if (kind_ == BodyFraming::Kind::chunked) step = chunked_.feed(input);
  if (kind_ == BodyFraming::Kind::until_close)
    step = {input.size(), input, false, ParseError::none};
  done_ = step.done;
  payload_octets_ += step.payload.size();
  raw_octets_ += step.consumed;
  return step;
}

bool BodyDecoder::end_of_input() {
  if (kind_ == BodyFraming::Kind::until_close) done_ = true;
  return done_;
}

}  // namespace bulkhead::wire::http1

#include "ipc/page/keyed_hash.h"

#include <bit>

namespace bulkhead::ipc {
namespace {

class SipState {
 public:
  explicit SipState(HashKey key)
      : v0_(key.first ^ 0x736f6d6570736575),
        v1_(key.second ^ 0x646f72616e646f6d),
        v2_(key.first ^ 0x6c7967656e657261),
        v3_(key.second ^ 0x7465646279746573) {}

  void compress(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  std::uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

// Little-endian; at most eight octets.
std::uint64_t word_of(std::span<const std::uint8_t> octets) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) word |= std::uint64_t{octets[i]} << (8 * i);
  return word;
}

}  // namespace

std::uint64_t keyed_hash(HashKey key, std::span<const std::uint8_t> octets) {
  SipState state(key);
  const std::uint64_t length = octets.size();
  for (; octets.size() >= 8; octets = octets.subspan(8)) state.compress(word_of(octets.first(8)));
  state.compress(word_of(octets) | length << 56);
  return state.finish();
}

}  // namespace bulkhead::ipc

// What every binary codec of this floor is written with: the outcome of parsing a message that may
// not be all there yet, a cursor that cannot read past its end, and a buffer of fixed capacity to
// build a message in.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace bulkhead::wire {

struct NeedMore {};
inline constexpr NeedMore need_more{};

// What came of parsing the octets that have arrived: need more of them, the message and how many
// octets it took, or an error. Parsers keep no state: the caller calls again from the first octet
// when more have arrived. More octets never change an outcome other than need-more. Octets beyond
// consumed() belong to what follows. A Message with spans in it points into the octets that were
// given to the parser.
template <typename Message, typename Error>
class [[nodiscard]] Parsed {
 public:
  Parsed(NeedMore) {}
  Parsed(Error error) : outcome_(error) {}
  Parsed(Message message, std::size_t consumed) : outcome_(Whole{std::move(message), consumed}) {}

  bool needs_more() const { return std::holds_alternative<NeedMore>(outcome_); }
  bool is_error() const { return std::holds_alternative<Error>(outcome_); }
  bool is_complete() const { return std::holds_alternative<Whole>(outcome_); }

  // Only of a complete message; std::bad_variant_access otherwise.
  const Message& message() const { return std::get<Whole>(outcome_).message; }
  std::size_t consumed() const { return std::get<Whole>(outcome_).consumed; }
  // Only of an error.
  Error error() const { return std::get<Error>(outcome_); }

 private:
  struct Whole {
    Message message;
    std::size_t consumed;
  };
  std::variant<NeedMore, Error, Whole> outcome_;
};

// Reads numbers in network order and runs of octets. After it ran out it yields zeros and empty
// spans, so a parser may read several fields and ask once.
class OctetReader {
 public:
  // Keeps a view: the octets must outlive the reader and every span it yields.
  explicit OctetReader(std::span<const std::uint8_t> octets) : octets_(octets) {}

  std::uint8_t u8() {
    const auto octet = take(1);
    return octet.empty() ? std::uint8_t{0} : octet[0];
  }
  std::uint16_t u16() {
    const auto octets = take(2);
    return octets.empty() ? std::uint16_t{0}
                          : static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
  }
  std::span<const std::uint8_t> take(std::size_t count) {
    if (ran_out_ || count > octets_.size() - position_) {
      ran_out_ = true;
      return {};
    }
    const auto taken = octets_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  std::span<const std::uint8_t> rest() const { return octets_.subspan(position_); }
  std::size_t consumed() const { return position_; }
  bool ran_out() const { return ran_out_; }

 private:
  std::span<const std::uint8_t> octets_;
  std::size_t position_ = 0;
  bool ran_out_ = false;
};

// A message being built, without the heap. Capacity is the longest the message can be, so a put()
// that does not fit is a defect of the builder and aborts.
template <std::size_t Capacity>
class OctetBuffer {
 public:
  void put_u8(std::uint8_t value) { put(std::span(&value, 1)); }
  void put_u16(std::uint16_t value) {
    const std::array octets{static_cast<std::uint8_t>(value >> 8),
                            static_cast<std::uint8_t>(value)};
    put(octets);
  }
  void put(std::span<const std::uint8_t> octets) {
    if (octets.size() > Capacity - size_) std::abort();
    std::copy(octets.begin(), octets.end(), octets_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += octets.size();
  }
  void put(std::string_view text) {
    put(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }

  // Overwrites what was built in a way the compiler must not leave out; for messages that hold a
  // secret.
  void wipe() {
    volatile std::uint8_t* octet = octets_.data();
    for (std::size_t i = 0; i < Capacity; ++i) octet[i] = 0;
    size_ = 0;
  }

  // Valid as long as the buffer, and until the next put().
  std::span<const std::uint8_t> octets() const { return std::span(octets_).first(size_); }
  std::size_t size() const { return size_; }

 private:
  std::array<std::uint8_t, Capacity> octets_{};
  std::size_t size_ = 0;
};

inline std::string_view as_text(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace bulkhead::wire

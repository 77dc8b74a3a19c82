// How messages between the processes are written: fixed little-endian integers, length-prefixed
// bounded text and lists, nothing else. A message is a plain struct:
//
//   struct OpenTcp {
//     static constexpr MessageType type = MessageType::open_tcp;
//     Text<64> backend; std::uint16_t port = 0;
//     static auto fields(auto& self) { return std::tie(self.backend, self.port); }
//   };
//
// decode() accepts a body only if every bound holds and nothing is left over.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "platform/secret.h"
#include "wire/address.h"

namespace bulkhead::proto {

using Bytes = std::vector<std::uint8_t>;

// Largest message on any channel, header included.
inline constexpr std::size_t max_message_bytes = std::size_t{64} * 1024;

// Text of at most Max octets. Longer text is cut when it is set: a message is always sendable.
template <std::size_t Max>
struct Text {
  static_assert(Max <= 60'000);
  std::string value;

  Text() = default;
  Text(std::string_view text) : value(text.substr(0, Max)) {}
  Text(const std::string& text) : Text(std::string_view(text)) {}
  Text(const char* text) : Text(std::string_view(text)) {}
  friend bool operator==(const Text&, const Text&) = default;
};

// The same for what must not be seen. Messages that hold one say `secret = true`: whoever sends
// them wipes what was encoded.
template <std::size_t Max>
struct SecretText {
  static_assert(Max <= 60'000);
  platform::Secret value;

  SecretText() = default;
  explicit SecretText(std::string_view text) : value(text.substr(0, Max)) {}
  friend bool operator==(const SecretText&, const SecretText&) = default;
};

template <typename Message>
inline constexpr bool is_secret = requires { requires Message::secret; };

// At most Max items; push() beyond that is refused.
template <typename T, std::size_t Max>
struct List {
  std::vector<T> items;

  bool push(T item) {
    if (items.size() >= Max) return false;
    items.push_back(std::move(item));
    return true;
  }
  friend bool operator==(const List&, const List&) = default;
};

class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  template <std::unsigned_integral T>
  void put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  template <std::signed_integral T>
  void put(T value) {
    put(static_cast<std::make_unsigned_t<T>>(value));
  }
  void put(bool value) { out_.push_back(value ? 1 : 0); }
  template <typename T>
    requires std::is_enum_v<T>
  void put(T value) {
    put(static_cast<std::underlying_type_t<T>>(value));
  }
  template <std::size_t Max>
  void put(const Text<Max>& text) {
    const std::string_view sent = std::string_view(text.value).substr(0, Max);
    put(static_cast<std::uint16_t>(sent.size()));
    out_.insert(out_.end(), sent.begin(), sent.end());
  }
  template <std::size_t Max>
  void put(const SecretText<Max>& text) {
    const std::string_view sent = text.value.reveal().substr(0, Max);
    put(static_cast<std::uint16_t>(sent.size()));
    out_.insert(out_.end(), sent.begin(), sent.end());
  }
  template <typename T, std::size_t Max>
  void put(const List<T, Max>& list) {
    static_assert(Max <= 0xffff);
    const std::size_t sent = std::min(list.items.size(), Max);
    put(static_cast<std::uint16_t>(sent));
    for (std::size_t i = 0; i < sent; ++i) put(list.items[i]);
  }
  void put(const wire::Endpoint& endpoint) {
    const auto bytes = endpoint.address.bytes();
    put(static_cast<std::uint8_t>(bytes.size()));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    put(endpoint.port);
  }
  template <typename T>
    requires requires(const T& t) { T::fields(t); }
  void put(const T& nested) {
    std::apply([this](const auto&... field) { (put(field), ...); }, T::fields(nested));
  }

 private:
  Bytes& out_;
};

// Reads what Writer wrote. After the first failure every get() fails.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> in) : in_(in) {}

  bool at_end() const { return !failed_ && in_.empty(); }

  template <std::unsigned_integral T>
  bool get(T& value) {
    if (in_.size() < sizeof(T)) return fail();
    std::uint64_t read = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) read |= std::uint64_t{in_[i]} << (8 * i);
    value = static_cast<T>(read);
    in_ = in_.subspan(sizeof(T));
    return true;
  }
  template <std::signed_integral T>
  bool get(T& value) {
    std::make_unsigned_t<T> read = 0;
    if (!get(read)) return false;
    value = static_cast<T>(read);
    return true;
  }
  bool get(bool& value) {
    std::uint8_t read = 0;
    if (!get(read)) return false;
    if (read > 1) return fail();
    value = read == 1;
    return true;
  }
  // An enum of a message ends with `end_`; anything from there on is refused.
  template <typename T>
    requires std::is_enum_v<T>
  bool get(T& value) {
    std::underlying_type_t<T> read = 0;
    if (!get(read)) return false;
    if (read >= static_cast<std::underlying_type_t<T>>(T::end_)) return fail();
    value = static_cast<T>(read);
    return true;
  }
  template <std::size_t Max>
  bool get(Text<Max>& text) {
    std::uint16_t size = 0;
    if (!get(size)) return false;
    if (size > Max || size > in_.size()) return fail();
    text.value.assign(reinterpret_cast<const char*>(in_.data()), size);
    in_ = in_.subspan(size);
    return true;
  }
  template <std::size_t Max>
  bool get(SecretText<Max>& text) {
    std::uint16_t size = 0;
    if (!get(size)) return false;
    if (size > Max || size > in_.size()) return fail();
    text.value =
        platform::Secret(std::string_view(reinterpret_cast<const char*>(in_.data()), size));
    in_ = in_.subspan(size);
    return true;
  }
  template <typename T, std::size_t Max>
  bool get(List<T, Max>& list) {
    std::uint16_t count = 0;
    if (!get(count)) return false;
    if (count > Max) return fail();
    list.items.clear();
    for (std::uint16_t i = 0; i < count; ++i) {
      T item{};
      if (!get(item)) return false;
      list.items.push_back(std::move(item));
    }
    return true;
  }
  bool get(wire::Endpoint& endpoint) {
    std::uint8_t size = 0;
    if (!get(size)) return false;
    if ((size != 4 && size != 16) || size > in_.size()) return fail();
    endpoint.address =
        size == 4 ? wire::IpAddress::v4(in_.first<4>()) : wire::IpAddress::v6(in_.first<16>());
    // An IPv4 address has one form only: as IPv4-mapped IPv6 it is refused.
    if (endpoint.address.bytes().size() != size) return fail();
    in_ = in_.subspan(size);
    return get(endpoint.port);
  }
  template <typename T>
    requires requires(T& t) { T::fields(t); }
  bool get(T& nested) {
    return std::apply([this](auto&... field) { return (get(field) && ...); }, T::fields(nested));
  }

 private:
  bool fail() {
    failed_ = true;
    in_ = {};
    return false;
  }

  std::span<const std::uint8_t> in_;
  bool failed_ = false;
};

// Every message begins with this. id ties a reply to its request; 0 asks for no reply.
struct Header {
  std::uint16_t type = 0;
  std::uint32_t id = 0;
  static auto fields(auto& self) { return std::tie(self.type, self.id); }
};
inline constexpr std::size_t header_bytes = 6;

template <typename Message>
Bytes encode(const Message& message, std::uint32_t id) {
  Bytes out;
  // Growing would leave copies behind.
  if constexpr (is_secret<Message>) out.reserve(max_message_bytes);
  Writer writer(out);
  writer.put(Header{static_cast<std::uint16_t>(Message::type), id});
  writer.put(message);
  return out;
}

template <typename Message>
std::optional<Message> decode(std::span<const std::uint8_t> body) {
  Reader reader(body);
  Message message;
  if (!reader.get(message) || !reader.at_end()) return std::nullopt;
  return message;
}

}  // namespace bulkhead::proto

// What a structure's encoding looks like, in words: "{u16 text<64> list<512 i32>}". For tests that
// notice when a layout changes which another version of the program reads.
//
// Tells the kinds, bounds and order of what is encoded, and how many values an enum has; not names,
// so it does not see two fields of one kind change places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "proto/codec.h"

namespace bulkhead::proto {

template <typename T>
struct Layout;

template <typename T>
std::string layout_of() {
  return Layout<T>::words();
}

template <typename T>
  requires std::is_integral_v<T>
struct Layout<T> {
  static std::string words() {
    if (std::is_same_v<T, bool>) return "bool";
    return (std::is_signed_v<T> ? 'i' : 'u') + std::to_string(8 * sizeof(T));
  }
};

template <typename T>
  requires std::is_enum_v<T>
struct Layout<T> {
  static std::string words() {
    return "enum<" + layout_of<std::underlying_type_t<T>>() + ' ' +
           std::to_string(static_cast<unsigned>(T::end_)) + '>';
  }
};

template <std::size_t Max>
struct Layout<Text<Max>> {
  static std::string words() { return "text<" + std::to_string(Max) + '>'; }
};

template <std::size_t Max>
struct Layout<SecretText<Max>> {
  static std::string words() { return "secret<" + std::to_string(Max) + '>'; }
};

template <typename T, std::size_t Max>
struct Layout<List<T, Max>> {
  static std::string words() { return "list<" + std::to_string(Max) + ' ' + layout_of<T>() + '>'; }
};

template <>
struct Layout<wire::Endpoint> {
  static std::string words() { return "endpoint"; }
};

template <typename T>
  requires requires(const T& t) { T::fields(t); }
struct Layout<T> {
  static std::string words() {
    const T value{};
    std::string all;
    const auto add = [&all](const auto& field) {
      all += (all.empty() ? "" : " ") + layout_of<std::decay_t<decltype(field)>>();
    };
    std::apply([&add](const auto&... field) { (add(field), ...); }, T::fields(value));
    return '{' + all + '}';
  }
};

// FNV-1a: what a test writes down.
inline std::uint64_t digest_of(std::string_view layout) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const char each : layout) {
    digest ^= static_cast<unsigned char>(each);
    digest *= 0x100000001b3;
  }
  return digest;
}

template <typename T>
std::uint64_t layout_digest() {
  return digest_of(layout_of<T>());
}

}  // namespace bulkhead::proto

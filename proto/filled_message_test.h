// Messages with every field set to its largest value, and their comparison field by field; for
// tests.
#pragma once

#include <limits>
#include <string>

#include "proto/codec.h"

namespace bulkhead::proto {

template <typename T>
concept HasFields = requires(T& t) { T::fields(t); };

template <typename T>
void fill(T& value);

template <std::size_t Max>
void fill(Text<Max>& text) {
  text = std::string(Max, 'x');
}
template <std::size_t Max>
void fill(SecretText<Max>& text) {
  text = SecretText<Max>(std::string(Max, 'x'));
}
inline void fill(wire::Endpoint& endpoint) {
  endpoint = *wire::Endpoint::parse("[2001:db8::1]:65535");
}

// As many items as the list may have, as long as the largest message holds them.
template <typename T, std::size_t Max>
void fill(List<T, Max>& list) {
  T item{};
  fill(item);
  Bytes one;
  Writer(one).put(item);
  const std::size_t count = std::min(Max, std::size_t{60'000} / one.size());
  for (std::size_t i = 0; i < count; ++i) list.push(item);
}

template <typename T>
void fill(T& value) {
  if constexpr (HasFields<T>) {
    std::apply([](auto&... field) { (fill(field), ...); }, T::fields(value));
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(static_cast<std::underlying_type_t<T>>(T::end_) - 1);
  } else {
    value = std::numeric_limits<T>::max();
  }
}

template <HasFields T>
bool equal(const T& left, const T& right);

template <typename T>
bool equal(const T& left, const T& right) {
  return left == right;
}
template <typename T, std::size_t Max>
bool equal(const List<T, Max>& left, const List<T, Max>& right) {
  return std::equal(left.items.begin(), left.items.end(), right.items.begin(), right.items.end(),
                    [](const T& a, const T& b) { return equal(a, b); });
}
template <HasFields T>
bool equal(const T& left, const T& right) {
  return std::apply(
      [&](const auto&... a) {
        return std::apply([&](const auto&... b) { return (equal(a, b) && ...); }, T::fields(right));
      },
      T::fields(left));
}

}  // namespace bulkhead::proto

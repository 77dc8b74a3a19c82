#include "ipc/page/limits_page.h"

#include <array>
#include <vector>

namespace bulkhead::ipc {
namespace {

constexpr std::size_t ipv6_network_octets = 8;  // one customer has at least a /64
constexpr std::uint8_t kind_user = 'u';
constexpr std::uint8_t kind_v4 = '4';
constexpr std::uint8_t kind_v6 = '6';

std::uint64_t not_zero(std::uint64_t hash) {
  return hash == 0 ? 1 : hash;
}

// The finalizer of SplitMix64: one subject's keys are spread as well as the subjects are.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::uint64_t subject_of(HashKey secret, const wire::IpAddress& address) {
  const auto octets = address.bytes();
  std::array<std::uint8_t, 1 + ipv6_network_octets> text{};
  text[0] = address.is_v4() ? kind_v4 : kind_v6;
  const std::size_t size = std::min(octets.size(), ipv6_network_octets);
  std::copy_n(octets.begin(), size, text.begin() + 1);
  return not_zero(keyed_hash(secret, std::span(text).first(1 + size)));
}

std::uint64_t subject_of(HashKey secret, std::string_view user) {
  std::vector<std::uint8_t> text{kind_user};
  text.insert(text.end(), user.begin(), user.end());
  return not_zero(keyed_hash(secret, text));
}

std::uint64_t key_of(std::uint64_t subject, LimitScope scope, std::uint32_t detail) {
  const std::uint64_t which = (std::uint64_t{detail} << 8) | static_cast<std::uint64_t>(scope);
  return not_zero(mixed(subject + which * 0x9e3779b97f4a7c15));
}

}  // namespace bulkhead::ipc

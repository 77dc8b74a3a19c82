// Durations, sizes, ports, URLs and domain patterns as text.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "config/text.h"
#include "wire/host_name.h"

namespace bulkhead::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Longest names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 5> durations = {
    {{"ms", 1}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};
constexpr std::array<Unit, 10> sizes = {{{"KiB", 1ULL << 10},
                                         {"MiB", 1ULL << 20},
                                         {"GiB", 1ULL << 30},
                                         {"KB", 1'000},
                                         {"kB", 1'000},
                                         {"MB", 1'000'000},
                                         {"GB", 1'000'000'000},
                                         {"K", 1ULL << 10},
                                         {"M", 1ULL << 20},
                                         {"B", 1}}};

// Takes a whole number from the front of text.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::size_t N>
std::optional<std::uint64_t> take_unit(std::string_view& text, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.factor;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> product(std::uint64_t number, std::uint64_t factor,
                                     std::uint64_t limit) {
  if (number > limit / factor) return std::nullopt;
  return number * factor;
}

template <std::size_t N>
std::string largest_unit(std::uint64_t number, const std::array<Unit, N>& units,
                         std::string_view base) {
  for (const Unit& unit : units)
    if (number != 0 && unit.factor > 1 && number % unit.factor == 0)
      return std::to_string(number / unit.factor) + std::string(unit.name);
  return std::to_string(number) + std::string(base);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  constexpr std::uint64_t limit = std::uint64_t{3650} * 86'400'000;  // ten years
  std::uint64_t total = 0;
  std::uint64_t last_factor = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text);
    const auto factor = number ? take_unit(text, durations) : std::nullopt;
    if (!factor || *factor >= last_factor)
      return std::nullopt;  // each unit once, the larger before
    const auto part = product(*number, *factor, limit - total);
    if (!part) return std::nullopt;
    total += *part;
    last_factor = *factor;
  }
  return Duration{static_cast<Duration::rep>(total)};
}

std::string format(Duration duration) {
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (rest == 0) return "0s";
  constexpr std::array<Unit, 4> order = {
      {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  if (rest < 120'000 && rest % 1'000 == 0) return std::to_string(rest / 1'000) + "s";  // "90s"
  std::string out;
  for (const Unit& unit : order) {
    if (rest >= unit.factor) out += std::to_string(rest / unit.factor) + std::string(unit.name);
    rest %= unit.factor;
  }
  return out;
}

std::optional<ByteSize> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto factor = text.empty() ? std::optional<std::uint64_t>(1) : take_unit(text, sizes);
  if (!factor || !text.empty()) return std::nullopt;
  const auto bytes = product(*number, *factor, std::uint64_t{1} << 50);
  if (!bytes) return std::nullopt;
  return ByteSize{*bytes};
}

std::string format(ByteSize size) {
  constexpr std::array<Unit, 6> order = {{{"GiB", 1ULL << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ULL << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ULL << 10},
                                          {"KB", 1'000}}};
  return largest_unit(size.bytes, order, "");
}

std::optional<PortRange> parse_ports(std::string_view text) {
  const auto first = take_number(text);
  std::optional<std::uint64_t> last = first;
  if (first && text.starts_with('-')) {
    text.remove_prefix(1);
    last = take_number(text);
  }
  if (!first || !last || !text.empty() || *first == 0 || *first > *last || *last > 65535)
    return std::nullopt;
  return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::string format(PortRange ports) {
  if (ports.first == ports.last) return std::to_string(ports.first);
  return std::to_string(ports.first) + "-" + std::to_string(ports.last);
}

std::optional<DomainPattern> parse_domain_pattern(std::string_view text) {
  if (text == "*") return DomainPattern{"*"};
  const bool wildcard = text.starts_with("*.");
  if (wildcard) text.remove_prefix(2);
  if (const auto address = wire::IpAddress::parse(text)) {
    if (wildcard) return std::nullopt;
    return DomainPattern{address->to_string()};
  }
  const auto name = wire::to_ascii_name(text);
  if (!name) return std::nullopt;
  return DomainPattern{(wildcard ? "*." : "") + *name};
}

bool is_url(std::string_view text, std::span<const std::string_view> schemes) {
  if (text.size() > 2048 || text.find_first_of(" \t\r\n\"<>\\^`{|}") != std::string_view::npos)
    return false;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) return false;
  const std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return wire::HostPort::parse(authority, 1).has_value();
}

bool is_loopback_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view rest = url.substr(colon + 3);
  const auto host = wire::HostPort::parse(rest.substr(0, rest.find_first_of("/?#")), 1);
  if (!host) return false;
  const auto address = wire::IpAddress::parse(host->host);
  return address && address->is_loopback();
}

}  // namespace bulkhead::config

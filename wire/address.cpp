#include "wire/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace bulkhead::wire {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

// Splits "host:port" or "[v6]:port"; the port part is empty when there is none.
struct Split {
  std::string_view host, port;
  bool bracketed = false;
  bool has_port = false;
};

std::optional<Split> split_authority(std::string_view text) {
  Split split;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    split.bracketed = true;
    split.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.empty()) return split;
    if (text.front() != ':') return std::nullopt;
    split.port = text.substr(1);
    split.has_port = true;
    return split;
  }
  const auto colon = text.find(':');
  split.host = text.substr(0, colon);
  if (colon == std::string_view::npos) return split;
  split.port = text.substr(colon + 1);
  split.has_port = true;
  return split;
}

// Four decimal numbers without leading zeros, as inet_pton has it: the address of every request is
// read, so it is done without a copy.
std::optional<IpAddress> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digits < 3 && text[digits] >= '0' && text[digits] <= '9')
      value = value * 10 + static_cast<unsigned>(text[digits++] - '0');
    const bool zero_led = digits > 1 && text.front() == '0';
    if (digits == 0 || zero_led || value > 255) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(digits);
    if (i + 1 == octets.size()) break;
    if (text.empty() || text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return IpAddress::v4(octets);
}

std::string v4_text(std::span<const std::uint8_t, 4> octets) {
  std::array<char, INET_ADDRSTRLEN> buffer{};
  char* end = buffer.data();
  for (const std::uint8_t octet : octets) {
    if (end != buffer.data()) *end++ = '.';
    end = std::to_chars(end, buffer.data() + buffer.size(), octet).ptr;
  }
  return {buffer.data(), end};
}

bool is_label_octet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
         (octet >= 'A' && octet <= 'Z') || octet == '-' || octet == '_' || octet >= 0x80;
}

bool is_valid_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 &&
         std::all_of(label.begin(), label.end(), is_label_octet);
}

bool looks_numeric(std::string_view label) {
  if (label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) return true;
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(host_order >> 24), static_cast<std::uint8_t>(host_order >> 16),
      static_cast<std::uint8_t>(host_order >> 8), static_cast<std::uint8_t>(host_order)};
  return v4(bytes);
}

IpAddress IpAddress::v4(std::span<const std::uint8_t, 4> network_order) {
  IpAddress address;
  std::copy(network_order.begin(), network_order.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> network_order) {
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), network_order.begin())) {
    return v4(network_order.subspan<12, 4>());
  }
  IpAddress address;
  address.is_v4_ = false;
  std::copy(network_order.begin(), network_order.end(), address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.find(':') == std::string_view::npos) return parse_v4(text);
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, buffer.data(), bytes.data()) == 1) return v6(bytes);
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  const auto octets = bytes();
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return bytes_[0] == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1,
                                        [](std::uint8_t octet) { return octet == 0; });
}

std::span<const std::uint8_t> IpAddress::bytes() const {
  return std::span(bytes_).first(is_v4_ ? 4 : 16);
}

std::string IpAddress::to_string() const {
  if (is_v4_) return v4_text(std::span(bytes_).first<4>());
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Cidr::Cidr(IpAddress address, unsigned prefix_length) {
  std::array<std::uint8_t, 16> bytes{};
  const auto source = address.bytes();
  prefix_length_ = std::min<unsigned>(prefix_length, static_cast<unsigned>(source.size() * 8));
  for (std::size_t i = 0; i < source.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(prefix_length_) - static_cast<int>(i * 8), 0, 8);
    bytes[i] = static_cast<std::uint8_t>(source[i] & (0xff00u >> kept));
  }
  network_ = address.is_v4() ? IpAddress::v4(std::span(bytes).first<4>()) : IpAddress::v6(bytes);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<unsigned>(address->bytes().size() * 8);
  if (slash == std::string_view::npos) return Cidr(*address, bits);
  const auto length = parse_port(text.substr(slash + 1));
  if (!length || *length > bits) return std::nullopt;
  const Cidr block(*address, *length);
  if (block.network_ != *address) return std::nullopt;
  return block;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v4() != network_.is_v4()) return false;
  const auto left = address.bytes();
  const auto right = network_.bytes();
  const std::size_t whole = prefix_length_ / 8;
  if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole), right.begin()))
    return false;
  const unsigned rest = prefix_length_ % 8;
  return rest == 0 || ((left[whole] ^ right[whole]) & (0xff00u >> rest) & 0xffu) == 0;
}

std::string Cidr::to_string() const {
  return network_.to_string() + "/" + std::to_string(prefix_length_);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto split = split_authority(text);
  if (!split || !split->has_port) return std::nullopt;
  const auto address = IpAddress::parse(split->host);
  const auto port = parse_port(split->port);
  if (!address || !port || address->is_v6() != split->bracketed) return std::nullopt;
  return Endpoint{*address, *port};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr* address, socklen_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return Endpoint{IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    return Endpoint{IpAddress::v6(std::span<const std::uint8_t, 16>(in.sin6_addr.s6_addr)),
                    ntohs(in.sin6_port)};
  }
  return std::nullopt;
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  storage = {};
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&storage, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::to_string() const {
  const auto text = address.to_string();
  return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

std::optional<HostPort> HostPort::parse(std::string_view text, std::uint16_t default_port) {
  const auto split = split_authority(text);
  if (!split || !is_valid_host(split->host)) return std::nullopt;
  const bool is_v6 = split->host.find(':') != std::string_view::npos;
  if (is_v6 != split->bracketed) return std::nullopt;
  auto port = split->has_port ? parse_port(split->port) : std::optional(default_port);
  if (!port || *port == 0) return std::nullopt;
  return HostPort{std::string(split->host), *port};
}

std::string HostPort::to_string() const {
  std::array<char, 5> digits{};
  const char* const first = digits.data();
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string text;
  text.reserve(host.size() + (is_v6 ? 2 : 0) + 1 + static_cast<std::size_t>(end - first));
  if (is_v6) text += '[';
  text += host;
  if (is_v6) text += ']';
  text += ':';
  return text.append(first, end);
}

bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > max_host_length) return false;
  if (std::any_of(host.begin(), host.end(), [](char c) { return c == '[' || c == ']'; }))
    return false;
  if (IpAddress::parse(host)) return true;
  if (host.back() == '.') host.remove_suffix(1);
  if (host.empty() || host.size() > 253) return false;
  std::string_view last;
  while (true) {
    const auto dot = host.find('.');
    last = host.substr(0, dot);
    if (!is_valid_label(last)) return false;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return !looks_numeric(last);
}

}  // namespace bulkhead::wire

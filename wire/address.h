// Network addresses as values: IP address, CIDR block, endpoint (address and port), and the
// authority a client names (host and port). Pure: no resolver, no sockets. Everything here is
// trivially cheap to copy but HostPort.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace bulkhead::wire {

// An IPv4 or IPv6 address. IPv4-mapped IPv6 (::ffff:a.b.c.d) is never kept as such: every
// constructor turns it into IPv4, so that no policy can be walked around by writing an address
// differently.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(std::span<const std::uint8_t, 4> network_order);
  static IpAddress v6(std::span<const std::uint8_t, 16> network_order);

  // Strict dotted quad, or RFC 4291 text with or without brackets; no zone, no octal, no shortened
  // IPv4.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return is_v4_; }
  bool is_v6() const { return !is_v4_; }
  bool is_unspecified() const;
  bool is_loopback() const;

  // 4 or 16 bytes in network order; valid as long as the object.
  std::span<const std::uint8_t> bytes() const;

  std::string to_string() const;  // RFC 5952 for IPv6, without brackets

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 in the first four
  bool is_v4_ = true;
};

// A block of addresses. Host bits below the prefix are cleared.
class Cidr {
 public:
  Cidr() = default;  // 0.0.0.0/0
  Cidr(IpAddress address, unsigned prefix_length);

  // "10.0.0.0/8", "2001:db8::/32", or a bare address (its own block). Host bits set is an error:
  // what "10.0.0.1/8" means is a guess.
  static std::optional<Cidr> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  const IpAddress& network() const { return network_; }
  unsigned prefix_length() const { return prefix_length_; }
  std::string to_string() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  IpAddress network_;
  unsigned prefix_length_ = 0;
};

// An address and a port in host order.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  static std::optional<Endpoint> parse(std::string_view text);  // "1.2.3.4:80", "[::1]:80"
  static std::optional<Endpoint> from_sockaddr(const sockaddr* address, socklen_t length);

  // Fills storage and returns the length used. Never fails.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// What a client asks for: a name or an address literal, and a port. The host is kept as it was
// written, without brackets; it has passed is_valid_host().
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  // "example.com:443", "[2001:db8::1]:443", "1.2.3.4:80". Without a port, default_port if it is not
  // 0, else nothing. Refuses empty hosts, userinfo, and anything is_valid_host() refuses.
  static std::optional<HostPort> parse(std::string_view text, std::uint16_t default_port = 0);

  // The host as an address, if it is a literal.
  std::optional<IpAddress> literal() const { return IpAddress::parse(host); }
  std::string to_string() const;  // brackets around IPv6

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// RFC 1123 names as seen in practice: 1-253 octets, labels of 1-63 letters, digits, '-', '_' or
// octets >= 0x80 (UTF-8, for IDN), one trailing dot allowed; or an IP literal. An all-numeric last
// label that is not an address literal (e.g. "0x7f.1", "127.1") is refused, because resolvers read
// those as addresses.
bool is_valid_host(std::string_view host);

inline constexpr std::size_t max_host_length = 255;

}  // namespace bulkhead::wire

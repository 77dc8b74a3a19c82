#include "wire/proxy_protocol/v1.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace bulkhead::wire::proxy_protocol {
namespace {

constexpr std::string_view prefix = "PROXY ";

// The line without its CRLF; consumed counts the CRLF.
Parsed<std::string_view, Error> parse_line(std::string_view text) {
  const auto window = text.substr(0, max_v1_line);
  const auto end = window.find_first_of("\r\n");
  const bool full = window.size() == max_v1_line;
  if (end == std::string_view::npos) {
    if (full) return Error::line_too_long;
    return need_more;
  }
  if (window[end] == '\n') return Error::malformed_line;
  if (end + 1 == window.size()) {
    if (full) return Error::line_too_long;
    return need_more;
  }
  if (window[end + 1] != '\n') return Error::malformed_line;
  return {window.substr(0, end), end + 2};
}

// Exactly as many fields as asked for, none empty, one space between two.
template <std::size_t Count>
std::optional<std::array<std::string_view, Count>> split_fields(std::string_view line) {
  std::array<std::string_view, Count> fields;
  for (std::size_t i = 0; i < Count; ++i) {
    const auto space = line.find(' ');
    const bool last = i + 1 == Count;
    if ((space == std::string_view::npos) != last || space == 0) return std::nullopt;
    fields[i] = line.substr(0, space);
    line.remove_prefix(last ? line.size() : space + 1);
  }
  if (fields.back().empty()) return std::nullopt;
  return fields;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

tl::expected<IpAddress, Error> parse_address(std::string_view text, bool v6) {
  const auto address = IpAddress::parse(text);
  if (!address || text.front() == '[') return tl::unexpected(Error::invalid_address);
  // By how it is written: an IPv4-mapped address is one of IPv6 here, though it is kept as IPv4.
  if ((text.find(':') != std::string_view::npos) != v6)
    return tl::unexpected(Error::family_mismatch);
  return *address;
}

Parsed<Header, Error> parse_addresses(std::string_view text, bool v6, std::size_t consumed) {
  const auto fields = split_fields<4>(text);
  if (!fields) return Error::malformed_line;
  const auto source = parse_address((*fields)[0], v6);
  if (!source) return source.error();
  const auto destination = parse_address((*fields)[1], v6);
  if (!destination) return destination.error();
  const auto source_port = parse_port((*fields)[2]);
  const auto destination_port = parse_port((*fields)[3]);
  if (!source_port || !destination_port) return Error::invalid_port;
  Header header;
  header.transport = Transport::stream;
  header.addresses = Addresses{{*source, *source_port}, {*destination, *destination_port}};
  return {header, consumed};
}

std::string address_text(const IpAddress& address, bool v6) {
  return (v6 && address.is_v4() ? "::ffff:" : "") + address.to_string();
}

}  // namespace

Parsed<Header, Error> parse_v1(std::span<const std::uint8_t> octets) {
  const auto text = as_text(octets);
  const auto start = text.substr(0, prefix.size());
  if (start != prefix.substr(0, start.size())) return Error::not_proxy_protocol;
  const auto line = parse_line(text);
  if (line.needs_more()) return need_more;
  if (line.is_error()) return line.error();
  if (line.message().size() < prefix.size()) return Error::malformed_line;
  const auto fields = line.message().substr(prefix.size());
  const auto space = std::min(fields.find(' '), fields.size());
  const auto protocol = fields.substr(0, space);
  if (protocol == "UNKNOWN") return {Header{}, line.consumed()};
  if (protocol != "TCP4" && protocol != "TCP6") return Error::unknown_protocol;
  if (space == fields.size()) return Error::malformed_line;
  return parse_addresses(fields.substr(space + 1), protocol == "TCP6", line.consumed());
}

OctetBuffer<max_v1_line> build_v1(const std::optional<Addresses>& addresses) {
  OctetBuffer<max_v1_line> out;
  out.put(prefix);
  if (!addresses) {
    out.put("UNKNOWN\r\n");
    return out;
  }
  const auto& [source, destination] = *addresses;
  const bool v6 = source.address.is_v6() || destination.address.is_v6();
  out.put(v6 ? "TCP6 " : "TCP4 ");
  out.put(address_text(source.address, v6) + " ");
  out.put(address_text(destination.address, v6) + " ");
  out.put(std::to_string(source.port) + " " + std::to_string(destination.port) + "\r\n");
  return out;
}

}  // namespace bulkhead::wire::proxy_protocol

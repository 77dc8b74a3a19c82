#include "wire/proxy_protocol/v2.h"

#include <algorithm>
#include <array>

#include "wire/proxy_protocol/crc32c.h"

namespace bulkhead::wire::proxy_protocol {
namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 12> signature{0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::size_t prologue =
    16;  // signature, version and command, family and transport, length
constexpr std::uint8_t command_local = 0;
constexpr std::uint8_t command_proxy = 1;
constexpr std::size_t tlv_header = 3;

enum class Family : std::uint8_t { unspec = 0, inet = 1, inet6 = 2, local = 3 };

std::size_t addresses_length(Family family) {
  switch (family) {
    case Family::inet:
      return 12;
    case Family::inet6:
      return 36;
    case Family::local:
      return 216;
    case Family::unspec:
      break;
  }
  return 0;
}

// Whether the two octets behind the signature have a meaning (section 2.2).
std::optional<Error> kind_error(std::uint8_t version_command, std::uint8_t family_transport) {
  if (version_command >> 4 != 2) return Error::unknown_version;
  const auto command = version_command & 0x0f;
  if (command > command_proxy) return Error::unknown_command;
  if (command == command_local) return std::nullopt;  // its family must be ignored
  if (family_transport >> 4 > static_cast<int>(Family::local)) return Error::unknown_family;
  if ((family_transport & 0x0f) > static_cast<int>(Transport::datagram)) {
    return Error::unknown_transport;
  }
  return std::nullopt;
}

IpAddress read_address(OctetReader& in, Family family) {
  if (family == Family::inet) return IpAddress::v4(in.take(4).first<4>());
  return IpAddress::v6(in.take(16).first<16>());
}

Addresses read_addresses(Octets octets, Family family) {
  OctetReader in(octets);
  const auto source = read_address(in, family);
  const auto destination = read_address(in, family);
  const auto source_port = in.u16();
  const auto destination_port = in.u16();
  return {{source, source_port}, {destination, destination_port}};
}

std::optional<Tlv> read_tlv(OctetReader& in) {
  const auto type = in.u8();
  const auto value = in.take(in.u16());
  if (in.ran_out()) return std::nullopt;
  return Tlv{type, value};
}

std::uint32_t checksum_without(Octets whole, Octets field) {
  constexpr std::array<std::uint8_t, 4> zeros{};
  const auto before = static_cast<std::size_t>(field.data() - whole.data());
  auto sum = crc32c(whole.first(before));
  sum = crc32c(zeros, sum);
  return crc32c(whole.subspan(before + zeros.size()), sum);
}

// Walks all fields, and verifies the checksum over `whole` if one of them is it.
std::optional<Error> tlv_error(Octets tlvs, Octets whole) {
  OctetReader in(tlvs);
  Octets checksum;
  while (!in.rest().empty()) {
    const auto tlv = read_tlv(in);
    if (!tlv) return Error::malformed_tlv;
    if (tlv->type != tlv_crc32c) continue;
    if (tlv->value.size() != 4 || !checksum.empty()) return Error::malformed_tlv;
    checksum = tlv->value;
  }
  if (checksum.empty()) return std::nullopt;
  OctetReader sent(checksum);
  const std::uint32_t high = sent.u16();
  if ((high << 16 | sent.u16()) != checksum_without(whole, checksum))
    return Error::checksum_mismatch;
  return std::nullopt;
}

Parsed<Header, Error> parse_payload(Octets payload, std::uint8_t family_transport, Octets whole) {
  const auto family = static_cast<Family>(family_transport >> 4);
  const auto transport = static_cast<Transport>(family_transport & 0x0f);
  Header header{Version::v2, transport, std::nullopt, {}};
  if (family == Family::unspec) return {header, whole.size()};
  const auto length = addresses_length(family);
  if (payload.size() < length) return Error::addresses_truncated;
  header.tlvs = payload.subspan(length);
  if (const auto error = tlv_error(header.tlvs, whole)) return *error;
  const bool usable = family != Family::local && transport != Transport::unspecified;
  if (usable) header.addresses = read_addresses(payload, family);
  return {header, whole.size()};
}

void put_u16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put(std::vector<std::uint8_t>& out, Octets octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

void put_address(std::vector<std::uint8_t>& out, const IpAddress& address, Family family) {
  if (family == Family::inet6 && address.is_v4()) {
    out.insert(out.end(), 10, 0);
    out.insert(out.end(), 2, 0xff);
  }
  put(out, address.bytes());
}

void put_tlv(std::vector<std::uint8_t>& out, const Tlv& tlv) {
  out.push_back(tlv.type);
  put_u16(out, tlv.value.size());
  put(out, tlv.value);
}

// The payload's length, if it may be written.
std::optional<std::size_t> payload_length(const V2& header, Family family) {
  if (header.transport == Transport::unspecified) return std::nullopt;
  std::size_t length = addresses_length(family) + (header.checksum ? tlv_header + 4 : 0);
  for (const auto& tlv : header.tlvs) {
    if (tlv.type == tlv_crc32c || tlv.value.size() > max_v2_payload) return std::nullopt;
    length += tlv_header + tlv.value.size();
    if (length > max_v2_payload) return std::nullopt;
  }
  return length;
}

void put_checksum(std::vector<std::uint8_t>& out) {
  constexpr std::array<std::uint8_t, 4> zeros{};
  put_tlv(out, {tlv_crc32c, zeros});
  const auto sum = crc32c(out);
  out.resize(out.size() - zeros.size());
  put_u16(out, sum >> 16);
  put_u16(out, sum & 0xffff);
}

std::vector<std::uint8_t> begin_v2(std::uint8_t command, std::uint8_t family_transport,
                                   std::size_t length) {
  std::vector<std::uint8_t> out;
  out.reserve(prologue + length);
  put(out, signature);
  out.push_back(static_cast<std::uint8_t>(0x20 | command));
  out.push_back(family_transport);
  put_u16(out, length);
  return out;
}

}  // namespace

Parsed<Header, Error> parse_v2(Octets octets) {
  const auto start = octets.first(std::min(octets.size(), signature.size()));
  if (!std::equal(start.begin(), start.end(), signature.begin())) return Error::not_proxy_protocol;
  OctetReader in(octets);
  in.take(signature.size());
  const auto version_command = in.u8();
  const auto family_transport = in.u8();
  const auto length = in.u16();
  if (in.ran_out()) return need_more;
  if (const auto error = kind_error(version_command, family_transport)) return *error;
  if (length > max_v2_payload) return Error::header_too_long;
  const auto payload = in.take(length);
  if (in.ran_out()) return need_more;
  const bool local = (version_command & 0x0f) == command_local;
  return parse_payload(payload, local ? 0 : family_transport, octets.first(in.consumed()));
}

std::optional<Octets> find_tlv(Octets tlvs, std::uint8_t type) {
  OctetReader in(tlvs);
  while (!in.rest().empty()) {
    const auto tlv = read_tlv(in);
    if (!tlv) return std::nullopt;
    if (tlv->type == type) return tlv->value;
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> build_v2(const V2& header) {
  if (!header.addresses) return begin_v2(command_local, 0, 0);
  const auto& [source, destination] = *header.addresses;
  const bool v4 = source.address.is_v4() && destination.address.is_v4();
  const auto family = v4 ? Family::inet : Family::inet6;
  const auto length = payload_length(header, family);
  if (!length) return std::nullopt;
  const auto kind = static_cast<int>(family) << 4 | static_cast<int>(header.transport);
  auto out = begin_v2(command_proxy, static_cast<std::uint8_t>(kind), *length);
  put_address(out, source.address, family);
  put_address(out, destination.address, family);
  put_u16(out, source.port);
  put_u16(out, destination.port);
  for (const auto& tlv : header.tlvs) put_tlv(out, tlv);
  if (header.checksum) put_checksum(out);
  return out;
}

}  // namespace bulkhead::wire::proxy_protocol

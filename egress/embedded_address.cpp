#include "egress/embedded_address.h"

#include <array>
#include <cstdint>
#include <span>

namespace bulkhead::egress {
namespace {

struct Form {
  wire::Cidr block;
  std::size_t offset;     // of the four octets
  std::uint8_t mask = 0;  // Teredo writes the client's inverted
};

wire::Cidr block(std::string_view text) {
  return *wire::Cidr::parse(text);
}

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {block("::/96"), 12},           {block("::ffff:0:0:0/96"), 12}, {block("64:ff9b::/96"), 12},
      {block("64:ff9b:1::/48"), 12},  {block("2002::/16"), 2},        {block("2001::/32"), 4},
      {block("2001::/32"), 12, 0xff},
  };
  return all;
}

wire::IpAddress read(std::span<const std::uint8_t> octets, std::uint8_t mask) {
  std::array<std::uint8_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(octets[i] ^ mask);
  }
  return wire::IpAddress::v4(std::span<const std::uint8_t, 4>(out));
}

}  // namespace

std::vector<wire::IpAddress> embedded_ipv4(const wire::IpAddress& address) {
  std::vector<wire::IpAddress> found;
  if (address.is_v4() || address.is_unspecified() || address.is_loopback()) return found;
  for (const Form& form : forms()) {
    if (form.block.contains(address)) {
      found.push_back(read(address.bytes().subspan(form.offset, 4), form.mask));
    }
  }
  return found;
}

}  // namespace bulkhead::egress

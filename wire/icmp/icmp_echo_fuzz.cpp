// Throws octets at the reader of ICMP echo replies; what it accepts must be what a request of ours
// would bring back.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "wire/icmp/echo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::wire::icmp;
  const std::span<const std::uint8_t> input(data, size);
  for (const Family family : {Family::v4, Family::v6}) {
    const auto echo = parse_echo_reply(family, input);
    if (!echo) continue;
    if (size < echo_octets) std::abort();
    const auto request = build_echo_request(family, *echo);
    std::vector<std::uint8_t> reply(request.octets().begin(), request.octets().end());
    reply[0] = input[0];
    if (parse_echo_reply(family, reply) != echo) std::abort();
  }
  return 0;
}

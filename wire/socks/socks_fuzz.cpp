// Throws octets at every SOCKS parser and holds them to what octets.h promises: more octets never
// change an outcome other than need-more, nothing is consumed that is not there, views lie inside
// the input, and what was parsed can be built and parsed again. The first octet picks the parser.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "wire/socks/socks4.h"
#include "wire/socks/socks5.h"
#include "wire/socks/socks5_client.h"
#include "wire/socks/udp.h"

namespace {

using namespace bulkhead::wire;
using namespace bulkhead::wire::socks;
using Input = std::span<const std::uint8_t>;

constexpr std::array both{Method::no_auth, Method::username_password};

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename T>
const T& require_value(const std::optional<T>& value) {
  if (!value) std::abort();
  return *value;
}

void require_inside(Input part, Input whole) {
  require(part.empty() || (part.data() >= whole.data() &&
                           part.data() + part.size() <= whole.data() + whole.size()));
}

template <typename Parse>
auto parse_growing(Parse parse, Input input) {
  auto whole = parse(input);
  for (std::size_t size = 0; size < input.size(); ++size) {
    const auto part = parse(input.first(size));
    if (part.is_error()) require(whole.is_error() && whole.error() == part.error());
    if (!part.is_complete()) continue;
    require(part.consumed() <= size);
    require(whole.is_complete() && whole.consumed() == part.consumed());
  }
  if (whole.is_complete()) require(whole.consumed() >= 1 && whole.consumed() <= input.size());
  return whole;
}

void require_valid(const Address& address) {
  const auto* name = std::get_if<HostPort>(&address);
  require(name == nullptr || (is_valid_host(name->host) && !name->literal()));
  const auto field = build_address_field(address);
  const auto again = parse_address_field(require_value(field).octets());
  require(again.is_complete() && again.message() == address);
}

void greeting(Input input) {
  const auto parsed = parse_growing(parse_greeting, input);
  if (!parsed.is_complete()) return;
  require_inside(parsed.message().methods, input);
  choose_method(parsed.message(), both);
}

void auth_request(Input input) {
  const auto parsed = parse_growing(parse_auth_request, input);
  if (!parsed.is_complete()) return;
  const auto& [username, password] = parsed.message();
  require_inside(password, input);
  OctetBuffer<max_client_message> built;
  require(build_auth_request(username, password, built));
  require(std::equal(built.octets().begin(), built.octets().end(), input.begin()));
}

void request(Input input) {
  const auto parsed = parse_growing(parse_request, input);
  if (parsed.is_error()) require(!to_string(parsed.error()).empty());
  if (!parsed.is_complete()) return;
  require_valid(parsed.message().address);
  require(build_request(parsed.message().command, parsed.message().address).has_value());
}

void request_v4(Input input) {
  const auto parsed = parse_growing(parse_request_v4, input);
  if (parsed.needs_more()) require(input.size() < max_request_v4);
  if (!parsed.is_complete()) return;
  require(parsed.consumed() <= max_request_v4 && parsed.message().userid.size() <= max_userid);
  require_valid(parsed.message().address);
}

void reply(Input input) {
  const auto parsed = parse_growing(parse_reply, input);
  if (!parsed.is_complete()) return;
  const auto& [code, bound] = parsed.message();
  if (!bound) return;
  require_valid(*bound);
  const auto built = build_reply(code, *bound);
  require(parse_reply(built.octets()).message().bound == bound);
}

void datagram(Input input) {
  const auto parsed = parse_datagram(input);
  if (!parsed) return;
  require_inside(parsed->data, input);
  require_valid(parsed->address);
  const auto header = build_datagram_header(parsed->address);
  const auto again = parse_datagram(require_value(header).octets());
  require(again && again->address == parsed->address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2048) return 0;
  const Input input(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      greeting(input);
      break;
    case 1:
      auth_request(input);
      break;
    case 2:
      request(input);
      break;
    case 3:
      request_v4(input);
      break;
    case 4:
      reply(input);
      break;
    case 5:
      datagram(input);
      break;
    case 6:
      (void)parse_growing(parse_auth_reply, input);
      break;
    default:
      (void)parse_growing([](Input part) { return parse_method_reply(part, both); }, input);
  }
  return 0;
}

// Throws octets at the PROXY protocol parser and holds it to what octets.h promises, to its bounds,
// and to reading back what the builders write of what it read.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "wire/proxy_protocol/v1.h"
#include "wire/proxy_protocol/v2.h"

namespace {

using namespace bulkhead::wire;
using namespace bulkhead::wire::proxy_protocol;
using Input = std::span<const std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_same_outcome_when_cut(const Parsed<Header, Error>& whole, Input input) {
  // Every cut of the part where decisions are made, a few of the rest: a long payload changes
  // nothing.
  for (std::size_t size = 0; size < input.size(); size += size < 256 ? 1 : 97) {
    const auto part = parse(input.first(size));
    if (part.is_error()) require(whole.is_error() && whole.error() == part.error());
    if (part.is_complete()) {
      require(part.consumed() <= size);
      require(whole.is_complete() && whole.consumed() == part.consumed());
      require(whole.message().addresses == part.message().addresses);
    }
  }
}

void require_round_trip(const Header& header) {
  const auto line = build_v1(header.addresses);
  const auto again = parse(line.octets());
  require(again.is_complete() && again.consumed() == line.size());
  require(again.message().addresses == header.addresses);
  const auto built = build_v2({header.addresses, Transport::stream, {}, true});
  if (!built) std::abort();
  const auto binary = parse(*built);
  require(binary.is_complete() && binary.consumed() == built->size());
  require(binary.message().addresses == header.addresses);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > max_header + 64) return 0;
  const Input input(data, size);
  const auto parsed = parse(input);
  require_same_outcome_when_cut(parsed, input);
  if (parsed.needs_more())
    require(size < max_header && (size == 0 || data[0] != 'P' || size < max_v1_line));
  if (parsed.is_error()) require(to_string(parsed.error()) != "unknown");
  if (!parsed.is_complete()) return 0;
  const auto& header = parsed.message();
  require(parsed.consumed() <= (header.version == Version::v1 ? max_v1_line : max_header));
  const auto* end = header.tlvs.data() + header.tlvs.size();
  require(header.tlvs.empty() ||
          (header.tlvs.data() >= data + 16 && end == data + parsed.consumed()));
  for (int type = 0; type < 256; ++type) find_tlv(header.tlvs, static_cast<std::uint8_t>(type));
  require_round_trip(header);
  return 0;
}

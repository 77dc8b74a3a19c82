// Arbitrary bytes as a message: a header and a body that is tried as each type. What decodes must
// be what would have been sent: it encodes to the same bytes.
#include <cstdio>
#include <cstdlib>

#include "proto/messages.h"

namespace {

using namespace bulkhead::proto;

template <typename Message>
void try_as(std::span<const std::uint8_t> body) {
  const auto message = decode<Message>(body);
  if (!message) return;
  const Bytes again = encode(*message, 1);
  if (std::equal(again.begin() + header_bytes, again.end(), body.begin(), body.end())) return;
  std::fprintf(stderr, "%s does not round-trip\n", std::string(to_string(Message::type)).c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  Reader reader(bytes);
  Header header;
  if (!reader.get(header)) return 0;
  for_each_message([&]<typename Message>() { try_as<Message>(bytes.subspan(header_bytes)); });
  return 0;
}

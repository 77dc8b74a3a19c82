// Throws octets at the readers of requests and replies between the auth worker and PAM's one-shot
// processes; what is accepted is written and read again. The first octet picks the reader.
#include <cstdlib>

#include "workers/auth/method/system/pam_message.h"

namespace {

using namespace bulkhead;

void require(bool holds) {
  if (!holds) std::abort();
}

void request(std::span<const std::uint8_t> bytes) {
  const auto received = auth::decode_request(bytes);
  if (!received) return;
  require(received->password.size() <= auth::max_pam_password_bytes);
  const proto::Bytes again = auth::encode(received->request, received->password);
  require(again.size() == bytes.size() && std::equal(again.begin(), again.end(), bytes.begin()));
}

void reply(std::span<const std::uint8_t> bytes) {
  const auto received = auth::decode_reply(bytes);
  if (!received) return;
  require(received->groups.items.size() <= auth::max_groups);
  require(!auth::to_string(received->why()).empty());
  proto::Bytes again;
  proto::Writer(again).put(*received);
  require(again.size() == bytes.size() && std::equal(again.begin(), again.end(), bytes.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  data[0] % 2 == 0 ? request(rest) : reply(rest);
  return 0;
}

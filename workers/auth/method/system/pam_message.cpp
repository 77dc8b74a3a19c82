#include "workers/auth/method/system/pam_message.h"

#include <algorithm>

namespace bulkhead::auth {

proto::Bytes encode(const PamRequest& request, const platform::Secret& password) {
  proto::Bytes bytes;
  // Room for all of it, so that growing leaves no copy of the password behind.
  constexpr std::size_t overhead = 64;
  bytes.reserve(overhead + request.service.value.size() + request.user.value.size() +
                password.size());
  proto::Writer writer(bytes);
  writer.put(request);
  writer.put(static_cast<std::uint16_t>(std::min(password.size(), max_pam_password_bytes)));
  const std::string_view text = password.reveal().substr(0, max_pam_password_bytes);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

std::optional<ReceivedPamRequest> decode_request(std::span<const std::uint8_t> bytes) {
  // The password is at the end: find it without copying it through an ordinary string.
  ReceivedPamRequest received;
  proto::Reader reader(bytes);
  std::uint16_t length = 0;
  if (!reader.get(received.request) || !reader.get(length)) return std::nullopt;
  const std::size_t before = sizeof(std::uint8_t) + 2 * sizeof(std::uint16_t) +
                             received.request.service.value.size() +
                             received.request.user.value.size() + sizeof length;
  if (length > max_pam_password_bytes || bytes.size() != before + length) return std::nullopt;
  received.password = platform::Secret(
      std::string_view(reinterpret_cast<const char*>(bytes.data()) + before, length));
  return received;
}

std::optional<PamReply> decode_reply(std::span<const std::uint8_t> bytes) {
  auto reply = proto::decode<PamReply>(bytes);
  if (reply && reply->reason >= static_cast<std::uint8_t>(Reason::end_)) reply.reset();
  return reply;
}

bool is_service_name(std::string_view service) {
  return !service.empty() && service.size() <= 128 && service.front() != '.' &&
         std::all_of(service.begin(), service.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace bulkhead::auth

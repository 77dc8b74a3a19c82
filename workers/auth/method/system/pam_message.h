// What the auth worker, the broker and a one-shot PAM process say to each other. See pam_broker.h.
// All three are ours and of one build, but the one-shot process has foreign modules in it, so its
// reply is read like bytes from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>

#include "platform/secret.h"
#include "proto/codec.h"
#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// libpam refuses longer answers to a prompt (PAM_MAX_RESP_SIZE, its NUL included).
inline constexpr std::size_t max_pam_password_bytes = 511;

// To the broker; carries the one-shot process's end of a socket pair.
struct PamStart {
  std::uint32_t timeout_ms = 0;
  static auto fields(auto& self) { return std::tie(self.timeout_ms); }
};

// To the one-shot process.
struct PamRequest {
  bool check_password = true;  // false: only whether the account may be used, and its groups
  proto::Text<128> service;
  proto::Text<max_user_bytes> user;
  // The password follows these fields in the same message: it has a type of its own.
  static auto fields(auto& self) { return std::tie(self.check_password, self.service, self.user); }
};

// Its answer.
struct PamReply {
  std::uint8_t reason = 0;  // a Reason; checked by decode_reply
  proto::Text<max_user_bytes> user;
  proto::List<proto::Text<max_group_bytes>, max_groups> groups;
  static auto fields(auto& self) { return std::tie(self.reason, self.user, self.groups); }

  Reason why() const { return static_cast<Reason>(reason); }
};

// The caller wipes the bytes; they are allocated once and never moved.
proto::Bytes encode(const PamRequest& request, const platform::Secret& password);

struct ReceivedPamRequest {
  PamRequest request;
  platform::Secret password;
};
// Nothing if the bytes are no whole request.
std::optional<ReceivedPamRequest> decode_request(std::span<const std::uint8_t> bytes);
std::optional<PamReply> decode_reply(std::span<const std::uint8_t> bytes);

// The service becomes the name of a file that libpam opens.
bool is_service_name(std::string_view service);

}  // namespace bulkhead::auth

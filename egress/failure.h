// Why something could not be opened: the reason, which the client may learn, and a detail for the
// log alone.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "proto/refusal.h"

namespace bulkhead::egress {

struct Failure {
  proto::Refusal reason = proto::Refusal::internal_error;
  std::string detail;
  std::uint32_t retry_after_s = 0;  // when trying again may help; 0: nobody knows
};

inline tl::unexpected<Failure> failed(proto::Refusal reason, std::string detail) {
  return tl::unexpected(Failure{reason, std::move(detail)});
}

// The caller's scope was cancelled: nobody waits for the answer any more.
inline tl::unexpected<Failure> cancelled() {
  return failed(proto::Refusal::shutting_down, "cancelled");
}

}  // namespace bulkhead::egress

// Why there is no upstream: the reason for the client, and a detail for the log alone.
#pragma once

#include <string>

#include "proto/refusal.h"

namespace bulkhead::acceptor {

struct Failure {
  proto::Refusal reason = proto::Refusal::internal_error;
  std::string detail;
};

}  // namespace bulkhead::acceptor

// What a failed connect means to the client, and which of several failures says most.
#pragma once

#include "egress/failure.h"
#include "platform/error.h"

namespace bulkhead::egress {

proto::Refusal refusal_for_errno(int error_number);

// "connect: Connection refused (192.0.2.1:80)"
Failure connect_failure(const platform::Error& error, const std::string& peer);

// The one to report of two attempts at the same destination. An answer from the far side says more
// than silence, and silence more than the lack of a route, which often is just IPv6 missing here.
const Failure& more_telling(const Failure& left, const Failure& right);

}  // namespace bulkhead::egress

// A TCP connection to a directory, made by ourselves: libldap's own way has time-outs that some
// versions forget while they shake hands.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "platform/unique_fd.h"
#include "workers/auth/method/method.h"

namespace bulkhead::auth {

struct DialError {
  Reason reason = Reason::server_unreachable;
  std::string detail;  // for the operator
};

// Tries each address of the host in turn, each with its part of the time that is left. The socket
// blocks. Resolving the name has time-outs of its own (resolv.conf).
tl::expected<platform::UniqueFd, DialError> dial(const std::string& host, int port,
                                                 Deadline deadline);

}  // namespace bulkhead::auth

// How proxyctl ends, and what it says when that is not well. Documented in proxyctl(1).
#pragma once

#include <cstdint>
#include <string>

namespace bulkhead::proxyctl {

enum class ExitCode : std::uint8_t {
  ok = 0,
  failed = 1,
  usage = 2,
  no_daemon = 3,
  permission_denied = 4,
  configuration_invalid = 78,
};

struct Failure {
  ExitCode code = ExitCode::failed;
  std::string message;  // one sentence without the program's name; may hold text of the daemon
};

}  // namespace bulkhead::proxyctl

// How a child ended, in words.
#include <csignal>
#include <string.h>

#include "platform/process.h"

namespace bulkhead::platform {

bool ExitReason::sandbox_violation() const {
  return kind == Kind::signaled && value == SIGSYS;
}

std::string ExitReason::to_string() const {
  if (kind == Kind::exited) return "exited with code " + std::to_string(value);
  if (sandbox_violation()) return "killed by the sandbox (SIGSYS)";
  const char* name = sigabbrev_np(value);
  std::string text = "killed by signal " + std::to_string(value);
  if (name != nullptr) text += " (SIG" + std::string(name) + (core_dumped ? ", core dumped)" : ")");
  return text;
}

}  // namespace bulkhead::platform

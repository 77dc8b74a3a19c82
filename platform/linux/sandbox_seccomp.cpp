// The seccomp layer: the profile's rules, installed.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>

#include "platform/linux/sandbox_filter.h"
#include "platform/linux/sandbox_layers.h"

#ifdef BULKHEAD_SANITIZED
namespace {
bool sandboxed = false;
}  // namespace

// The leak check at exit stops the process with ptrace from a new thread: neither is possible in
// here.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
  return sandboxed ? 1 : 0;
}
#endif

namespace bulkhead::platform {
namespace {

constexpr std::size_t most_message_descriptors = 64;

// Each once, and only what is open: the number of a closed one could be taken by another socket.
std::vector<int> open_descriptors(std::vector<int> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::erase_if(numbers, [](int number) { return number < 0 || fcntl(number, F_GETFD) < 0; });
  return numbers;
}

std::string strictness() {
#ifdef BULKHEAD_SANITIZED
  sandboxed = true;
  return "relaxed: sanitizer build";
#else
  return "what is not allowed kills";
#endif
}

}  // namespace

Layer restrict_system_calls(const SandboxRequest& request) {
  SystemCallFilter filter;
  if (request.profile == SandboxProfile::acceptor) {
    const auto channels = open_descriptors(request.message_descriptors);
    if (channels.size() > most_message_descriptors) {
      return layer_unavailable(layer::seccomp, "too many message descriptors");
    }
    add_acceptor_rules(filter, channels);
  } else if (request.profile == SandboxProfile::vault) {
    add_vault_rules(filter);
  } else if (request.profile == SandboxProfile::egress) {
    add_egress_rules(filter);
  } else {
    add_auth_rules(filter);
  }
  if (const std::string failure = filter.install(); !failure.empty()) {
    return layer_unavailable(layer::seccomp, failure);
  }
  return layer_on(layer::seccomp, std::string(to_string(request.profile)) + ", " + strictness());
}

}  // namespace bulkhead::platform

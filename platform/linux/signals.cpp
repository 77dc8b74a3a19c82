// Signals by signalfd: see signals.h.
#include "platform/signals.h"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace bulkhead::platform {

tl::expected<SignalSet, Error> SignalSet::create(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  UniqueFd descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) return tl::unexpected(last_error("signalfd"));
  if (const int failure = pthread_sigmask(SIG_BLOCK, &set, nullptr); failure != 0) {
    return tl::unexpected(make_error("pthread_sigmask", failure));
  }
  return SignalSet(std::move(descriptor));
}

std::optional<SignalSet::Received> SignalSet::take() {
  signalfd_siginfo info{};
  if (read(descriptor_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) {
    return std::nullopt;
  }
  return Received{static_cast<int>(info.ssi_signo), static_cast<int>(info.ssi_pid)};
}

void ignore_broken_pipe() {
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace bulkhead::platform

// pam-check: PAM for the auth worker, outside of it. Started by the auth worker, not by hand.
//
//   pam-check --broker [FOLDER]   serves transactions on descriptor 3 (broker.h)
//   pam-check --once [FOLDER]     one transaction on descriptor 3 (transaction.h), in a process
//   that
//                                 is bounded in memory and time, and ends with the broker
#include <algorithm>
#include <array>
#include <cap-ng.h>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/message_socket.h"
#include "workers/auth/method/pam_check/broker.h"
#include "workers/auth/method/pam_check/transaction.h"

namespace bulkhead::auth {
namespace {

constexpr int channel = 3;

// Modules print what they like; nobody reads it, and no terminal is theirs.
void silence() {
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (nowhere < 0 || dup2(nowhere, standard) < 0) _exit(EXIT_FAILURE);
}

// What modules need: reading the shadow file where even its owner may not, changing to the user,
// and the audit trail. Without root there is nothing to give up.
void keep_few_capabilities() {
  std::array wanted{CAP_DAC_READ_SEARCH, CAP_SETUID, CAP_SETGID, CAP_AUDIT_WRITE};
  const auto end = std::partition(wanted.begin(), wanted.end(), [](int capability) {
    return capng_have_capability(CAPNG_PERMITTED, static_cast<unsigned>(capability)) == 1;
  });
  capng_clear(CAPNG_SELECT_BOTH);
  constexpr auto everywhere =
      static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);
  for (auto each = wanted.begin(); each != end; ++each)
    capng_update(CAPNG_ADD, everywhere, static_cast<unsigned>(*each));
  // Each for itself: without CAP_SETPCAP the bounding set stays, the rest can still be given up.
  static_cast<void>(capng_apply(CAPNG_SELECT_BOUNDS));
  static_cast<void>(capng_apply(CAPNG_SELECT_CAPS));
}

void limit(__rlimit_resource resource, rlim_t most) {
  const rlimit bound{most, most};
  static_cast<void>(setrlimit(resource, &bound));
}

void bound_resources() {
  constexpr rlim_t memory = rlim_t{512} * 1024 * 1024;
  constexpr rlim_t processor_seconds = 60;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, processor_seconds);
  limit(RLIMIT_FSIZE, memory);
#ifndef BULKHEAD_SANITIZED  // their shadow memory is address space too
  limit(RLIMIT_AS, memory);
#else
  static_cast<void>(memory);
#endif
}

int transact_once(const char* services) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);
  bound_resources();
  std::array<std::uint8_t, 2048> buffer{};
  std::vector<platform::UniqueFd> none;
  const auto received = platform::receive_message(channel, buffer, none);
  if (received.status != platform::ReceiveStatus::received) return EXIT_FAILURE;
  const auto request = decode_request(std::span(buffer).first(received.bytes));
  platform::wipe(std::span(reinterpret_cast<char*>(buffer.data()), buffer.size()));
  if (!request) return EXIT_FAILURE;
  // Not to be inherited by what modules start, which would keep the conversation open.
  fcntl(channel, F_SETFD, FD_CLOEXEC);
  const PamReply reply =
      transact(request->request, request->password, services == nullptr ? "" : services);
  proto::Bytes bytes;
  proto::Writer(bytes).put(reply);
  const auto sent = platform::send_message(channel, bytes);
  return sent.status == platform::SendStatus::sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(int argc, char** argv) {
  const char* services = argc > 2 ? argv[2] : nullptr;
  if (argc < 2 || argc > 3) return 2;
  if (std::strcmp(argv[1], "--once") == 0) return transact_once(services);
  if (std::strcmp(argv[1], "--broker") != 0) return 2;
  silence();
  keep_few_capabilities();
  return serve_transactions(channel, argv[0], services == nullptr ? "" : services);
}

}  // namespace
}  // namespace bulkhead::auth

int main(int argc, char** argv) {
  const int code = bulkhead::auth::run(argc, argv);
  if (code == 2) std::fprintf(stderr, "%s is started by bulkhead, not by hand\n", argv[0]);
  return code;
}

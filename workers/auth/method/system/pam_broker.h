// PAM without PAM in the process: modules block, leak, crash and want to be root, so each
// transaction has a process of its own that is thrown away.
//
//   auth worker ──PamStart + socket──► broker ──exec──► one-shot process: libpam and its modules
//        ▲└───────────PamRequest (with the password)───────────▲│
//        └────────────────────PamReply─────────────────────────┘
//
// The broker (`pam-check --broker`) is started before the worker enters its sandbox and keeps the
// user it was started as: pam_unix reads /etc/shadow only as root. It speaks to the auth worker
// alone, never sees a password (that goes to the one-shot process directly, over the socket it
// passed on), kills each process group at its deadline, and ends with the worker. The password is
// never an argument nor in an environment.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"
#include "workers/auth/method/system/pam_message.h"

namespace bulkhead::auth {

// The worker's end. Thread-safe; transactions run in parallel.
class PamBroker {
 public:
  // helper: path of pam-check. services: folder of the service files, for tests; empty: the
  // system's. Call it before the sandbox, while there is one thread.
  static tl::expected<std::shared_ptr<PamBroker>, platform::Error> start(
      const std::string& helper, const std::string& services = {});

  explicit PamBroker(platform::UniqueFd channel) : channel_(std::move(channel)) {}

  // The descriptor on which other descriptors are passed: the sandbox must allow sendmsg on it.
  int descriptor() const { return channel_.get(); }

  // Blocks until there is a reply or the deadline has come. A transaction without an answer is a
  // reply with the reason timed_out, module_crashed or server_failed (no broker).
  PamReply run(const PamRequest& request, const platform::Secret& password, Deadline deadline);

 private:
  bool pass_on(int socket, Deadline deadline);

  platform::UniqueFd channel_;
};

}  // namespace bulkhead::auth

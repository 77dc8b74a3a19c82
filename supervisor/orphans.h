// Workers whose supervisor is gone: they go on serving for a while. A supervisor that starts with
// the same runtime directory finds their vault, serves on the same ports, and then lets its own
// workers go on with the raw flows of theirs (proto/vault.h: TakeOver). The rest drains over there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/channel.h"
#include "platform/unique_fd.h"
#include "proto/vault.h"
#include "proto/worker.h"
#include "runtime/task.h"
#include "supervisor/worker_process.h"

namespace bulkhead::supervisor {

class Orphans {
 public:
  // Those whose vault listens at this path; nothing when there are none, or none that answers.
  // Call it before anything else listens there.
  static runtime::Task<std::optional<Orphans>> find(std::string path);

  // No holder of ours may have this number or a lower one: flows are named after holders.
  std::uint32_t last_holder() const { return last_holder_; }

  // The sockets that they accept on, and go on with until they let go; for us to take.
  struct HeldListener {
    proto::Listener message;
    bool dual_stack = false;
    platform::UniqueFd socket;
  };
  std::vector<HeldListener>& listeners() { return listeners_; }

  // Has all that they let go of sent to our vault; it says what came (proto::Estate). Called once,
  // when our acceptors serve.
  runtime::Task<proto::TakenOver> hand_over_to(std::shared_ptr<WorkerProcess> vault);

 private:
  Orphans(platform::UniqueFd connection, std::uint32_t last_holder)
      : connection_(std::move(connection)), last_holder_(last_holder) {}

  platform::UniqueFd connection_;
  std::uint32_t last_holder_;
  std::vector<HeldListener> listeners_;
};

}  // namespace bulkhead::supervisor

// Serves one proxyctl on its own channel: one command, its answer, and what follows from it.
#pragma once

#include <string>

#include "ipc/channel.h"
#include "workers/auth/administration/answer.h"
#include "workers/auth/desk/desk.h"

namespace bulkhead::auth {

// What the administration may set in motion.
class Consequences {
 public:
  virtual ~Consequences() = default;
  virtual void revoke(const proto::UserRevoked& revoked) = 0;
  // Done when the acceptors have been told.
  virtual runtime::Task<void> tell_limits(std::string user) = 0;
};

class Administration {
 public:
  // All outlive this. directory: where the process stands, as others know it.
  Administration(Desk& desk, ThreadPool& threads, Journal& journal, Consequences& consequences,
                 std::string directory);

  // Ends when it is answered, or the channel's end; actor is for the audit log.
  runtime::Task<void> serve(platform::UniqueFd socket, std::string actor);

 private:
  runtime::Task<Answer> carry_out(std::shared_ptr<proto::AuthCommand> command);
  runtime::Task<Answer> back_up();
  Answer list_lockouts() const;
  Answer lift(const proto::AuthCommand& command);
  runtime::Task<void> send_audit(ipc::Channel& channel, const proto::AuthCommand& command);
  void follow_up(Answer& answer, const std::string& actor);

  Desk& desk_;
  ThreadPool& threads_;
  Journal& journal_;
  Consequences& consequences_;
  std::string directory_;
};

}  // namespace bulkhead::auth

// The auth worker as the supervisor sees it: generations, the acceptors' channels, administrators,
// drain. See desk/ for what acceptors ask, administration/ for what administrators do.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/gate.h"
#include "workers/auth/administration/administrator.h"
#include "workers/auth/desk/desk.h"
#include "workers/auth/desk/usage_book.h"
#include "workers/process/worker_process.h"

namespace bulkhead::auth {

// Logging in gives way to relaying, and is not starved by it, nor by whatever else a machine does:
// where there is no processor to spare, all logins together have about a quarter of one.
inline constexpr int login_niceness = 5;

class AuthRole final : public workers::Service, Consequences {
 public:
  // directory: where the process stands, as others know it.
  AuthRole(std::string directory, Surroundings surroundings);
  ~AuthRole() override;

  void attach(ipc::Channel& control) override;
  std::string prepare(std::uint32_t generation, std::shared_ptr<const config::Config> config,
                      const std::vector<std::uint32_t>& listeners) override;
  void commit(std::uint32_t generation) override;
  void abort(std::uint32_t generation) override;
  runtime::Task<bool> orphaned(runtime::Duration patience) override;
  runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) override;

 private:
  // An acceptor's channel; gone when its conversation has ended.
  struct Client {
    explicit Client(platform::UniqueFd socket)
        : channel(std::move(socket), proto::Party::auth, proto::Party::acceptor) {}
    ipc::Channel channel;
    runtime::CancelScope scope;
  };

  void revoke(const proto::UserRevoked& revoked) override;
  runtime::Task<void> tell_limits(std::string user) override;
  void limits_changed(const std::string& user);

  void on_peer(std::uint32_t acceptor, platform::UniqueFd socket);
  runtime::Task<void> serve(std::uint32_t acceptor, std::shared_ptr<Client> client);
  runtime::Task<void> answer(std::shared_ptr<Client> client, proto::CheckCredential request,
                             std::uint32_t id);
  runtime::Task<void> take_usage(std::shared_ptr<Client> client, proto::ReportUsage report,
                                 std::uint32_t id);
  runtime::Task<void> look_through(std::shared_ptr<Client> client, proto::UsersPresent present);
  runtime::Task<void> administrate(platform::UniqueFd socket, proto::Administrator who);
  runtime::Task<void> keep_books();
  runtime::Task<void> write_lockouts();
  runtime::Task<void> notice_changes_of_others();
  runtime::Task<void> tell_audit_head();
  void first_commit();

  // The methods' threads, those of what else is asked, and one for what is written, which must not
  // stand in the line of a flood of logins.
  Lanes lanes_;
  ThreadPool threads_, writer_;
  Journal journal_;
  Desk desk_;
  UsageBook usage_;
  Administration administration_;
  Surroundings surroundings_;
  std::shared_ptr<const Office> prepared_;
  std::map<std::uint32_t, std::shared_ptr<Client>> clients_;  // by the acceptor's index
  std::map<std::uint32_t, platform::UniqueFd> waiting_;       // arrived before there was an office
  std::optional<std::int64_t> revision_;                      // of the store, as last seen
  runtime::Deadline next_head_;                               // of the audit log, to be told
  runtime::Gate serving_, tasks_;
  runtime::CancelScope scope_;  // of all that ends with the process
};

}  // namespace bulkhead::auth

// The egress as the supervisor sees it: generations, the acceptors' channels, drain.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "runtime/gate.h"
#include "workers/egress/health/prober.h"
#include "workers/egress/service.h"
#include "workers/process/worker_process.h"

namespace bulkhead::egress_worker {

class EgressRole final : public workers::Service {
 public:
  void attach(ipc::Channel& control) override;
  std::string prepare(std::uint32_t generation, std::shared_ptr<const config::Config> config,
                      const std::vector<std::uint32_t>& listeners) override;
  void commit(std::uint32_t generation) override;
  void abort(std::uint32_t generation) override;
  void page(proto::Page message, platform::UniqueFd memory) override;
  runtime::Task<bool> orphaned(runtime::Duration patience) override;
  runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) override;

 private:
  // An acceptor's channel; gone when its conversation has ended.
  struct Client {
    explicit Client(platform::UniqueFd socket)
        : channel(std::move(socket), proto::Party::egress, proto::Party::acceptor) {}
    ipc::Channel channel;
    runtime::CancelScope scope;
  };

  void on_peer(std::uint32_t acceptor, platform::UniqueFd socket);
  runtime::Task<void> serve(std::uint32_t acceptor, std::shared_ptr<Client> client);

  ipc::Channel* control_ = nullptr;  // outlives this
  Prober prober_;
  std::unique_ptr<EgressService> service_;                    // from the first commit on
  std::map<std::uint32_t, std::shared_ptr<Client>> clients_;  // by the acceptor's index
  std::map<std::uint32_t, platform::UniqueFd> waiting_;  // arrived before there was a generation
  std::shared_ptr<const config::Config> prepared_;
  std::shared_ptr<const ProbeTrust> prepared_trust_;
  runtime::Gate serving_;
};

}  // namespace bulkhead::egress_worker

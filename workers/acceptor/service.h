// The acceptor as the supervisor sees it: generations, listeners, the channel to the egress,
// questions about connections, drain.
#pragma once

#include <map>
#include <memory>

#include "proto/command.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/listening.h"
#include "workers/acceptor/policy/usage_report.h"
#include "workers/process/worker_process.h"

namespace bulkhead::acceptor {

class AcceptorService final : public workers::Service {
 public:
  AcceptorService(std::uint32_t index, std::uint32_t holder);

  void attach(ipc::Channel& control) override;
  void page(proto::Page message, platform::UniqueFd memory) override;
  std::string prepare(std::uint32_t generation, std::shared_ptr<const config::Config> config,
                      const std::vector<std::uint32_t>& listeners) override;
  void commit(std::uint32_t generation) override;
  void abort(std::uint32_t generation) override;
  void before_drain(const proto::Drain& order) override;
  runtime::Task<void> hand_over(runtime::Deadline deadline) override;
  runtime::Task<bool> orphaned(runtime::Duration patience) override;
  runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) override;

 private:
  struct Prepared {
    std::shared_ptr<const Generation> generation;
    std::vector<std::uint32_t> listeners;
  };

  // What is wrong with the page; nothing if it is in use now, or no page of an acceptor's.
  std::string take_page(const proto::Page& message, platform::UniqueFd memory);
  runtime::Task<void> watch_egress();
  void stop_listening();
  runtime::Task<void> watch_auth();
  runtime::Task<void> report_usage();
  runtime::Task<void> ask_again();
  void attach_auth();
  runtime::Task<void> test_backend(ipc::Channel& control, proto::TestBackend request,
                                   std::uint32_t id);
  void on_listener(proto::Listener message, platform::UniqueFd socket);
  void send_connections(ipc::Channel& control, std::uint32_t id) const;

  Acceptor acceptor_;
  UsageReport usage_;
  std::map<std::uint32_t, std::shared_ptr<Listening>> serving_;
  std::map<std::uint32_t, std::shared_ptr<Listening>> arrived_;  // not started yet
  std::optional<Prepared> prepared_;
  runtime::Gate watching_;
  runtime::CancelScope scope_;  // of what ends with the process
  runtime::Duration idle_grace_{0};
  bool orphan_ = false;
  bool ended_ = false;  // drained: the channel to the egress ends by our own will
};

}  // namespace bulkhead::acceptor

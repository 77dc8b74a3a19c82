// The life of a worker process, the same for every role: arguments, sandbox, Hello, generations of
// the configuration, drain. A role implements Service and calls run_worker() from main().
//
// Nothing is read before the sandbox is on. A worker that loses its control channel is an orphan:
// it goes on for a while, so that another supervisor can take over, then drains and exits, all of
// it bounded.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/model.h"
#include "ipc/channel.h"
#include "platform/sandbox.h"
#include "proto/worker.h"
#include "runtime/task.h"
#include "workers/process/arguments.h"

namespace bulkhead::workers {

class Service {
 public:
  virtual ~Service() = default;

  // Registers the role's own handlers on the control channel, which outlives the service.
  virtual void attach(ipc::Channel& control) = 0;

  // Makes everything that generation needs, without using it. An empty answer is yes, anything else
  // the reason why not. listeners: the ids that it is to serve (those of Listener messages that
  // came before).
  virtual std::string prepare(std::uint32_t generation,
                              std::shared_ptr<const config::Config> config,
                              const std::vector<std::uint32_t>& listeners) = 0;
  virtual void commit(std::uint32_t generation) = 0;
  virtual void abort(std::uint32_t generation) = 0;

  // Shared memory of the role's own; the recorder's page is taken care of. A page of a kind that
  // the role does not know is dropped.
  virtual void page(proto::Page, platform::UniqueFd) {}

  // What the order says beyond its deadline; called just before hand_over() and drain().
  virtual void before_drain(const proto::Drain&) {}
  // Before drain(): what can go on in another process is let go (Drain::hand_over).
  virtual runtime::Task<void> hand_over(runtime::Deadline) { co_return; }

  // The supervisor is gone. Goes on until it is time to drain: another supervisor has taken over,
  // or nobody came within patience (shutdown.drain_timeout), or there is nobody left to go on for.
  // Returns whether to hand over first. A role that takes no part in it drains at once.
  virtual runtime::Task<bool> orphaned(runtime::Duration) { co_return false; }

  // Accept nothing more, end when the rest has ended or at the deadline; returns how many had to be
  // cut.
  virtual runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) = 0;
};

struct RoleDescription {
  proto::Party party = proto::Party::acceptor;
  platform::SandboxProfile profile = platform::SandboxProfile::acceptor;
  bool empty_network_namespace = false;
  std::vector<int> message_descriptors;  // where descriptors may be sent, see platform/sandbox.h
  // What must be read or made before the sandbox closes (libraries that look at files).
  std::function<void(const Arguments&)> before_sandbox;
};

// main() of a worker; returns the exit code. make_service is called inside the sandbox, with the
// loop running.
int run_worker(int argc, char** argv, const RoleDescription& role,
               const std::function<std::unique_ptr<Service>(const Arguments&)>& make_service);

}  // namespace bulkhead::workers

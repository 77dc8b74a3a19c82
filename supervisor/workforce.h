// All workers, and the channels between them. Keeps every place filled: a worker that dies is
// replaced (see backoff.h), gets new channels to its peers and the generation in force. Roll-outs
// of a new generation are roll_out.h's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/model.h"
#include "platform/identity.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "supervisor/crashes.h"
#include "supervisor/estates.h"
#include "supervisor/shared_pages.h"
#include "supervisor/worker.h"

namespace bulkhead::supervisor {

platform::SandboxMode to_platform(config::SandboxMode mode);

class Workforce {
 public:
  struct Surroundings {
    std::string libexec;  // where the programs are
    std::string state;    // the state directory; the auth worker gets one below it
    platform::SandboxMode sandbox = platform::SandboxMode::automatic;
    // The generation in force; null before the first.
    std::function<std::shared_ptr<const Generation>()> current;
    // Called just before a process begins to serve a generation.
    std::function<void(WorkerProcess&)> before_commit;
    SharedPages& pages;  // outlives this
    // Acceptors of programs that ran in this process before, whose flows our vault holds.
    std::function<std::vector<std::shared_ptr<WorkerProcess>>()> elders;
    // Path of the socket where our vault can be found when we are gone; empty: nowhere.
    std::string rendezvous;
    // The workers are only prepared, to see whether they could serve: they change nothing.
    bool trial = false;
  };

  explicit Workforce(Surroundings surroundings);
  Workforce(const Workforce&) = delete;
  Workforce& operator=(const Workforce&) = delete;

  // Which acceptors there are to be when there are to be `count`: the lowest of those that serve,
  // and new indexes.
  std::vector<std::uint32_t> plan(std::uint32_t count) const;

  // Starts what is missing of these acceptors, the egress, the vault and, if the configuration
  // needs it, the auth worker: newcomers. The error is for a person.
  std::string start_missing(const std::vector<std::uint32_t>& acceptors,
                            const config::Config& config);
  // The processes that a new generation has to be agreed with: newcomers, and all that serve now
  // and will go on.
  std::vector<std::shared_ptr<WorkerProcess>> electorate(
      const std::vector<std::uint32_t>& acceptors, const config::Config& config) const;
  void dismiss_newcomers();
  // After a commit: newcomers are workers like all others, acceptors not named and an auth worker
  // that is not needed drain, whoever was being restarted meanwhile catches up.
  void settle(const std::vector<std::uint32_t>& acceptors, const config::Config& config);

  const std::vector<std::shared_ptr<Worker>>& workers() const { return workers_; }
  std::shared_ptr<WorkerProcess> egress() const { return only(proto::Party::egress); }
  std::shared_ptr<WorkerProcess> vault() const { return only(proto::Party::vault); }
  std::shared_ptr<WorkerProcess> auth() const { return only(proto::Party::auth); }
  const Estates& estates() const { return estates_; }
  std::vector<std::shared_ptr<WorkerProcess>> acceptors() const;  // that serve
  const platform::Identity& identity(proto::Party role) const;
  Crashes& crashes() { return crashes_; }
  // Fills a place with a worker that served before the program that ran here in between.
  void adopt(const WorkerState& state);
  // For and from the program that runs in this process after and before this one.
  void leave(DaemonState& state) const;
  void inherit(const DaemonState& state) {
    last_holder_ = state.last_holder;
    estates_.go_on_counting(state.estates, state.given_up);
  }
  // Numbers up to this one are taken; before any worker is started.
  void begin_holders_after(std::uint32_t last) { last_holder_ = last; }
  // An acceptor of the program before: what it lets go of, or leaves at its death, goes to ours.
  void welcome(const std::shared_ptr<WorkerProcess>& elder);
  void hold_for(WorkerProcess& elder);  // our vault does, from now on
  void farewell(const WorkerProcess& elder);
  // The same of one whose vault still has what it left: that comes from there.
  void await_estate(const WorkerProcess& elder);
  // What has not come by now will not: it is settled without.
  void await_estates_no_more();
  // True when no flow is on its way from one acceptor to another; waits for that.
  runtime::Task<bool> settled(runtime::Deadline deadline);
  // Waits until all that was said to the workers is theirs to read.
  runtime::Task<void> all_said(runtime::Deadline deadline) const;

  // For the audit log, if there is anybody who keeps one.
  void audit(std::string_view kind, std::string_view actor, std::string_view detail) const;

  // The end: nobody is restarted any more; acceptors drain, then the others; who is left is
  // killed. Returns when no worker and no coroutine of ours is left.
  runtime::Task<void> shut_down(runtime::Duration drain_timeout, runtime::Duration force_timeout);
  // Cuts shut_down() short.
  void force();

 private:
  void add(proto::Party role, std::uint32_t index, std::shared_ptr<WorkerProcess> process,
           bool newcomer = true);
  tl::expected<std::shared_ptr<WorkerProcess>, std::string> launch(proto::Party role,
                                                                   std::uint32_t index,
                                                                   const config::Config& config);
  workers::Arguments arguments(proto::Party role, std::uint32_t index,
                               const config::Config& config) const;
  // The one worker of that role, if it is alive.
  std::shared_ptr<WorkerProcess> only(proto::Party role) const;
  // Whether a reload takes a successor, because the process cannot do what is asked of it now.
  bool needs_another(const WorkerProcess& process, const config::Config& config) const;
  std::string make_channels(WorkerLaunch& launch);
  // Gives a new process its channels to the others.
  void connect(WorkerProcess& process);
  void connect(WorkerProcess& acceptor, WorkerProcess& peer);
  void connect_to_all_acceptors(WorkerProcess& peer);
  void listen_for_refusals(WorkerProcess& process);
  void listen_for_estates(const std::shared_ptr<WorkerProcess>& process);
  void offer_rendezvous(WorkerProcess& vault) const;
  void release_listeners() const;
  // After its process' end: what becomes of what it carried.
  void settle_estate(const WorkerProcess& process, bool refilled);
  // Lets another acceptor take the connections of one that has to wait for its restart.
  void lend_listeners(std::uint32_t acceptor);
  std::vector<Estates::Heir> heirs() const;
  std::shared_ptr<Worker> find(proto::Party role, std::uint32_t index) const;

  runtime::Task<void> keep_filled(std::shared_ptr<Worker> worker);
  runtime::Task<void> live(std::shared_ptr<Worker> worker);
  runtime::Task<bool> refill(std::shared_ptr<Worker> worker, runtime::Duration delay);
  runtime::Task<void> bring_up(std::shared_ptr<WorkerProcess> process);
  runtime::Task<void> retire(std::shared_ptr<WorkerProcess> process,
                             runtime::Duration drain_timeout);
  runtime::Task<void> drain_role(proto::Party role, runtime::Duration drain_timeout,
                                 runtime::Deadline deadline);
  bool any_alive(proto::Party role) const;

  Surroundings surroundings_;
  std::map<proto::Party, platform::Identity> identities_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::set<const WorkerProcess*> catching_up_;
  Crashes crashes_;
  Estates estates_;
  // Elders' that are on their way from the vault of their program, by holder; and which have come.
  std::map<std::uint32_t, std::shared_ptr<const Tenure>> awaited_;
  std::set<std::uint32_t> came_;
  std::uint32_t last_holder_ = 0;
  runtime::Event changed_;  // a worker ended
  runtime::Gate tasks_;
  bool stopping_ = false, forced_ = false;
};

}  // namespace bulkhead::supervisor

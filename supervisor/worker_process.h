// One worker process from its start to its end: spawn, Hello, generations, death. A successor is
// another object.
//
// Its end is seen through the pidfd. A worker that breaks the rules of its channel, does not greet,
// or does not answer is killed; so is one that closed its channel and stays.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ipc/channel.h"
#include "ipc/page/columns.h"
#include "ipc/page/recorder_page.h"
#include "platform/process.h"
#include "platform/shared_memory.h"
#include "proto/worker.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "supervisor/generation.h"
#include "supervisor/tenure.h"
#include "supervisor/upgrade/state.h"
#include "supervisor/worker_output.h"
#include "workers/process/arguments.h"

namespace bulkhead::supervisor {

inline constexpr runtime::Duration greeting_timeout{10'000};
inline constexpr runtime::Duration prepare_timeout{10'000};

struct WorkerLaunch {
  proto::Party role = proto::Party::acceptor;
  std::string executable;
  workers::Arguments arguments;
  // Acceptor only: the two ends of its channel to the egress, its own and the other, which is kept
  // for each egress to come.
  platform::UniqueFd egress_channel, egress_end;
  std::uint32_t column = ipc::no_column;  // acceptor only: its own in the shared pages
  // The same to the auth worker.
  platform::UniqueFd auth_channel, auth_end;
  // Acceptor only: its channel to the vault, and what outlives it.
  platform::UniqueFd vault_channel;
  std::shared_ptr<Tenure> tenure;
};

class WorkerProcess {
 public:
  static tl::expected<std::shared_ptr<WorkerProcess>, platform::Error> start(WorkerLaunch launch);

  // One that was started by the program that ran in this process before; takes its descriptors.
  static std::shared_ptr<WorkerProcess> inherit(const WorkerState& state);
  // For the program that comes after this one; crew is the caller's to fill in.
  WorkerState state() const;

  // Until the process has ended and was reaped. Called once; the caller keeps the object until
  // then.
  runtime::Task<platform::ExitReason> run();

  // False if it ended, or was killed for silence, before it greeted.
  runtime::Task<bool> wait_greeting();

  // First phase: hands over what it does not have yet, asks, waits. Empty: prepared.
  runtime::Task<std::string> prepare(std::shared_ptr<const Generation> generation);
  // Second phase, without waiting.
  void commit(const Generation& generation);
  void abort(const Generation& generation);

  // An acceptor's connections; what has come by the deadline or its end.
  runtime::Task<std::vector<proto::ConnectionRow>> connections(runtime::Deadline deadline);

  // True when the process has ended.
  runtime::Task<bool> wait_end(runtime::Deadline deadline);

  // Tells it to end; when it has not at the deadline it is the caller's to kill.
  // hand_over: another worker serves instead, so that no client need notice: raw flows are not
  // waited for but go to another acceptor, and idle connections are kept open for one more request.
  void drain(runtime::Duration timeout, bool hand_over = false);
  static constexpr runtime::Duration idle_grace{5'000};
  void kill(const std::string& why);  // why: for the log; empty logs nothing

  ipc::Channel& channel() { return channel_; }
  const std::shared_ptr<Tenure>& tenure() const { return tenure_; }  // null: not an acceptor
  // It has let go of its flows; the tenure is somebody else's to settle.
  bool relinquished() const { return relinquished_; }
  void set_relinquished() { relinquished_ = true; }
  // It ended by its own will when everything it had was done.
  bool ended_in_order() const { return drained_ && exit_.clean(); }
  int egress_end() const { return egress_end_.get(); }  // of an acceptor's channel to the egress
  int auth_end() const { return auth_end_.get(); }      // and to the auth worker
  std::uint32_t column() const { return column_; }      // in the shared pages
  const std::string& name() const { return name_; }     // "acceptor.0"
  const workers::Arguments& arguments() const { return arguments_; }
  proto::Party role() const { return role_; }
  std::uint32_t index() const { return index_; }
  pid_t pid() const { return child_.pid; }
  // Sockets of these ids were given to it by the program before.
  void set_listeners(const std::vector<std::uint32_t>& ids);
  runtime::Deadline started() const { return started_; }
  bool greeted() const { return greeted_ok_; }
  bool ended() const { return ended_; }
  bool draining() const { return draining_since_.has_value(); }
  std::optional<runtime::Deadline> draining_since() const { return draining_since_; }
  // It was built from the same messages; otherwise it can be told to drain and nothing else.
  bool understands() const { return hello_.version == proto::protocol_version; }
  // Once it has ended: neither by its own will after a drain, nor dismissed. That it has drained it
  // may have said to the program before this one, or in the moment of its end, unread.
  bool died() const {
    const bool was_told = drained_ || draining();
    return !dismissed_ && !(was_told && exit_.clean());
  }
  // What it did last; once it has ended.
  ipc::FlightRecord flight_record() const;
  std::uint32_t generation() const { return generation_; }  // committed; 0: none
  const proto::Hello& hello() const { return hello_; }
  // How it broke the rules of its channel; empty: it has not.
  const std::string& violation() const { return violation_; }
  const platform::ExitReason& exit_reason() const { return exit_; }  // once it has ended

 private:
  struct ConnectionQuery {
    std::vector<proto::ConnectionRow> rows;
    runtime::Event complete;
  };

  WorkerProcess(proto::Party role, std::uint32_t index, platform::UniqueFd control,
                platform::Child child, platform::UniqueFd output);
  void take_connections(proto::Connections part, std::uint32_t id);
  void greet(proto::Hello hello);
  void give_recorder();
  void give_pages();
  bool keep_recorder(platform::UniqueFd memory);
  bool hand_over_listeners(const Generation& generation);
  runtime::Task<std::string> describe_end();
  runtime::Task<void> live();
  runtime::Task<void> run_channel();
  runtime::Task<void> watch_process();

  std::string name_;
  workers::Arguments arguments_;
  proto::Party role_;
  std::uint32_t index_;
  platform::Child child_;
  ipc::Channel channel_;
  WorkerOutput output_;
  platform::UniqueFd egress_end_, auth_end_;
  std::shared_ptr<Tenure> tenure_;
  platform::UniqueFd recorder_memory_;
  platform::SharedMapping recorder_;
  std::uint32_t column_ = ipc::no_column;
  runtime::Deadline started_;
  runtime::Event greeting_;  // greeted, or ended
  runtime::Event over_;
  proto::Hello hello_;
  platform::ExitReason exit_;
  std::string violation_;
  std::set<std::uint32_t> listeners_;  // ids it has
  std::set<std::uint32_t> committed_listeners_;
  std::map<std::uint32_t, ConnectionQuery*> queries_;
  std::uint32_t last_query_ = 0;
  std::uint32_t generation_ = 0;
  std::optional<runtime::Deadline> draining_since_;
  bool greeted_ok_ = false, drained_ = false, ended_ = false;
  bool dismissed_ = false, relinquished_ = false;
};

}  // namespace bulkhead::supervisor

// The connections of this acceptor that are alive: for `proxyctl connections`, for ending one, and
// for draining.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "proto/worker.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/waiter.h"
#include "wire/address.h"
#include "workers/acceptor/flows/flow_book.h"
#include "workers/acceptor/observe/counters.h"
#include "workers/acceptor/policy/user.h"

namespace bulkhead::acceptor {

class ConnectionTable;

// One client connection. Entered for as long as it lives; the session keeps it up to date.
class ConnectionEntry {
 public:
  ConnectionEntry(ConnectionTable& table, wire::Endpoint client);
  // One that another acceptor accepted, under the id that it had there.
  ConnectionEntry(ConnectionTable& table, wire::Endpoint client, std::uint64_t id,
                  runtime::Deadline began);
  ~ConnectionEntry();
  ConnectionEntry(const ConnectionEntry&) = delete;
  ConnectionEntry& operator=(const ConnectionEntry&) = delete;

  std::uint64_t id() const { return id_; }
  runtime::CancelScope& scope() { return scope_; }
  proto::ConnectionRow row(runtime::Deadline now) const;

  // Who the connection belongs to from now on; null: nobody. What went over it before counts for
  // whom it belonged to then.
  void set_user(std::shared_ptr<User> user);
  const std::shared_ptr<User>& user() const { return user_; }
  // The same for what another process carried before: so much of it is that one's to report.
  void inherit(std::shared_ptr<User> user, std::uint64_t up_before, std::uint64_t down_before);
  // Adds what went over it since the last time to the user's traffic.
  void settle();

  // Nothing is under way (a kept-alive connection between requests): a drain ends it at once.
  void set_idle(bool idle);
  bool is_idle() const { return idle_; }

  // What it would cost if this process died now; nothing: it goes on elsewhere.
  void set_unprotected(std::optional<ipc::Unprotected> kind);

  // Whether something is under way to where the user may not go.
  bool is_barred(const User& user) const;

  // As the access log calls it.
  void set_protocol(std::string_view name);

  wire::Endpoint client;
  std::string destination, backend, rule;
  std::string_view state = "reading request";
  // Bytes of finished requests, and the live counters of the one under way.
  std::uint64_t up = 0, down = 0;
  const std::uint64_t* live_up = nullptr;
  const std::uint64_t* live_down = nullptr;

 private:
  ConnectionTable& table_;
  std::uint64_t id_;
  runtime::Deadline began_;
  runtime::CancelScope scope_;
  runtime::Gate::Pass pass_;
  ipc::Protocol protocol_ = ipc::Protocol::unknown;
  std::optional<ipc::Unprotected> unprotected_;
  std::shared_ptr<User> user_;
  std::uint64_t settled_up_ = 0, settled_down_ = 0;
  bool idle_ = false;
};

class ConnectionTable {
 public:
  // Counters and book outlive the table. An id is the worker's index, its number as a holder and a
  // count, so that it stays unique when its connection goes on elsewhere.
  ConnectionTable(std::uint32_t worker_index, std::uint32_t holder, Counters& counters,
                  FlowBook& book)
      : counters_(counters),
        book_(book),
        worker_(static_cast<std::uint16_t>(worker_index)),
        next_id_((std::uint64_t{worker_index} << 48) + (std::uint64_t{holder & 0xffff} << 32) + 1) {
  }

  // Ends one connection; false if there is none of that id.
  bool close(std::uint64_t id);
  void close_all();
  void close_all_of(const User& user);
  // Of the user's connections those whose destination is not one of the user's any more. An
  // association with many destinations ends as a whole, unless the user may go everywhere.
  void close_barred(const User& user);
  // From now on connections that are idle when the grace is over, or become so later, end at once.
  void start_draining(runtime::Duration grace);
  bool draining() const { return draining_; }

  std::size_t size() const { return entries_.size(); }
  bool contains(std::uint64_t id) const { return entries_.contains(id); }
  runtime::Gate& gate() { return gate_; }
  const std::map<std::uint64_t, ConnectionEntry*>& entries() const { return entries_; }

 private:
  friend class ConnectionEntry;

  static runtime::Task<void> end_idle_after(ConnectionTable& table, runtime::Duration grace);
  void end_idle();

  Counters& counters_;
  FlowBook& book_;
  std::uint16_t worker_;
  std::map<std::uint64_t, ConnectionEntry*> entries_;
  runtime::Gate gate_;
  std::uint64_t next_id_;
  bool draining_ = false;
  bool idle_may_stay_ = true;
};

}  // namespace bulkhead::acceptor

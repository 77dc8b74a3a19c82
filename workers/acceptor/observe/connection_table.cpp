#include "workers/acceptor/observe/connection_table.h"

#include <algorithm>

#include "ipc/page/flight_recorder.h"
#include "runtime/timer.h"

namespace bulkhead::acceptor {

ConnectionEntry::ConnectionEntry(ConnectionTable& table, wire::Endpoint endpoint)
    : ConnectionEntry(table, endpoint, table.next_id_++, runtime::Loop::current().now()) {
  table_.counters_.page().accepted.add(1);
  set_unprotected(ipc::Unprotected::starting);
  ipc::note(ipc::Happening::accepted, id_);
}

ConnectionEntry::ConnectionEntry(ConnectionTable& table, wire::Endpoint endpoint, std::uint64_t id,
                                 runtime::Deadline began)
    : client(endpoint), table_(table), id_(id), began_(began), pass_(table.gate_.enter()) {
  table_.entries_.emplace(id_, this);
  table_.counters_.page().active.add(1);
  table_.counters_.protocol(protocol_).active.add(1);
}

ConnectionEntry::~ConnectionEntry() {
  set_unprotected(std::nullopt);
  settle();
  table_.entries_.erase(id_);
  ipc::note(ipc::Happening::ended, id_, up, down);
  table_.counters_.page().active.subtract(1);
  table_.counters_.protocol(protocol_).active.subtract(1);
}

// Between two requests nothing is under way, and the next one is asked about.
bool ConnectionEntry::is_barred(const User& user) const {
  if (protocol_ == ipc::Protocol::udp) return user.is_confined();
  if (idle_ || destination.empty()) return false;
  const auto parsed = wire::HostPort::parse(destination);
  return parsed ? user.objection_to(*parsed).has_value() : user.is_confined();
}

void ConnectionEntry::set_unprotected(std::optional<ipc::Unprotected> kind) {
  if (unprotected_) table_.book_.leave(*unprotected_);
  unprotected_ = kind;
  if (unprotected_) table_.book_.enter(*unprotected_);
}

void ConnectionEntry::set_protocol(std::string_view name) {
  table_.counters_.protocol(protocol_).active.subtract(1);
  protocol_ = ipc::protocol_named(name);
  table_.counters_.protocol(protocol_).active.add(1);
}

void ConnectionEntry::set_user(std::shared_ptr<User> user) {
  settle();
  user_ = std::move(user);
}

void ConnectionEntry::inherit(std::shared_ptr<User> user, std::uint64_t up_before,
                              std::uint64_t down_before) {
  user_ = std::move(user);
  settled_up_ = up_before;
  settled_down_ = down_before;
}

void ConnectionEntry::settle() {
  const std::uint64_t all_up = up + (live_up != nullptr ? *live_up : 0);
  const std::uint64_t all_down = down + (live_down != nullptr ? *live_down : 0);
  if (user_) {
    user_->unreported.up += all_up - std::min(all_up, settled_up_);
    user_->unreported.down += all_down - std::min(all_down, settled_down_);
  }
  settled_up_ = all_up;
  settled_down_ = all_down;
}

void ConnectionEntry::set_idle(bool idle) {
  idle_ = idle;
  if (idle && !table_.idle_may_stay_) scope_.cancel();
}

proto::ConnectionRow ConnectionEntry::row(runtime::Deadline now) const {
  proto::ConnectionRow row;
  row.id = id_;
  row.worker = table_.worker_;
  row.client = client;
  if (protocol_ != ipc::Protocol::unknown) row.protocol = to_string(protocol_);
  if (user_) row.user = user_->name();
  row.destination = destination;
  row.backend = backend;
  row.rule = rule;
  row.state = idle_ ? std::string_view("idle") : state;
  row.age_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<runtime::Duration>(now - began_).count());
  row.up = up + (live_up != nullptr ? *live_up : 0);
  row.down = down + (live_down != nullptr ? *live_down : 0);
  return row;
}

bool ConnectionTable::close(std::uint64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  found->second->scope().cancel();
  return true;
}

// Cancelling resumes nobody inline, so the map does not change under the loop.
void ConnectionTable::close_all() {
  for (const auto& [id, entry] : entries_) entry->scope().cancel();
}

void ConnectionTable::close_all_of(const User& user) {
  for (const auto& [id, entry] : entries_) {
    if (entry->user().get() == &user) entry->scope().cancel();
  }
}

void ConnectionTable::close_barred(const User& user) {
  for (const auto& [id, entry] : entries_) {
    if (entry->user().get() == &user && entry->is_barred(user)) entry->scope().cancel();
  }
}

void ConnectionTable::start_draining(runtime::Duration grace) {
  draining_ = true;
  if (grace == runtime::Duration{0}) return end_idle();
  runtime::spawn(end_idle_after(*this, grace));
}

// The table lives as long as the process.
runtime::Task<void> ConnectionTable::end_idle_after(ConnectionTable& table,
                                                    runtime::Duration grace) {
  co_await runtime::sleep_for(grace);
  table.end_idle();
}

void ConnectionTable::end_idle() {
  idle_may_stay_ = false;
  for (const auto& [id, entry] : entries_) {
    if (entry->is_idle()) entry->scope().cancel();
  }
}

}  // namespace bulkhead::acceptor

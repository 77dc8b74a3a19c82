// Every message there is, who may send it to whom, and when. What is not in the table is refused.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::proto {

// Said in Hello; both ends must agree. Raise it with every change of a message.
inline constexpr std::uint16_t protocol_version = 1;

// Who speaks. Distinct from platform::Role: the command line speaks too, and the supervisor has no
// sandbox.
enum class Party : std::uint8_t { supervisor, acceptor, egress, vault, auth, proxyctl, end_ };
std::string_view to_string(Party party);

enum class MessageType : std::uint16_t {
  // worker.h: supervisor and its workers
  hello,
  prepare,
  listener,
  peer,
  peer_restarted,
  access_log,
  page,
  prepared,
  commit,
  abort,
  drain,
  drained,
  query_connections,
  connections,
  close_connections,
  offence,
  // opening.h: acceptor and egress
  open_tcp,
  open_udp,
  bind_tcp,
  open_udp_client,
  pin_udp_client,
  admit_peer,
  opened,
  refused,
  cancel,
  backend_report,
  // vault.h: vault, acceptors and supervisor
  hold_pages,
  hold_flow,
  hold_pipe,
  not_held,
  release,
  vault_sync,
  vault_synced,
  bequeath,
  held_pipe,
  held_flow,
  held_end,
  adopt,
  adopt_end,
  inherit,
  inherited,
  relinquish,
  relinquished,
  rendezvous,
  take_over,
  taken_over,
  convey_end,
  estate,
  query_vault,
  vault_state,
  // command.h: proxyctl
  test_backend,
  backend_tested,
  command,
  status_row,
  worker_row,
  listener_row,
  backend_row,
  rule_row,
  connection_row,
  crash_row,
  stats_row,
  backend_stats_row,
  ban_row,
  diagnostic_row,
  text,
  done,
  // auth.h: acceptor and auth
  check_credential,
  auth_verdict,
  user_revoked,
  limits_changed,
  users_present,
  report_usage,
  usage_stored,
  // administration.h: proxyctl and auth
  audit_event,
  administrator,
  auth_channel,
  auth_command,
  user_row,
  token_row,
  usage_row,
  method_row,
  lockout_row,
  audit_row,
  end_
};
std::string_view to_string(MessageType type);

enum class ChannelState : std::uint8_t {
  greeting,  // nothing has been said yet
  open,
};

// True if the table allows it. unknown types are never allowed.
bool may_send(Party from, Party to, std::uint16_t type, ChannelState state);

// How many descriptors the message must carry: exactly this many.
std::size_t descriptors_of(MessageType type);

}  // namespace bulkhead::proto

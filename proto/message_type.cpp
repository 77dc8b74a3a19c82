#include "proto/message_type.h"

#include <array>

namespace bulkhead::proto {
namespace {

struct Permission {
  MessageType type;
  std::string_view name;
  Party from, to;
  ChannelState state;
  std::size_t descriptors;
};

using enum MessageType;
constexpr auto supervisor = Party::supervisor;
constexpr auto acceptor = Party::acceptor;
constexpr auto egress = Party::egress;
constexpr auto vault = Party::vault;
constexpr auto auth = Party::auth;
constexpr auto proxyctl = Party::proxyctl;
constexpr auto greeting = ChannelState::greeting;
constexpr auto open = ChannelState::open;

constexpr std::array permissions{
    Permission{hello, "hello", acceptor, supervisor, greeting, 0},
    Permission{hello, "hello", egress, supervisor, greeting, 0},
    Permission{hello, "hello", vault, supervisor, greeting, 0},
    Permission{hello, "hello", auth, supervisor, greeting, 0},
    Permission{prepare, "prepare", supervisor, acceptor, open, 1},
    Permission{prepare, "prepare", supervisor, egress, open, 1},
    Permission{prepare, "prepare", supervisor, vault, open, 1},
    Permission{prepare, "prepare", supervisor, auth, open, 1},
    Permission{listener, "listener", supervisor, acceptor, open, 1},
    // Held by the vault for the next supervisor, which is sent them at the rendezvous.
    Permission{listener, "listener", supervisor, vault, open, 1},
    Permission{listener, "listener", vault, supervisor, open, 1},
    Permission{peer_restarted, "peer_restarted", supervisor, acceptor, open, 0},
    Permission{peer, "peer", supervisor, egress, open, 1},
    Permission{peer, "peer", supervisor, vault, open, 1},
    Permission{peer, "peer", supervisor, auth, open, 1},
    Permission{access_log, "access_log", supervisor, acceptor, open, 1},
    Permission{page, "page", supervisor, acceptor, open, 1},
    Permission{page, "page", supervisor, egress, open, 1},
    Permission{page, "page", supervisor, vault, open, 1},
    Permission{page, "page", supervisor, auth, open, 1},
    Permission{prepared, "prepared", acceptor, supervisor, open, 0},
    Permission{prepared, "prepared", egress, supervisor, open, 0},
    Permission{prepared, "prepared", vault, supervisor, open, 0},
    Permission{prepared, "prepared", auth, supervisor, open, 0},
    Permission{commit, "commit", supervisor, acceptor, open, 0},
    Permission{commit, "commit", supervisor, egress, open, 0},
    Permission{commit, "commit", supervisor, vault, open, 0},
    Permission{commit, "commit", supervisor, auth, open, 0},
    Permission{abort, "abort", supervisor, acceptor, open, 0},
    Permission{abort, "abort", supervisor, egress, open, 0},
    Permission{abort, "abort", supervisor, vault, open, 0},
    Permission{abort, "abort", supervisor, auth, open, 0},
    Permission{drain, "drain", supervisor, acceptor, open, 0},
    Permission{drain, "drain", supervisor, egress, open, 0},
    Permission{drain, "drain", supervisor, vault, open, 0},
    Permission{drain, "drain", supervisor, auth, open, 0},
    Permission{drained, "drained", acceptor, supervisor, open, 0},
    Permission{drained, "drained", egress, supervisor, open, 0},
    Permission{drained, "drained", vault, supervisor, open, 0},
    Permission{drained, "drained", auth, supervisor, open, 0},
    Permission{query_connections, "query_connections", supervisor, acceptor, open, 0},
    Permission{connections, "connections", acceptor, supervisor, open, 0},
    Permission{close_connections, "close_connections", supervisor, acceptor, open, 0},
    Permission{offence, "offence", acceptor, supervisor, open, 0},
    Permission{open_tcp, "open_tcp", acceptor, egress, open, 0},
    Permission{open_udp, "open_udp", acceptor, egress, open, 0},
    Permission{bind_tcp, "bind_tcp", acceptor, egress, open, 0},
    Permission{open_udp_client, "open_udp_client", acceptor, egress, open, 1},
    Permission{pin_udp_client, "pin_udp_client", acceptor, egress, open, 2},
    Permission{admit_peer, "admit_peer", acceptor, egress, open, 1},
    Permission{opened, "opened", egress, acceptor, open, 1},
    Permission{refused, "refused", egress, acceptor, open, 0},
    Permission{cancel, "cancel", acceptor, egress, open, 0},
    Permission{backend_report, "backend_report", acceptor, egress, open, 0},
    Permission{hold_pages, "hold_pages", acceptor, vault, open, 2},
    Permission{hold_pages, "hold_pages", vault, vault, open, 2},
    Permission{hold_flow, "hold_flow", acceptor, vault, open, 2},
    Permission{hold_flow, "hold_flow", vault, vault, open, 2},
    Permission{hold_pipe, "hold_pipe", acceptor, vault, open, 2},
    Permission{hold_pipe, "hold_pipe", vault, vault, open, 2},
    Permission{not_held, "not_held", vault, acceptor, open, 0},
    Permission{release, "release", acceptor, vault, open, 0},
    Permission{vault_sync, "vault_sync", acceptor, vault, open, 0},
    Permission{vault_synced, "vault_synced", vault, acceptor, open, 0},
    Permission{bequeath, "bequeath", supervisor, vault, open, 0},
    Permission{held_pipe, "held_pipe", vault, acceptor, open, 2},
    Permission{held_flow, "held_flow", vault, acceptor, open, 2},
    Permission{held_end, "held_end", vault, acceptor, open, 0},
    Permission{adopt, "adopt", acceptor, vault, open, 0},
    Permission{adopt_end, "adopt_end", acceptor, vault, open, 0},
    Permission{inherit, "inherit", supervisor, acceptor, open, 2},
    Permission{inherit, "inherit", vault, acceptor, open, 2},
    Permission{inherited, "inherited", acceptor, supervisor, open, 0},
    Permission{relinquish, "relinquish", vault, acceptor, open, 0},
    Permission{relinquished, "relinquished", acceptor, vault, open, 0},
    Permission{relinquished, "relinquished", acceptor, supervisor, open, 0},
    Permission{rendezvous, "rendezvous", supervisor, vault, open, 1},
    Permission{take_over, "take_over", supervisor, vault, open, 1},
    Permission{taken_over, "taken_over", vault, supervisor, open, 0},
    Permission{convey_end, "convey_end", vault, vault, open, 0},
    Permission{estate, "estate", vault, supervisor, open, 2},
    Permission{query_vault, "query_vault", supervisor, vault, open, 0},
    Permission{vault_state, "vault_state", vault, supervisor, open, 0},
    Permission{test_backend, "test_backend", supervisor, acceptor, open, 0},
    Permission{backend_tested, "backend_tested", acceptor, supervisor, open, 0},
    Permission{backend_tested, "backend_tested", supervisor, proxyctl, open, 0},
    Permission{command, "command", proxyctl, supervisor, greeting, 0},
    Permission{status_row, "status_row", supervisor, proxyctl, open, 0},
    Permission{worker_row, "worker_row", supervisor, proxyctl, open, 0},
    Permission{listener_row, "listener_row", supervisor, proxyctl, open, 0},
    Permission{backend_row, "backend_row", supervisor, proxyctl, open, 0},
    Permission{rule_row, "rule_row", supervisor, proxyctl, open, 0},
    Permission{connection_row, "connection_row", supervisor, proxyctl, open, 0},
    Permission{crash_row, "crash_row", supervisor, proxyctl, open, 0},
    Permission{stats_row, "stats_row", supervisor, proxyctl, open, 0},
    Permission{backend_stats_row, "backend_stats_row", supervisor, proxyctl, open, 0},
    Permission{ban_row, "ban_row", supervisor, proxyctl, open, 0},
    Permission{diagnostic_row, "diagnostic_row", supervisor, proxyctl, open, 0},
    Permission{text, "text", supervisor, proxyctl, open, 0},
    Permission{done, "done", supervisor, proxyctl, open, 0},
    Permission{check_credential, "check_credential", acceptor, auth, open, 0},
    Permission{auth_verdict, "auth_verdict", auth, acceptor, open, 0},
    Permission{user_revoked, "user_revoked", auth, acceptor, open, 0},
    Permission{limits_changed, "limits_changed", auth, acceptor, open, 0},
    Permission{users_present, "users_present", acceptor, auth, open, 0},
    Permission{report_usage, "report_usage", acceptor, auth, open, 0},
    Permission{usage_stored, "usage_stored", auth, acceptor, open, 0},
    Permission{audit_event, "audit_event", supervisor, auth, open, 0},
    // What an acceptor said to them and must not have; the supervisor passes it on.
    Permission{audit_event, "audit_event", egress, supervisor, open, 0},
    Permission{audit_event, "audit_event", vault, supervisor, open, 0},
    Permission{administrator, "administrator", supervisor, auth, open, 1},
    Permission{auth_channel, "auth_channel", supervisor, proxyctl, open, 1},
    Permission{auth_command, "auth_command", proxyctl, auth, greeting, 0},
    Permission{user_row, "user_row", auth, proxyctl, open, 0},
    Permission{token_row, "token_row", auth, proxyctl, open, 0},
    Permission{usage_row, "usage_row", auth, proxyctl, open, 0},
    Permission{method_row, "method_row", auth, proxyctl, open, 0},
    Permission{lockout_row, "lockout_row", auth, proxyctl, open, 0},
    Permission{audit_row, "audit_row", auth, proxyctl, open, 0},
    Permission{text, "text", auth, proxyctl, open, 0},
    Permission{done, "done", auth, proxyctl, open, 0},
};

}  // namespace

std::string_view to_string(Party party) {
  switch (party) {
    case Party::supervisor:
      return "supervisor";
    case Party::acceptor:
      return "acceptor";
    case Party::egress:
      return "egress";
    case Party::vault:
      return "vault";
    case Party::auth:
      return "auth";
    case Party::proxyctl:
      return "proxyctl";
    case Party::end_:
      break;
  }
  return "unknown";
}

std::string_view to_string(MessageType type) {
  for (const Permission& permission : permissions) {
    if (permission.type == type) return permission.name;
  }
  return "unknown";
}

bool may_send(Party from, Party to, std::uint16_t type, ChannelState state) {
  for (const Permission& permission : permissions) {
    if (static_cast<std::uint16_t>(permission.type) == type && permission.from == from &&
        permission.to == to) {
      return permission.state == state;
    }
  }
  return false;
}

std::size_t descriptors_of(MessageType type) {
  for (const Permission& permission : permissions) {
    if (permission.type == type) return permission.descriptors;
  }
  return 0;
}

}  // namespace bulkhead::proto

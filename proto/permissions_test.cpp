// Who may say what to whom: written out a second time, as conversations, and compared with every
// combination there is.
#include <gtest/gtest.h>
#include <set>

#include "proto/message_type.h"

namespace bulkhead::proto {
namespace {

using enum MessageType;
using Types = std::set<MessageType>;

// What may be said once the peer has greeted, or where nobody greets.
Types allowed_when_open(Party from, Party to) {
  if (from == Party::supervisor && to == Party::acceptor) {
    return {prepare, listener, peer_restarted,    access_log,        page,         commit,
            abort,   drain,    query_connections, close_connections, test_backend, inherit};
  }
  if (from == Party::supervisor && to == Party::egress)
    return {prepare, peer, page, commit, abort, drain};
  if (from == Party::supervisor && to == Party::vault) {
    return {prepare,  peer,     page,       commit,    abort,      drain,
            listener, bequeath, rendezvous, take_over, query_vault};
  }
  if (from == Party::supervisor && to == Party::proxyctl) {
    return {status_row,     worker_row, listener_row,   backend_row,       rule_row,
            connection_row, crash_row,  stats_row,      backend_stats_row, ban_row,
            text,           done,       diagnostic_row, backend_tested,    auth_channel};
  }
  if (from == Party::supervisor && to == Party::auth)
    return {prepare, peer, page, commit, abort, drain, audit_event, administrator};
  if (from == Party::auth && to == Party::supervisor) return {prepared, drained};
  if (from == Party::acceptor && to == Party::auth)
    return {check_credential, users_present, report_usage};
  if (from == Party::auth && to == Party::acceptor)
    return {auth_verdict, user_revoked, limits_changed, usage_stored};
  if (from == Party::auth && to == Party::proxyctl) {
    return {user_row, token_row, usage_row, method_row, lockout_row, audit_row, text, done};
  }
  if (from == Party::acceptor && to == Party::supervisor)
    return {prepared, drained, connections, offence, backend_tested, inherited, relinquished};
  if (from == Party::egress && to == Party::supervisor) return {prepared, drained, audit_event};
  if (from == Party::vault && to == Party::supervisor)
    return {prepared, drained, taken_over, estate, vault_state, listener, audit_event};
  if (from == Party::acceptor && to == Party::vault) {
    return {hold_pages, hold_flow, hold_pipe, release, vault_sync, adopt, adopt_end, relinquished};
  }
  if (from == Party::vault && to == Party::acceptor)
    return {not_held, vault_synced, held_pipe, held_flow, held_end, inherit, relinquish};
  if (from == Party::vault && to == Party::vault)
    return {hold_pages, hold_flow, hold_pipe, convey_end};
  if (from == Party::acceptor && to == Party::egress) {
    return {open_tcp,       open_udp,   bind_tcp, open_udp_client,
            pin_udp_client, admit_peer, cancel,   backend_report};
  }
  if (from == Party::egress && to == Party::acceptor) return {opened, refused};
  return {};
}

Types allowed_as_greeting(Party from, Party to) {
  if (from == Party::proxyctl && to == Party::auth) return {auth_command};
  if (to != Party::supervisor) return {};
  if (from == Party::acceptor || from == Party::egress || from == Party::vault ||
      from == Party::auth)
    return {hello};
  if (from == Party::proxyctl) return {command};
  return {};
}

TEST(Permissions, AreExactlyTheConversations) {
  for (int from = 0; from <= static_cast<int>(Party::end_); ++from) {
    for (int to = 0; to <= static_cast<int>(Party::end_); ++to) {
      const auto sender = static_cast<Party>(from), receiver = static_cast<Party>(to);
      const Types open = allowed_when_open(sender, receiver),
                  greeting = allowed_as_greeting(sender, receiver);
      for (unsigned type = 0; type < 0x10000; type += type < 300 ? 1 : 251) {
        const auto number = static_cast<std::uint16_t>(type);
        const auto message = static_cast<MessageType>(type);
        EXPECT_EQ(may_send(sender, receiver, number, ChannelState::open), open.contains(message))
            << to_string(sender) << " to " << to_string(receiver) << ": " << type;
        EXPECT_EQ(may_send(sender, receiver, number, ChannelState::greeting),
                  greeting.contains(message))
            << to_string(sender) << " to " << to_string(receiver) << ": " << type;
      }
    }
  }
}

TEST(Permissions, EveryMessageHasAUniqueNameAndASpeaker) {
  std::set<std::string_view> names;
  for (unsigned type = 0; type < static_cast<unsigned>(end_); ++type) {
    names.insert(to_string(static_cast<MessageType>(type)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(end_));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(end_), "unknown");
}

TEST(Permissions, DescriptorsTravelWithTheseMessagesOnly) {
  for (unsigned type = 0; type <= static_cast<unsigned>(end_); ++type) {
    const auto message = static_cast<MessageType>(type);
    const bool one =
        Types{prepare,    listener, peer,       access_log, page,          open_udp_client,
              admit_peer, opened,   rendezvous, take_over,  administrator, auth_channel}
            .contains(message);
    const bool two = Types{pin_udp_client, hold_pages, hold_flow, hold_pipe,
                           held_pipe,      held_flow,  inherit,   estate}
                         .contains(message);
    const std::size_t expected = two ? 2 : one ? 1 : 0;
    EXPECT_EQ(descriptors_of(message), expected) << to_string(message);
  }
}

}  // namespace
}  // namespace bulkhead::proto

// All messages there are, for whoever must treat them alike: the check of a body whose type is only
// known at run time, the tests, the fuzzer.
#pragma once

#include <span>
#include <tuple>

#include "proto/administration.h"
#include "proto/auth.h"
#include "proto/ban.h"
#include "proto/codec.h"
#include "proto/command.h"
#include "proto/crash.h"
#include "proto/message_type.h"
#include "proto/opening.h"
#include "proto/stats.h"
#include "proto/vault.h"
#include "proto/worker.h"

namespace bulkhead::proto {

using AllMessages = std::tuple<
    Hello, Prepare, Listener, Peer, PeerRestarted, AccessLog, Page, Prepared, Commit, Abort, Drain,
    Drained, QueryConnections, Connections, CloseConnections, Offence, OpenTcp, OpenUdp, BindTcp,
    OpenUdpClient, PinUdpClient, AdmitPeer, Opened, Refused, Cancel, BackendReport, HoldPages,
    HoldFlow, HoldPipe, NotHeld, Release, VaultSync, VaultSynced, Bequeath, HeldPipe, HeldFlow,
    HeldEnd, Adopt, AdoptEnd, Inherit, Inherited, Relinquish, Relinquished, Rendezvous, TakeOver,
    TakenOver, ConveyEnd, Estate, QueryVault, VaultState, TestBackend, BackendTested, Command,
    StatusRow, WorkerRow, ListenerRow, BackendRow, RuleRow, ConnectionRow, CrashRow, StatsRow,
    BackendStatsRow, BanRow, DiagnosticRow, TextPart, Done, CheckCredential, AuthVerdict,
    UserRevoked, LimitsChanged, UsersPresent, ReportUsage, UsageStored, AuditEvent, Administrator,
    AuthChannel, AuthCommand, UserRow, TokenRow, UsageRow, MethodRow, LockoutRow, AuditRow>;

static_assert(std::tuple_size_v<AllMessages> == static_cast<std::size_t>(MessageType::end_),
              "every type has its message, and is listed once");

// Calls visit.template operator()<Message>() for each message.
template <typename Visitor>
void for_each_message(Visitor&& visit) {
  [&visit]<typename... Message>(const std::tuple<Message...>*) {
    (visit.template operator()<Message>(), ...);
  }(static_cast<const AllMessages*>(nullptr));
}

// True if the body is a whole message of that type. The body has no header.
bool is_well_formed(MessageType type, std::span<const std::uint8_t> body);

}  // namespace bulkhead::proto

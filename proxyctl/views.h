// Answers as people and as programs read them: a table, or one JSON document with --json.
#pragma once

#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "proxyctl/session.h"

namespace bulkhead::proxyctl {

void show_status(const Session& session, const Answer& answer);
void show_stats(const Session& session, const Answer& answer);
void show_bans(const Session& session, const std::vector<proto::BanRow>& bans);
void show_backends(const Session& session, const std::vector<proto::BackendRow>& backends);
void show_rules(const Session& session, const std::vector<proto::RuleRow>& rules);

// last: how many events of each are printed; a JSON document has them all.
void show_crashes(const Session& session, const std::vector<proto::CrashRow>& rows,
                  std::size_t last);
void show_users(const Session& session, const std::vector<proto::UserRow>& users);
void show_tokens(const Session& session, const std::vector<proto::TokenRow>& tokens);
void show_usage(const Session& session, const std::vector<proto::UsageRow>& usage);
void show_methods(const Session& session, const std::vector<proto::MethodRow>& methods,
                  std::string_view verdict);
void show_lockouts(const Session& session, const std::vector<proto::LockoutRow>& lockouts);
void show_audit(const Session& session, const std::vector<proto::AuditRow>& entries);

enum class ConnectionOrder { age, bytes, client, user, destination, backend };

// Those that hold filter in their client, user, destination, backend, rule, protocol or state (case
// of ASCII ignored): oldest first, or busiest, or in the order of that column.
std::vector<proto::ConnectionRow> select_connections(std::vector<proto::ConnectionRow> rows,
                                                     ConnectionOrder order,
                                                     const std::string& filter);
void show_connections(const Session& session, const std::vector<proto::ConnectionRow>& rows);

// The values that show_stats and show_connections print with --json, for a larger document.
void write_stats(JsonWriter& json, const proto::StatsRow& totals,
                 const std::vector<proto::BackendStatsRow>& backends);
void write_connections(JsonWriter& json, const std::vector<proto::ConnectionRow>& rows);

config::Diagnostic to_diagnostic(const proto::DiagnosticRow& row);
void write_diagnostics(JsonWriter& json, const std::vector<config::Diagnostic>& diagnostics);

// What an answer holds beside its message: diagnostics and the outcome of a test, as lines or as
// members of the object that is open.
void print_details(std::ostream& out, const Answer& answer);
void write_details(JsonWriter& json, const Answer& answer);

}  // namespace bulkhead::proxyctl

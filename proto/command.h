// What proxyctl asks of the supervisor: one Command a connection, answered by rows of one kind and
// then Done. TestBackend goes on to an acceptor: what is tested is the way that clients go.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"
#include "proto/refusal.h"
#include "proto/vault.h"
#include "proto/worker.h"

namespace bulkhead::proto {

enum class CommandName : std::uint8_t {
  status,            // StatusRow, WorkerRow*, ListenerRow*
  config_show,       // Text*: the configuration in force, secrets masked
  config_reload,     // DiagnosticRow*
  backend_list,      // BackendRow*
  backend_add,       // arguments[0]: one backend as YAML; DiagnosticRow*
  backend_remove,    // arguments[0]: name
  backend_test,      // arguments[0]: name, arguments[1]: host:port or empty; BackendTested
  rule_list,         // RuleRow*
  rule_add,          // arguments[0]: one rule as YAML; arguments[1]: position from 1, or empty;
                     // DiagnosticRow*
  rule_remove,       // arguments[0]: name
  rule_reorder,      // arguments: names, in the order wanted first
  connections,       // ConnectionRow*
  stats,             // StatsRow, BackendStatsRow*
  ban_list,          // BanRow*
  ban_add,           // arguments[0]: address, arguments[1]: milliseconds
  ban_lift,          // arguments[0]: address
  close_connection,  // arguments[0]: id
  crashes,           // CrashRow*
  reopen_logs,
  auth_channel,  // AuthChannel: a channel to the auth worker, see administration.h
  upgrade,       // arguments[0]: absolute path of the new program, or empty; Text*
  stop,          // answered when the drain has begun
  end_
};

struct Command {
  static constexpr MessageType type = MessageType::command;
  std::uint16_t version = protocol_version;
  CommandName name = CommandName::status;
  List<Text<16'000>, 256> arguments;  // all together bounded by the message
  static auto fields(auto& self) { return std::tie(self.version, self.name, self.arguments); }
};

// What protects raw flows against the death of their process, and what became of those whose
// process died, since the supervisor started.
struct SurvivalPart {
  bool vault_answers = false;
  VaultState vault;
  Inherited estates;            // of all estates that were settled; its `from` means nothing
  std::uint32_t unsettled = 0;  // estates that wait for an heir, or for the heir's word
  std::uint32_t given_up = 0;   // estates that nobody went on with
  static auto fields(auto& self) {
    return std::tie(self.vault_answers, self.vault, self.estates, self.unsettled, self.given_up);
  }
};

struct StatusRow {
  static constexpr MessageType type = MessageType::status_row;
  Text<32> version;
  std::uint32_t pid = 0;
  Text<16> state;  // running, draining
  std::uint64_t uptime_ms = 0;
  std::uint32_t generation = 0;
  Text<1000> config_file;  // empty: the built-in defaults
  Text<16> sandbox_mode;
  bool rootless = false;
  std::uint64_t reloads = 0, failed_reloads = 0;
  Text<1000> last_reload;  // "ok" or why it failed; empty before the first
  std::uint64_t active = 0, accepted = 0, refused = 0, up = 0, down = 0;
  SurvivalPart survival;
  List<Text<300>, 32> warnings;
  static auto fields(auto& self) {
    return std::tie(self.version, self.pid, self.state, self.uptime_ms, self.generation,
                    self.config_file, self.sandbox_mode, self.rootless, self.reloads,
                    self.failed_reloads, self.last_reload, self.active, self.accepted, self.refused,
                    self.up, self.down, self.survival, self.warnings);
  }
};

struct WorkerRow {
  static constexpr MessageType type = MessageType::worker_row;
  Party role = Party::acceptor;
  std::uint16_t index = 0;
  std::uint32_t pid = 0;
  std::uint32_t crew = 0;  // counted by upgrades: another than the newest is an older program's
  Text<16> state;          // starting, running, draining, waiting (for its restart), crash-loop
  std::uint64_t draining_ms = 0;  // for how long; 0: it does not
  std::uint64_t connections = 0;  // that it still carries; told of acceptors that drain
  std::uint64_t uptime_ms = 0;
  std::uint64_t restarts = 0;
  Text<200> last_exit;
  std::uint32_t uid = 0;
  Text<200> identity;
  std::uint32_t generation = 0;
  bool sandbox_complete = false;
  List<SandboxLayer, 16> layers;
  static auto fields(auto& self) {
    return std::tie(self.role, self.index, self.pid, self.crew, self.state, self.draining_ms,
                    self.connections, self.uptime_ms, self.restarts, self.last_exit, self.uid,
                    self.identity, self.generation, self.sandbox_complete, self.layers);
  }
};

struct ListenerRow {
  static constexpr MessageType type = MessageType::listener_row;
  Text<64> name;
  wire::Endpoint address;
  ListenerProtocol protocol = ListenerProtocol::http;
  bool proxy_protocol = false;
  static auto fields(auto& self) {
    return std::tie(self.name, self.address, self.protocol, self.proxy_protocol);
  }
};

struct BackendRow {
  static constexpr MessageType type = MessageType::backend_row;
  Text<64> name;
  Text<16> kind;
  Text<300> address;  // of the parent, or empty
  Text<64> via;
  bool available = true;
  Text<200> reason;  // why not available
  Text<16> origin;   // file, managed, default
  std::uint64_t active = 0, opened = 0, failed = 0;
  // Health: see ipc/page/health_page.h.
  Text<16> state;                                // unknown, healthy, unhealthy
  Text<16> found_by;                             // check, traffic; empty: nothing yet
  Text<8> check;                                 // tcp, http, ping; empty: it is not checked
  std::uint64_t since_ms = 0, checked_ms = 0;    // Unix time; 0: never
  std::uint32_t latency_us = 0;                  // of the last successful check; 0: none
  std::uint32_t connect_us = 0;                  // mean time of connecting; 0: not measured
  std::uint32_t failures = 0;                    // checks in a row
  std::uint32_t uptime_hundredths = UINT32_MAX;  // of a percent; UINT32_MAX: unknown
  std::uint64_t checks = 0, failed_checks = 0;
  Text<128> problem;  // what the last failure said
  Text<16> circuit;   // closed, open, half-open
  std::uint32_t in_use = 0, waiting = 0;
  std::uint32_t max_connections = 0;  // 0: unlimited
  bool leaving = false;               // removed, but connections of it go on
  static auto fields(auto& self) {
    return std::tie(self.name, self.kind, self.address, self.via, self.available, self.reason,
                    self.origin, self.active, self.opened, self.failed, self.state, self.found_by,
                    self.check, self.since_ms, self.checked_ms, self.latency_us, self.connect_us,
                    self.failures, self.uptime_hundredths, self.checks, self.failed_checks,
                    self.problem, self.circuit, self.in_use, self.waiting, self.max_connections,
                    self.leaving);
  }
};

struct RuleRow {
  static constexpr MessageType type = MessageType::rule_row;
  std::uint32_t position = 0;  // from 1
  Text<128> name;
  Text<1000> match;
  Text<300> action;
  Text<16> origin;
  static auto fields(auto& self) {
    return std::tie(self.position, self.name, self.match, self.action, self.origin);
  }
};

// What is wrong, or doubtful, in a configuration: see config/diagnostic.h.
struct DiagnosticRow {
  static constexpr MessageType type = MessageType::diagnostic_row;
  Text<1000> file;
  std::uint32_t line = 0, column = 0;
  bool error = true;  // else a warning
  Text<1000> key;
  Text<2000> message;
  Text<1000> hint;
  static auto fields(auto& self) {
    return std::tie(self.file, self.line, self.column, self.error, self.key, self.message,
                    self.hint);
  }
};

// A piece of text of any length: concatenate.
struct TextPart {
  static constexpr MessageType type = MessageType::text;
  Text<32'000> part;
  static auto fields(auto& self) { return std::tie(self.part); }
};

// Ends the answer. exit_code is proxyctl's.
struct Done {
  static constexpr MessageType type = MessageType::done;
  std::uint8_t exit_code = 0;
  Text<4000> message;
  static auto fields(auto& self) { return std::tie(self.exit_code, self.message); }
};

struct TestBackend {
  static constexpr MessageType type = MessageType::test_backend;
  Text<64> backend;
  Text<wire::max_host_length> host;  // empty: only as far as the parent
  std::uint16_t port = 0;
  std::uint32_t timeout_ms = 0;
  static auto fields(auto& self) {
    return std::tie(self.backend, self.host, self.port, self.timeout_ms);
  }
};

struct BackendTested {
  static constexpr MessageType type = MessageType::backend_tested;
  bool ok = false;
  Refusal reason = Refusal::internal_error;
  Text<200> detail;
  std::uint32_t resolve_us = 0, connect_us = 0, handshake_us = 0;
  wire::Endpoint remote;
  static auto fields(auto& self) {
    return std::tie(self.ok, self.reason, self.detail, self.resolve_us, self.connect_us,
                    self.handshake_us, self.remote);
  }
};

}  // namespace bulkhead::proto

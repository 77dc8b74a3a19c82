#include "proxyctl/table.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

std::string_view to_string(proto::LayerState state) {
  switch (state) {
    case proto::LayerState::on:
      return "on";
    case proto::LayerState::off:
      return "off";
    default:
      return "unavailable";
  }
}

std::string_view to_string(proto::ListenerProtocol protocol) {
  switch (protocol) {
    case proto::ListenerProtocol::http:
      return "http";
    case proto::ListenerProtocol::socks:
      return "socks";
    default:
      return "mixed";
  }
}

std::string name_of(const proto::WorkerRow& worker) {
  return std::string(proto::to_string(worker.role)) + " " + std::to_string(worker.index);
}

void line(std::ostream& out, std::string_view title, const std::string& text) {
  out << "  " << title << std::string(15 - title.size(), ' ') << printable(text) << '\n';
}

// Why connections ended with a process that died, as `--json` and the documentation call it.
std::vector<std::pair<std::string_view, std::uint32_t>> losses(const proto::Inherited& estates) {
  return {{"starting", estates.starting},
          {"http", estates.http},
          {"young", estates.young},
          {"opaque", estates.opaque},
          {"udp", estates.udp},
          {"overflow", estates.overflow},
          {"torn", estates.torn},
          {"unvaulted", estates.unvaulted},
          {"unrecorded", estates.unrecorded},
          {"refused", estates.refused}};
}

// "12 protected, 340 went on after a crash, 3 lost (2 young, 1 http)"
std::string survival_text(const proto::SurvivalPart& part) {
  std::string text =
      part.vault_answers ? std::to_string(part.vault.flows) + " protected" : "not protected now";
  text += ", " + std::to_string(part.estates.adopted) + " went on elsewhere";
  std::uint64_t lost = 0;
  std::string why;
  for (const auto& [reason, count] : losses(part.estates)) {
    lost += count;
    if (count == 0) continue;
    why += (why.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(reason);
  }
  text += ", " + std::to_string(lost) + " lost" + (why.empty() ? "" : " (" + why + ')');
  if (part.unsettled != 0)
    text += "; " + std::to_string(part.unsettled) + " workers' to be settled";
  if (part.given_up != 0) text += "; " + std::to_string(part.given_up) + " workers' given up";
  return text;
}

void print_summary(std::ostream& out, const proto::StatusRow& row) {
  out << "bulkhead " << printable(row.version.value) << " (pid " << row.pid << ") "
      << printable(row.state.value) << " for " << short_duration(row.uptime_ms) << '\n';
  line(out, "configuration",
       (row.config_file.value.empty() ? "built-in defaults" : row.config_file.value) +
           ", generation " + std::to_string(row.generation));
  line(out, "sandbox", row.sandbox_mode.value + (row.rootless ? ", rootless" : ", as root"));
  std::string reloads =
      std::to_string(row.reloads) + ", " + std::to_string(row.failed_reloads) + " failed";
  if (!row.last_reload.value.empty()) reloads += "; last: " + row.last_reload.value;
  line(out, "reloads", reloads);
  line(out, "connections",
       std::to_string(row.active) + " active, " + std::to_string(row.accepted) + " accepted, " +
           std::to_string(row.refused) + " refused");
  line(out, "raw flows", survival_text(row.survival));
  line(out, "traffic", short_bytes(row.up) + " up, " + short_bytes(row.down) + " down");
  for (const auto& warning : row.warnings.items)
    out << "warning: " << printable(warning.value) << '\n';
}

void print(const Session& session, std::string_view title, const Table& table) {
  if (table.empty()) return;
  session.out << '\n' << title << '\n';
  table.print(session.out, session.terminal);
}

// "12s, 3 connections"
std::string draining_text(const proto::WorkerRow& row) {
  if (row.draining_ms == 0) return {};
  std::string text = short_duration(row.draining_ms);
  if (row.role == proto::Party::acceptor)
    text += ", " + std::to_string(row.connections) + " connections";
  return text;
}

Table worker_table(const std::vector<proto::WorkerRow>& workers) {
  Table table({{"WORKER"},
               {"PID", Align::right},
               {"STATE"},
               {"DRAINING", Align::right},
               {"UPTIME", Align::right},
               {"RESTARTS", Align::right},
               {"UID", Align::right},
               {"IDENTITY"},
               {"GENERATION", Align::right},
               {"LAST EXIT"}});
  for (const auto& row : workers) {
    // A worker that waits for its restart has no process and no user; 0 would read as root.
    const auto known = [&](const std::string& text) { return row.pid == 0 ? "-" : text; };
    table.add({name_of(row), known(std::to_string(row.pid)), row.state.value, draining_text(row),
               known(short_duration(row.uptime_ms)), std::to_string(row.restarts),
               known(std::to_string(row.uid)), row.identity.value,
               known(std::to_string(row.generation)), row.last_exit.value});
  }
  return table;
}

Table sandbox_table(const std::vector<proto::WorkerRow>& workers) {
  Table table({{"WORKER"}, {"LAYER"}, {"STATE"}, {"DETAIL"}});
  for (const auto& row : workers) {
    if (row.pid == 0) {
      table.add({name_of(row), "all", "-", "is not running"});
      continue;
    }
    table.add({name_of(row), "all", row.sandbox_complete ? "complete" : "INCOMPLETE", ""});
    for (const auto& layer : row.layers.items) {
      table.add({name_of(row), layer.name.value, std::string(to_string(layer.state)),
                 layer.detail.value});
    }
  }
  return table;
}

Table listener_table(const std::vector<proto::ListenerRow>& listeners) {
  Table table({{"LISTENER"}, {"ADDRESS"}, {"PROTOCOL"}, {"PROXY PROTOCOL"}});
  for (const auto& row : listeners) {
    table.add({row.name.value, row.address.to_string(), std::string(to_string(row.protocol)),
               row.proxy_protocol ? "expected" : "no"});
  }
  return table;
}

void write_survival(JsonWriter& json, const proto::SurvivalPart& part) {
  json.key("survival");
  json.begin_object();
  json.member("vault_answers", part.vault_answers);
  json.member("held", part.vault.flows);
  json.member("pipes", part.vault.pipes);
  json.member("holders", part.vault.holders);
  json.member("descriptors", part.vault.descriptors);
  json.member("capacity", part.vault.capacity);
  json.member("not_held", part.vault.refused_flows);
  json.member("adopted", part.estates.adopted);
  json.member("ended", part.estates.ended);
  json.key("lost");
  json.begin_object();
  for (const auto& [reason, count] : losses(part.estates)) json.member(reason, count);
  json.end_object();
  json.member("unsettled", part.unsettled);
  json.member("given_up", part.given_up);
  json.end_object();
}

void write_summary(JsonWriter& json, const proto::StatusRow& row) {
  json.member("version", row.version.value);
  json.member("pid", row.pid);
  json.member("state", row.state.value);
  json.member("uptime_ms", row.uptime_ms);
  json.member("generation", row.generation);
  json.key("config_file");
  if (row.config_file.value.empty())
    json.value(nullptr);
  else
    json.value(row.config_file.value);
  json.member("sandbox_mode", row.sandbox_mode.value);
  json.member("rootless", row.rootless);
  json.member("reloads", row.reloads);
  json.member("failed_reloads", row.failed_reloads);
  json.member("last_reload", row.last_reload.value);
  json.member("active", row.active);
  json.member("accepted", row.accepted);
  json.member("refused", row.refused);
  json.member("bytes_up", row.up);
  json.member("bytes_down", row.down);
  write_survival(json, row.survival);
  json.key("warnings");
  json.begin_array();
  for (const auto& warning : row.warnings.items) json.value(warning.value);
  json.end_array();
}

void write_layers(JsonWriter& json, const proto::WorkerRow& row) {
  json.key("layers");
  json.begin_array();
  for (const auto& layer : row.layers.items) {
    json.begin_object();
    json.member("name", layer.name.value);
    json.member("state", to_string(layer.state));
    json.member("detail", layer.detail.value);
    json.end_object();
  }
  json.end_array();
}

// null while it waits for its restart.
void member_if_running(JsonWriter& json, std::string_view name, const proto::WorkerRow& row,
                       std::uint32_t value) {
  json.key(name);
  if (row.pid == 0)
    json.value(nullptr);
  else
    json.value(value);
}

void write(JsonWriter& json, const proto::WorkerRow& row) {
  json.begin_object();
  json.member("role", proto::to_string(row.role));
  json.member("index", row.index);
  member_if_running(json, "pid", row, row.pid);
  json.member("crew", row.crew);
  json.member("state", row.state.value);
  json.member("draining_ms", row.draining_ms);
  json.member("connections", row.connections);
  json.member("uptime_ms", row.uptime_ms);
  json.member("restarts", row.restarts);
  json.member("last_exit", row.last_exit.value);
  member_if_running(json, "uid", row, row.uid);
  json.member("identity", row.identity.value);
  member_if_running(json, "generation", row, row.generation);
  json.member("sandbox_complete", row.sandbox_complete);
  write_layers(json, row);
  json.end_object();
}

void write(JsonWriter& json, const proto::ListenerRow& row) {
  json.begin_object();
  json.member("name", row.name.value);
  json.member("address", row.address.address.to_string());
  json.member("port", row.address.port);
  json.member("protocol", to_string(row.protocol));
  json.member("proxy_protocol", row.proxy_protocol);
  json.end_object();
}

template <typename Row>
void write_all(JsonWriter& json, std::string_view key, const std::vector<Row>& rows) {
  json.key(key);
  json.begin_array();
  for (const Row& row : rows) write(json, row);
  json.end_array();
}

void write_status(const Session& session, const Answer& answer) {
  JsonWriter json(session.out);
  json.begin_object();
  for (const auto& row : answer.status) write_summary(json, row);
  write_all(json, "workers", answer.workers);
  write_all(json, "listeners", answer.listeners);
  json.end_object();
}

}  // namespace

void show_status(const Session& session, const Answer& received) {
  Answer answer = received;
  if (answer.status.size() > 1) answer.status.resize(1);  // the protocol promises one
  if (session.json) return write_status(session, answer);
  for (const auto& row : answer.status) print_summary(session.out, row);
  print(session, "Listeners", listener_table(answer.listeners));
  print(session, "Workers", worker_table(answer.workers));
  print(session, "Sandboxes", sandbox_table(answer.workers));
}

}  // namespace bulkhead::proxyctl

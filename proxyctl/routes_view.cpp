#include "proxyctl/table.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

void write_backends(const Session& session, const std::vector<proto::BackendRow>& backends) {
  JsonWriter json(session.out);
  json.begin_array();
  for (const auto& row : backends) {
    json.begin_object();
    json.member("name", row.name.value);
    json.member("type", row.kind.value);
    json.member("address", row.address.value);
    json.member("via", row.via.value);
    json.member("available", row.available);
    json.member("reason", row.reason.value);
    json.member("origin", row.origin.value);
    json.member("active", row.active);
    json.member("opened", row.opened);
    json.member("failed", row.failed);
    json.end_object();
  }
  json.end_array();
}

void write_rules(const Session& session, const std::vector<proto::RuleRow>& rules) {
  JsonWriter json(session.out);
  json.begin_array();
  for (const auto& row : rules) {
    json.begin_object();
    json.member("position", row.position);
    json.member("name", row.name.value);
    json.member("match", row.match.value);
    json.member("action", row.action.value);
    json.member("origin", row.origin.value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void show_backends(const Session& session, const std::vector<proto::BackendRow>& backends) {
  if (session.json) return write_backends(session, backends);
  Table table({{"NAME"},
               {"TYPE"},
               {"ADDRESS"},
               {"VIA"},
               {"ORIGIN"},
               {"ACTIVE", Align::right},
               {"OPENED", Align::right},
               {"FAILED", Align::right},
               {"AVAILABLE"}});
  for (const auto& row : backends) {
    table.add({row.name.value, row.kind.value, row.address.value, row.via.value, row.origin.value,
               std::to_string(row.active), std::to_string(row.opened), std::to_string(row.failed),
               row.available ? "yes" : "no: " + row.reason.value});
  }
  table.print(session.out, session.terminal);
}

void show_rules(const Session& session, const std::vector<proto::RuleRow>& rules) {
  if (session.json) return write_rules(session, rules);
  Table table({{"POSITION", Align::right}, {"NAME"}, {"MATCH"}, {"ACTION"}, {"ORIGIN"}});
  for (const auto& row : rules) {
    table.add({std::to_string(row.position), row.name.value, row.match.value, row.action.value,
               row.origin.value});
  }
  table.print(session.out, session.terminal);
}

}  // namespace bulkhead::proxyctl

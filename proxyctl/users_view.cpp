#include <algorithm>
#include <array>
#include <ctime>
#include <locale>
#include <sstream>

#include "proxyctl/table.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

std::string time_text(std::uint64_t seconds) {
  if (seconds == 0) return {};
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return {text, size};
}

void time_member(JsonWriter& json, std::string_view key, std::uint64_t seconds) {
  json.key(key);
  if (seconds == 0)
    json.value(nullptr);
  else
    json.value(time_text(seconds));
}

template <typename Items>
std::string joined(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item.value;
  return text;
}

template <typename Items>
void list_member(JsonWriter& json, std::string_view key, const Items& items) {
  json.key(key);
  json.begin_array();
  for (const auto& item : items) json.value(item.value);
  json.end_array();
}

void write(JsonWriter& json, const proto::UserLimits& limits, std::uint64_t quota) {
  json.key("limits");
  json.begin_object();
  json.member("requests_per_1000s", limits.requests_per_1000s);
  json.member("burst", limits.burst);
  json.member("bytes_per_second", limits.bytes_per_second);
  json.member("max_connections", limits.max_connections);
  json.member("monthly_quota", quota);
  list_member(json, "domains", limits.domains.items);
  list_member(json, "destinations", limits.destinations.items);
  json.end_object();
}

// A user of another method who has limits here: only that method knows more of him.
bool known_elsewhere(const proto::UserRow& row) {
  return row.origin.value == "elsewhere";
}

void write(JsonWriter& json, const proto::UserRow& row) {
  json.begin_object();
  json.member("name", row.name.value);
  json.member("origin", row.origin.value);
  json.key("enabled");
  if (known_elsewhere(row))
    json.value(nullptr);
  else
    json.value(row.enabled);
  list_member(json, "groups", row.groups.items);
  json.member("own_limits", row.own_limits);
  write(json, row.limits, row.monthly_quota);
  json.member("month_bytes", row.month_bytes);
  json.member("quota_exhausted", row.limits.quota_exhausted);
  json.member("tokens", row.tokens);
  time_member(json, "created", row.created);
  time_member(json, "last_login", row.last_login);
  json.end_object();
}

std::string decimal(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << value;
  return text.str();
}

// As a quota is written: in powers of ten.
std::string decimal_bytes(std::uint64_t bytes) {
  constexpr std::array units{std::pair{1e12, " TB"}, std::pair{1e9, " GB"}, std::pair{1e6, " MB"},
                             std::pair{1e3, " kB"}};
  for (const auto& [size, name] : units)
    if (static_cast<double>(bytes) >= size)
      return decimal(static_cast<double>(bytes) / size) + name;
  return std::to_string(bytes) + " B";
}

// "8 Mbit/s, 20 connections, 10 GB a month", what there is of it.
std::string limits_text(const proto::UserRow& row) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const proto::UserLimits& limits = row.limits;
  if (limits.requests_per_1000s != 0)
    add(decimal(static_cast<double>(limits.requests_per_1000s) / 1000) + " requests/s");
  if (limits.bytes_per_second != 0)
    add(decimal(static_cast<double>(limits.bytes_per_second) * 8 / 1e6) + " Mbit/s");
  if (limits.max_connections != 0) add(std::to_string(limits.max_connections) + " connections");
  if (row.monthly_quota != 0) add(decimal_bytes(row.monthly_quota) + " a month");
  if (!limits.domains.items.empty() || !limits.destinations.items.empty())
    add("to " + joined(limits.domains.items) +
        (limits.domains.items.empty() || limits.destinations.items.empty() ? "" : ",") +
        joined(limits.destinations.items));
  return text;
}

std::string state_of(const proto::UserRow& row) {
  if (!row.enabled) return "disabled";
  if (row.limits.quota_exhausted) return "quota used up";
  return known_elsewhere(row) ? "" : "enabled";
}

template <typename Row>
bool write_rows(const Session& session, const std::vector<Row>& rows,
                void (*write_row)(JsonWriter&, const Row&)) {
  if (!session.json) return false;
  JsonWriter json(session.out);
  json.begin_array();
  for (const Row& row : rows) write_row(json, row);
  json.end_array();
  return true;
}

void write_token(JsonWriter& json, const proto::TokenRow& row) {
  json.begin_object();
  json.member("user", row.user.value);
  json.member("name", row.name.value);
  json.member("scope", row.scope.value);
  time_member(json, "created", row.created);
  time_member(json, "expires", row.expires);
  time_member(json, "last_used", row.last_used);
  json.end_object();
}

void write_usage(JsonWriter& json, const proto::UsageRow& row) {
  json.begin_object();
  json.member("user", row.user.value);
  json.member("day", row.day.value);
  json.member("bytes_up", row.up);
  json.member("bytes_down", row.down);
  json.member("requests", row.requests);
  json.end_object();
}

void write_lockout(JsonWriter& json, const proto::LockoutRow& row) {
  json.begin_object();
  json.member("kind", row.kind.value);
  json.member("subject", row.subject.value);
  json.member("failures", row.failures);
  json.member("banned", row.banned);
  json.member("delay_s", row.delay_s);
  time_member(json, "last_failure", row.last_failure);
  json.end_object();
}

void write_audit(JsonWriter& json, const proto::AuditRow& row) {
  json.begin_object();
  json.member("number", row.number);
  json.member("time_ms", row.time_ms);
  json.member("kind", row.kind.value);
  json.member("actor", row.actor.value);
  json.member("subject", row.subject.value);
  json.member("address", row.address.value);
  json.member("detail", row.detail.value);
  json.member("hash", row.hash.value);
  json.end_object();
}

void write_method(JsonWriter& json, const proto::MethodRow& row) {
  json.begin_object();
  json.member("method", row.method.value);
  json.member("outcome", row.outcome.value);
  json.member("reason", row.reason.value);
  json.member("user", row.user.value);
  list_member(json, "groups", row.groups.items);
  json.member("decided", row.decided);
  json.end_object();
}

}  // namespace

void show_users(const Session& session, const std::vector<proto::UserRow>& users) {
  if (write_rows<proto::UserRow>(session, users, write)) return;
  Table table({{"NAME"},
               {"ORIGIN"},
               {"STATE"},
               {"GROUPS"},
               {"TOKENS", Align::right},
               {"THIS MONTH", Align::right},
               {"LAST LOGIN"},
               {"LIMITS"}});
  for (const auto& row : users) {
    table.add({row.name.value, row.origin.value, state_of(row), joined(row.groups.items),
               std::to_string(row.tokens), short_bytes(row.month_bytes), time_text(row.last_login),
               limits_text(row)});
  }
  table.print(session.out, session.terminal);
}

void show_tokens(const Session& session, const std::vector<proto::TokenRow>& tokens) {
  if (write_rows<proto::TokenRow>(session, tokens, write_token)) return;
  Table table({{"USER"}, {"NAME"}, {"SCOPE"}, {"CREATED"}, {"EXPIRES"}, {"LAST USED"}});
  for (const auto& row : tokens) {
    table.add({row.user.value, row.name.value, row.scope.value, time_text(row.created),
               row.expires == 0 ? "never" : time_text(row.expires), time_text(row.last_used)});
  }
  table.print(session.out, session.terminal);
}

void show_usage(const Session& session, const std::vector<proto::UsageRow>& usage) {
  if (write_rows<proto::UsageRow>(session, usage, write_usage)) return;
  Table table({{"DAY"},
               {"USER"},
               {"UP", Align::right},
               {"DOWN", Align::right},
               {"REQUESTS", Align::right}});
  for (const auto& row : usage) {
    table.add({row.day.value, row.user.value, short_bytes(row.up), short_bytes(row.down),
               std::to_string(row.requests)});
  }
  table.print(session.out, session.terminal);
}

void show_methods(const Session& session, const std::vector<proto::MethodRow>& methods,
                  std::string_view verdict) {
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_object();
    json.member("verdict", verdict);
    json.key("methods");
    json.begin_array();
    for (const auto& row : methods) write_method(json, row);
    json.end_array();
    json.end_object();
    return;
  }
  Table table({{"METHOD"}, {"OUTCOME"}, {"REASON"}, {"DECIDED"}, {"GROUPS"}});
  for (const auto& row : methods) {
    table.add({row.method.value, row.outcome.value, row.reason.value, row.decided ? "yes" : "no",
               joined(row.groups.items)});
  }
  table.print(session.out, session.terminal);
  session.out << verdict << '\n';
}

void show_lockouts(const Session& session, const std::vector<proto::LockoutRow>& lockouts) {
  if (write_rows<proto::LockoutRow>(session, lockouts, write_lockout)) return;
  Table table({{"KIND"},
               {"SUBJECT"},
               {"FAILURES", Align::right},
               {"STATE"},
               {"FOR", Align::right},
               {"LAST FAILURE"}});
  for (const auto& row : lockouts) {
    const std::string state = row.banned ? "banned" : row.delay_s != 0 ? "delayed" : "counted";
    table.add({row.kind.value, row.subject.value, std::to_string(row.failures), state,
               row.delay_s == 0 ? "" : short_duration(std::uint64_t{row.delay_s} * 1000),
               time_text(row.last_failure)});
  }
  table.print(session.out, session.terminal);
}

void show_audit(const Session& session, const std::vector<proto::AuditRow>& entries) {
  if (write_rows<proto::AuditRow>(session, entries, write_audit)) return;
  Table table({{"NUMBER", Align::right},
               {"TIME"},
               {"KIND"},
               {"ACTOR"},
               {"SUBJECT"},
               {"ADDRESS"},
               {"DETAIL"}});
  for (const auto& row : entries) {
    table.add({std::to_string(row.number), time_text(row.time_ms / 1000), row.kind.value,
               row.actor.value, row.subject.value, row.address.value, row.detail.value});
  }
  table.print(session.out, session.terminal);
}

}  // namespace bulkhead::proxyctl

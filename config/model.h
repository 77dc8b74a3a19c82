// The configuration as the program sees it: plain values, checked, immutable once loaded. Every
// reload makes a new Config; whoever began with one keeps its shared_ptr and is not disturbed.
// config/load.h makes them.
//
// What a key means, its bounds and its default stand once, in config/describe_*.cpp; reader,
// emitter, projection, JSON Schema and reference follow from there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/network.h"
#include "config/routes.h"
#include "config/server.h"
#include "config/values.h"

namespace bulkhead::config {

enum class SandboxMode : std::uint8_t {
  automatic,  // "auto": as much as the system has, and say what is missing
  require,    // anything missing is fatal
  off
};
enum class LogFormat : std::uint8_t { json, apache_combined, apache_common };
enum class LogOutput : std::uint8_t { file, stdout_, both };  // stdout_ is written "stdout"

// What one line of the access log may tell; the names are the keys of the JSON form.
enum class LogField : std::uint8_t {
  timestamp,
  id,
  client_ip,
  client_port,
  listener,
  protocol,
  username,
  method,
  host,
  port,
  path,
  status,
  refusal,
  bytes_sent,
  bytes_received,
  duration,
  connect_time,
  rule,
  backend,
  upstream,
  destination,
  user_agent,
  referer,
  headers,
  worker
};

struct Rotate {
  ByteSize max_size{0};    // 0: never rotated by size
  std::uint32_t keep = 5;  // old files kept
  friend bool operator==(const Rotate&, const Rotate&) = default;
};

struct AccessLog {
  bool enabled = true;
  LogFormat format = LogFormat::json;
  LogOutput output = LogOutput::stdout_;
  std::string file;
  std::vector<LogField> fields = {
      LogField::timestamp,      LogField::id,       LogField::client_ip, LogField::protocol,
      LogField::username,       LogField::method,   LogField::host,      LogField::port,
      LogField::path,           LogField::status,   LogField::refusal,   LogField::bytes_sent,
      LogField::bytes_received, LogField::duration, LogField::rule,      LogField::backend,
      LogField::user_agent};
  std::vector<std::string> mask_headers = {"Authorization", "Proxy-Authorization", "Cookie",
                                           "Set-Cookie"};
  Rotate rotate;
  friend bool operator==(const AccessLog&, const AccessLog&) = default;
};

struct Metrics {
  bool enabled = false;
  std::string endpoint = "/metrics";
  std::uint16_t port = 0;  // 0: on the web UI's port
  friend bool operator==(const Metrics&, const Metrics&) = default;
};

struct Workers {
  std::optional<std::uint32_t> acceptors;  // empty ("auto"): one a core
  friend bool operator==(const Workers&, const Workers&) = default;
};

struct Shutdown {
  Duration drain_timeout{30'000};
  Duration force_timeout{60'000};
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

struct Reload {
  Duration drain_timeout{10'000};
  bool watch = false;  // reload when the file changes
  friend bool operator==(const Reload&, const Reload&) = default;
};

struct Config {
  Server server;
  std::vector<Listener> listeners;
  SandboxMode sandbox = SandboxMode::automatic;
  Workers workers;
  Network network;
  RateLimiting rate_limiting;
  AccessControl access_control;
  AccessLog access_log;
  Metrics metrics;
  Shutdown shutdown;
  Reload reload;
  HealthChecks health_checks;
  std::vector<Backend> backends;  // names are unique
  std::vector<Rule> rules;        // in the order of evaluation, names are unique

  // The backend of that name, or null. The pointer lives as long as the config.
  const Backend* backend(std::string_view name) const;

  friend bool operator==(const Config&, const Config&) = default;
};

// Every place to listen for proxy clients: the classic ports on each bind address, then listeners.
// Named "http", "socks5", "mixed" (with "@address" appended when there are several addresses), or
// by their own name. An address may be "::" for dual stack.
std::vector<Listener> proxy_listeners(const Config& config);

}  // namespace bulkhead::config

// Definitions: the whole, and its small sections.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

}  // namespace

template <>
void describe(Section<Rotate>& section) {
  section.add("max_size", &Rotate::max_size, "Begin a new file at this size; 0: never.");
  section.add("keep", &Rotate::keep, "Old files kept.").range(1, 1000);
}

template <>
void describe(Section<AccessLog>& section) {
  section.add("enabled", &AccessLog::enabled, "Log every request, refused ones included.");
  section.add("format", &AccessLog::format, "Form of a line.");
  section.add("output", &AccessLog::output, "Where lines go.");
  section.add("file", &AccessLog::file, "The file of outputs file and both.");
  section.add("fields", &AccessLog::fields, "What a line tells (json).");
  section
      .add("mask_headers", &AccessLog::mask_headers,
           "Headers whose values are never logged, besides those that carry credentials.")
      .check(check_token);
  section.add("rotate", &AccessLog::rotate, "Rotation by size.");
}

template <>
void describe(Section<Metrics>& section) {
  section.add("enabled", &Metrics::enabled, "Serve Prometheus metrics.");
  section.add("endpoint", &Metrics::endpoint, "Path they are served at.").check(check_url_path);
  section.add("port", &Metrics::port, "Port of their own; 0: the web interface's.");
}

template <>
void describe(Section<Workers>& section) {
  section.add("acceptors", &Workers::acceptors, "Acceptor processes; auto: one a core.")
      .range(1, 256)
      .empty_word("auto");
}

template <>
void describe(Section<Shutdown>& section) {
  section
      .add("drain_timeout", &Shutdown::drain_timeout,
           "How long connections may finish after a stop.")
      .between(0s, 24h);
  section.add("force_timeout", &Shutdown::force_timeout, "When whatever is left is ended.")
      .between(0s, 24h);
}

template <>
void describe(Section<Reload>& section) {
  section
      .add("drain_timeout", &Reload::drain_timeout, "How long what a reload took away may go on.")
      .between(0s, 24h);
  section.add("watch", &Reload::watch, "Reload when the file changes.");
}

template <>
void describe(Section<Config>& section) {
  constexpr Roles working = acceptor | egress | tunnel | admin;
  section.add("server", &Config::server, "Where clients connect, and who they are.")
      .roles(working | auth);
  section.add("listeners", &Config::listeners, "More places to listen.")
      .roles(acceptor | egress | admin);
  section
      .add("sandbox", &Config::sandbox,
           "Confinement of workers: as far as the system can; require: fully, or no start; off.")
      .roles(working | auth);
  section.add("workers", &Config::workers, "Worker processes.").roles(admin);
  section.add("network", &Config::network, "Connections.").roles(working);
  section.add("rate_limiting", &Config::rate_limiting, "Rates of requests and bytes.")
      .roles(acceptor | admin);
  section.add("access_control", &Config::access_control, "Who may connect, and where to.")
      .roles(working);
  section.add("access_log", &Config::access_log, "The access log.").roles(acceptor | admin);
  section.add("metrics", &Config::metrics, "Prometheus metrics.").roles(admin | egress);
  section.add("shutdown", &Config::shutdown, "Stopping.").roles(working);
  section.add("reload", &Config::reload, "Reloading.").roles(working);
  section.add("health_checks", &Config::health_checks, "Health checks.").roles(working);
  section.add("backends", &Config::backends, "Ways out.").roles(working);
  section
      .add("rules", &Config::rules,
           "Which request takes which way; the first that matches decides, none refuses.")
      .roles(acceptor | admin);
}

}  // namespace bulkhead::config

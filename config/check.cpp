// The checker itself, and the checks of small sections.
#include "config/check.h"

#include "config/text.h"

namespace bulkhead::config {
namespace {

std::string join(std::string_view item, std::string_view key) {
  return key.empty() ? std::string(item) : std::string(item) + '.' + std::string(key);
}

void check_timings(Checker& checker) {
  const Config& config = checker.config();
  if (config.shutdown.force_timeout < config.shutdown.drain_timeout)
    checker.error("shutdown.force_timeout", "is shorter than shutdown.drain_timeout",
                  "what drains would be ended before its time");
  if (config.network.dns.max_ttl < config.network.dns.min_ttl)
    checker.error("network.dns.max_ttl", "is shorter than network.dns.min_ttl");
  if (config.health_checks.defaults.timeout > config.health_checks.defaults.interval)
    checker.error("health_checks.defaults.timeout", "is longer than the interval");
}

void check_log(Checker& checker) {
  const AccessLog& log = checker.config().access_log;
  if (log.enabled && log.output != LogOutput::stdout_ && log.file.empty() &&
      !checker.broken("access_log.file"))
    checker.error("access_log.file", "is missing", "output file and both need a path");
  if (log.enabled && log.format == LogFormat::json && log.fields.empty() &&
      !checker.broken("access_log.fields"))
    checker.error("access_log.fields", "is empty",
                  "leave it out for the usual fields, or write enabled: false");
}

void check_metrics(Checker& checker) {
  const Config& config = checker.config();
  if (config.metrics.enabled && config.metrics.port == 0 && config.server.web_ui_port == 0)
    checker.error("metrics.port", "metrics are enabled without a port",
                  "write metrics.port or server.web_ui_port");
}

void check_rate(Checker& checker, std::string_view key, const RequestRate& rate) {
  if (rate.requests_per_second == 0 && rate.burst != 0)
    checker.warn(key, "burst means nothing without requests_per_second");
}

void check_limits(Checker& checker) {
  const RateLimiting& rates = checker.config().rate_limiting;
  if (rates.connections.per_second == 0 && rates.connections.burst != 0)
    checker.warn("rate_limiting.connections.burst", "burst means nothing without per_second");
  if (rates.bandwidth.enabled && !rates.enabled)
    checker.warn("rate_limiting.bandwidth.enabled", "has no effect without rate_limiting.enabled");
  const Abuse& abuse = checker.config().access_control.abuse;
  if (abuse.enabled && checker.written("access_control.abuse.refused_connections") &&
      (!rates.enabled || rates.connections.per_second == 0))
    checker.warn("access_control.abuse.refused_connections",
                 "nothing is refused without rate_limiting.connections.per_second");
}

}  // namespace

void Checker::complain(Severity severity, Origin::Source where, std::string key,
                       std::string message, std::string hint) {
  const Mark mark = reader_.position(where, key);
  reader_.report(severity, mark, std::move(key), std::move(message), std::move(hint));
}

void Checker::error(std::string_view key, std::string message, std::string hint) {
  complain(Severity::error, Origin::Source::file, std::string(key), std::move(message),
           std::move(hint));
}

void Checker::warn(std::string_view key, std::string message, std::string hint) {
  complain(Severity::warning, Origin::Source::file, std::string(key), std::move(message),
           std::move(hint));
}

void Checker::error(const Origin& origin, std::string_view key, std::string message,
                    std::string hint) {
  complain(Severity::error, origin.source, join(origin.path, key), std::move(message),
           std::move(hint));
}

void Checker::warn(const Origin& origin, std::string_view key, std::string message,
                   std::string hint) {
  complain(Severity::warning, origin.source, join(origin.path, key), std::move(message),
           std::move(hint));
}

bool Checker::written(const Origin& origin, std::string_view key) const {
  return reader_.written(origin.source, join(origin.path, key));
}

bool Checker::known_backend(const Origin& origin, std::string_view key, std::string_view name) {
  if (backend(name) != nullptr) return true;
  std::vector<std::string_view> names;
  names.reserve(config_.backends.size());
  for (const Backend& known : config_.backends) names.push_back(known.name);
  error(origin, key, "unknown backend \"" + printable(name) + '"', did_you_mean(name, names));
  return false;
}

static void check_passive(Checker& checker) {
  const PassiveChecks& passive = checker.config().health_checks.passive;
  if (passive.max_rest < passive.rest)
    checker.error("health_checks.passive.max_rest", "is shorter than rest");
}

void check_settings(Checker& checker) {
  check_timings(checker);
  check_log(checker);
  check_metrics(checker);
  check_passive(checker);
  const RateLimiting& rates = checker.config().rate_limiting;
  check_rate(checker, "rate_limiting.global.burst", rates.global);
  check_rate(checker, "rate_limiting.per_ip.burst", rates.per_ip);
  check_rate(checker, "rate_limiting.per_user.burst", rates.per_user);
  check_limits(checker);
}

void check_all(const Config& config, Reader& reader) {
  Checker checker(config, reader);
  check_listeners(checker);
  check_auth(checker);
  check_backends(checker);
  check_rules(checker);
  check_settings(checker);
}

}  // namespace bulkhead::config

// `health_checks:` and a backend's `health_check:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/values.h"

namespace bulkhead::config {

enum class HealthCheckType : std::uint8_t { tcp, http, ping };

struct HealthDefaults {
  Duration interval{30'000};
  Duration timeout{5'000};
  std::uint32_t healthy_threshold = 2;
  std::uint32_t unhealthy_threshold = 3;
  std::uint32_t jitter = 10;  // percent of the interval
  friend bool operator==(const HealthDefaults&, const HealthDefaults&) = default;
};

// What real connections tell.
struct PassiveChecks {
  bool enabled = true;
  std::uint32_t failures = 5;  // in a row, until nothing is sent there
  Duration rest{10'000};       // until one connection tries again; doubles with each failure
  Duration max_rest{300'000};
  friend bool operator==(const PassiveChecks&, const PassiveChecks&) = default;
};

struct HealthChecks {
  HealthDefaults defaults;
  PassiveChecks passive;
  friend bool operator==(const HealthChecks&, const HealthChecks&) = default;
};

struct HealthHttp {
  std::string url;
  std::uint16_t expected_status = 200;
  std::string ca_file;       // path; empty: the system's. Workers get its contents instead
  std::string ca;            // PEM contents of ca_file, read at load
  bool skip_verify = false;  // of the URL's host
  friend bool operator==(const HealthHttp&, const HealthHttp&) = default;
};

// What is not written comes from health_checks.defaults: see settings().
struct HealthCheck {
  bool enabled = true;  // a written health_check is on unless it says otherwise
  HealthCheckType type = HealthCheckType::tcp;
  std::optional<wire::HostPort> target;  // tcp, ping; empty: the parent itself
  std::optional<Duration> interval;
  std::optional<Duration> timeout;
  std::optional<std::uint32_t> healthy_threshold;
  std::optional<std::uint32_t> unhealthy_threshold;
  std::optional<std::uint32_t> jitter;
  HealthHttp http;

  HealthDefaults settings(const HealthDefaults& defaults) const {
    return {interval.value_or(defaults.interval), timeout.value_or(defaults.timeout),
            healthy_threshold.value_or(defaults.healthy_threshold),
            unhealthy_threshold.value_or(defaults.unhealthy_threshold),
            jitter.value_or(defaults.jitter)};
  }
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

}  // namespace bulkhead::config

// Definitions: health_checks and a backend's health_check.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

}  // namespace

template <>
void describe(Section<HealthDefaults>& section) {
  section.add("interval", &HealthDefaults::interval, "Between checks.").between(100ms, 24h);
  section.add("timeout", &HealthDefaults::timeout, "A check without answer has failed.")
      .between(1ms, 10min);
  section
      .add("healthy_threshold", &HealthDefaults::healthy_threshold,
           "Successes in a row until healthy.")
      .range(1, 1000);
  section
      .add("unhealthy_threshold", &HealthDefaults::unhealthy_threshold,
           "Failures in a row until unhealthy.")
      .range(1, 1000);
  section
      .add("jitter", &HealthDefaults::jitter,
           "Percent of the interval by which each pause is varied, so that checks spread.")
      .range(0, 50);
}

template <>
void describe(Section<PassiveChecks>& section) {
  section.add("enabled", &PassiveChecks::enabled,
              "Stop sending connections to a backend that cannot be reached.");
  section
      .add("failures", &PassiveChecks::failures,
           "Connections in a row that fail because of the backend, until it rests.")
      .range(1, 1000);
  section
      .add("rest", &PassiveChecks::rest,
           "How long it rests before one connection tries again; doubles with each that fails.")
      .between(100ms, 1h);
  section.add("max_rest", &PassiveChecks::max_rest, "It rests no longer than that.")
      .between(100ms, 24h);
}

template <>
void describe(Section<HealthChecks>& section) {
  section.add("defaults", &HealthChecks::defaults,
              "For what a backend's health_check does not say.");
  section.add("passive", &HealthChecks::passive, "What is concluded from real connections.");
}

template <>
void describe(Section<HealthHttp>& section) {
  section.add("url", &HealthHttp::url, "URL to GET through the backend; type http needs it.")
      .check([](std::string_view text) {
        return text.empty() ? std::string() : check_http_url(text);
      });
  section.add("expected_status", &HealthHttp::expected_status, "The status that means healthy.")
      .range(100, 599);
  section
      .add("ca_file", &HealthHttp::ca_file,
           "https: PEM file of the CAs to trust; empty: the system's.")
      .path()
      .roles(supervisor_only);
  section.add("ca", &HealthHttp::ca, "Contents of ca_file.").internal();
  section.add("skip_verify", &HealthHttp::skip_verify, "https: accept any certificate.");
}

template <>
void describe(Section<HealthCheck>& section) {
  section.add("enabled", &HealthCheck::enabled, "Check this backend.");
  section.add("type", &HealthCheck::type, "How: connect, HTTP GET, or ICMP echo.");
  section
      .add("target", &HealthCheck::target,
           "What tcp connects to through the backend, or what ping asks; port 443 when not "
           "written. Absent: the parent proxy itself.")
      .default_port(443);
  section.add("interval", &HealthCheck::interval, "Between checks.").between(100ms, 24h);
  section.add("timeout", &HealthCheck::timeout, "A check without answer has failed.")
      .between(1ms, 10min);
  section
      .add("healthy_threshold", &HealthCheck::healthy_threshold,
           "Successes in a row until healthy.")
      .range(1, 1000);
  section
      .add("unhealthy_threshold", &HealthCheck::unhealthy_threshold,
           "Failures in a row until unhealthy.")
      .range(1, 1000);
  section
      .add("jitter", &HealthCheck::jitter, "Percent of the interval by which each pause is varied.")
      .range(0, 50);
  section.add("http", &HealthCheck::http, "The request of type http.");
}

}  // namespace bulkhead::config

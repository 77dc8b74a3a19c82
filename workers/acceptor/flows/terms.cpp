#include "workers/acceptor/flows/terms.h"

#include <algorithm>

namespace bulkhead::acceptor {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// A year: longer than any time-out that makes sense.
constexpr std::uint64_t most_milliseconds = 365ULL * 24 * 3600 * 1000;
constexpr std::int64_t most_microseconds = std::int64_t{1} << 52;  // more than a hundred years

template <typename Duration>
std::uint64_t count(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

runtime::Duration milliseconds(std::uint64_t count) {
  return runtime::Duration(std::min(count, most_milliseconds));
}

}  // namespace

ipc::FlowTerms terms_of(const AccessRecord& record, const runtime::RelayOptions& options) {
  ipc::FlowTerms terms;
  terms.client = record.client;
  terms.upstream = record.upstream.value_or(wire::Endpoint{});
  terms.listener = record.listener;
  terms.protocol = record.protocol;
  terms.user = record.username;
  terms.method = record.method;
  terms.host = record.destination.host;
  terms.port = record.destination.port;
  terms.status = static_cast<std::uint16_t>(record.status);
  terms.rule = record.rule;
  terms.backend = record.backend;
  terms.started_us = duration_cast<microseconds>(record.started.time_since_epoch()).count();
  terms.bytes_received = record.bytes_received;
  terms.bytes_sent = record.bytes_sent;
  terms.connect_us = count(record.connect_time);
  terms.idle_ms = count(options.idle);
  terms.write_ms = count(options.write);
  terms.keepalive_s = static_cast<std::uint32_t>(count(options.keepalive));
  terms.version = record.version;
  terms.path = record.path;
  terms.user_agent = record.user_agent;
  terms.referer = record.referer;
  for (const auto& [name, value] : record.headers) terms.headers.push({name, value});
  return terms;
}

AccessRecord record_of(const ipc::FlowTerms& terms, std::uint64_t id,
                       std::chrono::steady_clock::time_point began) {
  AccessRecord record;
  record.id = id;
  record.began = began;
  record.started = std::chrono::system_clock::time_point(
      microseconds(std::clamp<std::int64_t>(terms.started_us, 0, most_microseconds)));
  record.client = terms.client;
  if (terms.upstream.port != 0) record.upstream = terms.upstream;
  record.listener = terms.listener.value;
  record.protocol = terms.protocol.value;
  record.username = terms.user.value;
  record.method = terms.method.value;
  record.destination = {terms.host.value, terms.port};
  record.path = terms.path.value;
  record.version = terms.version.value;
  record.status = terms.status;
  record.rule = terms.rule.value;
  record.backend = terms.backend.value;
  record.bytes_received = terms.bytes_received;
  record.bytes_sent = terms.bytes_sent;
  record.connect_time =
      microseconds(static_cast<std::int64_t>(std::min(terms.connect_us, most_milliseconds)));
  record.user_agent = terms.user_agent.value;
  record.referer = terms.referer.value;
  for (const ipc::FlowHeader& header : terms.headers.items)
    record.headers.emplace_back(header.name.value, header.value.value);
  return record;
}

void apply(const ipc::FlowTerms& terms, runtime::RelayOptions& options) {
  options.idle = milliseconds(terms.idle_ms);
  options.write = milliseconds(terms.write_ms);
  options.keepalive = std::chrono::seconds(std::min<std::uint32_t>(terms.keepalive_s, 86'400));
}

}  // namespace bulkhead::acceptor

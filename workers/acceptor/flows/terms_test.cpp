#include "workers/acceptor/flows/terms.h"

#include <array>
#include <gtest/gtest.h>

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

AccessRecord some_record() {
  AccessRecord record;
  record.id = 77;
  record.began = std::chrono::steady_clock::time_point(9s);
  record.started = std::chrono::system_clock::time_point(1'700'000'000'123'456us);
  record.client = *wire::Endpoint::parse("[2001:db8::1]:4321");
  record.upstream = *wire::Endpoint::parse("192.0.2.9:443");
  record.listener = "http";
  record.protocol = "connect";
  record.username = "alice";
  record.method = "CONNECT";
  record.destination = {"example.com", 443};
  record.path = "/a";
  record.version = "1.1";
  record.status = 200;
  record.rule = "Default";
  record.backend = "direct";
  record.bytes_received = 3;
  record.bytes_sent = 4;
  record.connect_time = 1'234us;
  record.user_agent = "agent";
  record.referer = "from";
  record.headers.emplace_back("X-Name", "value");
  return record;
}

// By way of the page, as an heir gets it.
ipc::FlowTerms carried_over(const AccessRecord& record, const runtime::RelayOptions& options) {
  std::array<std::uint8_t, 900> room{};
  const std::size_t bytes = ipc::write_terms(terms_of(record, options), room);
  const auto terms = ipc::read_terms(std::span(room).first(bytes));
  EXPECT_TRUE(terms);
  return terms.value_or(ipc::FlowTerms{});
}

TEST(FlowTerms, ARecordComesBackAsItWas) {
  const AccessRecord was = some_record();
  const AccessRecord is = record_of(carried_over(was, {}), was.id, was.began);
  EXPECT_EQ(is.id, was.id);
  EXPECT_EQ(is.began, was.began);
  EXPECT_EQ(is.started, was.started);
  EXPECT_EQ(is.client.to_string(), was.client.to_string());
  ASSERT_TRUE(is.upstream);
  EXPECT_EQ(is.upstream->to_string(), was.upstream->to_string());
  EXPECT_EQ(is.listener, was.listener);
  EXPECT_EQ(is.protocol, was.protocol);
  EXPECT_EQ(is.username, was.username);
  EXPECT_EQ(is.method, was.method);
  EXPECT_EQ(is.destination.to_string(), was.destination.to_string());
  EXPECT_EQ(is.path, was.path);
  EXPECT_EQ(is.version, was.version);
  EXPECT_EQ(is.status, was.status);
  EXPECT_EQ(is.rule, was.rule);
  EXPECT_EQ(is.backend, was.backend);
  EXPECT_EQ(is.bytes_received, was.bytes_received);
  EXPECT_EQ(is.bytes_sent, was.bytes_sent);
  EXPECT_EQ(is.connect_time, was.connect_time);
  EXPECT_EQ(is.user_agent, was.user_agent);
  EXPECT_EQ(is.referer, was.referer);
  EXPECT_EQ(is.headers, was.headers);
}

TEST(FlowTerms, AnUnknownUpstreamStaysUnknown) {
  AccessRecord record = some_record();
  record.upstream.reset();
  EXPECT_FALSE(record_of(carried_over(record, {}), 1, {}).upstream);
}

TEST(FlowTerms, TimeOutsComeOver) {
  runtime::RelayOptions were;
  were.idle = 90s;
  were.write = 30s;
  were.keepalive = 60s;
  runtime::RelayOptions are;
  apply(carried_over(some_record(), were), are);
  EXPECT_EQ(are.idle, were.idle);
  EXPECT_EQ(are.write, were.write);
  EXPECT_EQ(are.keepalive, were.keepalive);
}

// Whoever wrote them may have been broken into: no number overflows a clock.
TEST(FlowTerms, AbsurdNumbersAreBounded) {
  ipc::FlowTerms terms = terms_of(some_record(), {});
  terms.idle_ms = terms.write_ms = terms.connect_us = UINT64_MAX;
  terms.keepalive_s = UINT32_MAX;
  terms.started_us = INT64_MAX;
  runtime::RelayOptions options;
  apply(terms, options);
  EXPECT_GT(options.idle, 0s);
  EXPECT_GT(options.write, 0s);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_GT(now + options.idle, now);
  EXPECT_LE(options.keepalive, 24h);
  const AccessRecord record = record_of(terms, 1, {});
  EXPECT_GT(record.connect_time, 0us);
  EXPECT_GT(record.started.time_since_epoch(), 0us);
  terms.started_us = INT64_MIN;
  EXPECT_EQ(record_of(terms, 1, {}).started.time_since_epoch(), 0us);
}

}  // namespace
}  // namespace bulkhead::acceptor

#include "ipc/page/flow_page.h"

#include <gtest/gtest.h>
#include <memory>

#include "platform/shared_memory.h"

namespace bulkhead::ipc {
namespace {

constexpr std::int64_t now_ns = 5'000'000'000;

FlowTerms some_terms() {
  FlowTerms terms;
  terms.client = *wire::Endpoint::parse("192.0.2.1:4321");
  terms.listener = "http";
  terms.protocol = "connect";
  terms.host = "example.com";
  terms.port = 443;
  terms.backend = "direct";
  terms.idle_ms = 90'000;
  return terms;
}

class FlowPageTest : public testing::Test {
 protected:
  void SetUp() override {
    auto mapping = platform::SharedMapping::of_this_process(sizeof(FlowPage));
    ASSERT_TRUE(mapping);
    mapping_ = std::move(*mapping);
    page().version = flow_page_version;
  }
  FlowPage& page() { return mapping_.as<FlowPage>(); }

  // As an intact writer does it.
  FlowRecord& publish(std::uint64_t flow) {
    const std::uint32_t index = page().used.load();
    FlowRecord& record = page().records[index];
    record.flow = flow;
    record.began_ns = 1'000;
    record.up.tag = 2 * flow;
    record.down.tag = 2 * flow + 1;
    record.terms_bytes = static_cast<std::uint32_t>(write_terms(some_terms(), record.terms));
    page().used.store(index + 1);
    record.state.store(FlowRecord::carried);
    return record;
  }
  FoundFlows read() { return read_flow_page(page(), now_ns); }

  platform::SharedMapping mapping_;
};

TEST_F(FlowPageTest, ReadsWhatWasPublished) {
  FlowRecord& record = publish(7);
  record.up.moved = 100;
  record.up.lend(9);
  record.down.keep(3, 50, 20);
  page().unprotected[static_cast<std::size_t>(Unprotected::http)] = 4;
  const FoundFlows found = read();
  EXPECT_EQ(found.damaged, 0U);
  ASSERT_EQ(found.flows.size(), 1U);
  const FoundFlow& flow = found.flows[0];
  EXPECT_EQ(flow.flow, 7U);
  EXPECT_EQ(flow.began_ns, 1'000);
  EXPECT_EQ(flow.up.moved, 100U);
  EXPECT_EQ(flow.up.pipe, 9U);
  EXPECT_EQ(flow.up.tag, 14U);
  EXPECT_EQ(flow.down.block, 3U);
  EXPECT_EQ(flow.down.block_at, 50U);
  EXPECT_EQ(flow.down.block_bytes, 20U);
  EXPECT_EQ(flow.terms.host.value, "example.com");
  EXPECT_EQ(flow.terms.client.to_string(), "192.0.2.1:4321");
  EXPECT_EQ(flow.terms.idle_ms, 90'000U);
  EXPECT_EQ(found.unprotected[static_cast<std::size_t>(Unprotected::http)], 4U);
}

TEST_F(FlowPageTest, WhatIsFreeIsNotThere) {
  publish(1).state.store(FlowRecord::free);
  publish(2);
  page().used.store(1);  // the second has never been used, as far as this goes
  EXPECT_TRUE(read().flows.empty());
  EXPECT_EQ(read().damaged, 0U);
}

TEST_F(FlowPageTest, AnotherVersionIsNotRead) {
  publish(1);
  page().version = flow_page_version + 1;
  EXPECT_TRUE(read().flows.empty());
}

// Each of these is what only a writer that was broken into leaves.
TEST_F(FlowPageTest, DamagedRecordsAreCountedAndLeftOut) {
  publish(1).terms_bytes = sizeof(FlowRecord::terms) + 1;
  publish(2).terms[0] ^= 0xff;
  publish(3).flow = 0;
  publish(4).began_ns = now_ns + 1;
  publish(5).began_ns = -1;
  publish(6).state.store(77);
  publish(7).terms_bytes -= 1;
  publish(100);
  const FoundFlows found = read();
  ASSERT_EQ(found.flows.size(), 1U);
  EXPECT_EQ(found.flows[0].flow, 100U);
  EXPECT_EQ(found.damaged, 7U);
}

// One socket is not given to two, nor one direction's bytes.
TEST_F(FlowPageTest, FlowsAndTagsAreThereOnce) {
  publish(1);
  publish(2).flow = 1;
  publish(3).up.tag = 2;
  publish(4).down.tag = 8;  // its own other direction's
  const FoundFlows found = read();
  ASSERT_EQ(found.flows.size(), 1U);
  EXPECT_EQ(found.damaged, 3U);
}

TEST_F(FlowPageTest, NumbersAreBounded) {
  publish(1);
  page().used.store(UINT32_MAX);
  for (auto& count : page().unprotected) count.store(UINT32_MAX);
  const FoundFlows found = read();
  EXPECT_EQ(found.flows.size(), 1U);
  for (const std::uint32_t count : found.unprotected) EXPECT_LE(count, 1'000'000U);
}

TEST(FlowTerms, AreShortenedToTheRoom) {
  FlowTerms terms = some_terms();
  terms.headers.push({"X-Name", std::string(500, 'h')});
  terms.referer = std::string(500, 'r');
  terms.user_agent = std::string(500, 'a');
  terms.path = '/' + std::string(2'000, 'p');
  std::array<std::uint8_t, 700> room{};
  const std::size_t bytes = write_terms(terms, room);
  ASSERT_NE(bytes, 0U);
  const auto read = read_terms(std::span(room).first(bytes));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->headers.items.empty());
  EXPECT_TRUE(read->referer.value.empty());
  EXPECT_TRUE(read->path.value.starts_with("/ppp"));
  EXPECT_EQ(read->host.value, "example.com");
  EXPECT_EQ(read->idle_ms, 90'000U);
}

TEST(FlowTerms, DoNotFitWhereTheEssentialDoesNot) {
  FlowTerms terms = some_terms();
  std::array<std::uint8_t, 64> room{};
  EXPECT_EQ(write_terms(terms, room), 0U);
}

// Long names all together; only if each of them were as long as it may be a flow would go without
// protection.
TEST(FlowTerms, TheEssentialFitsIntoARecord) {
  FlowTerms terms = some_terms();
  terms.listener = std::string(64, 'l');
  terms.protocol = std::string(16, 'p');
  terms.user = std::string(128, 'u');
  terms.method = "CONNECT";
  terms.host = std::string(wire::max_host_length, 'h');
  terms.rule = std::string(128, 'r');
  terms.backend = std::string(64, 'b');
  terms.path = std::string(2048, '/');
  std::array<std::uint8_t, sizeof(FlowRecord::terms)> room{};
  EXPECT_NE(write_terms(terms, room), 0U);
}

TEST(FlowTerms, NothingElseIsTaken) {
  std::array<std::uint8_t, 512> room{};
  const std::size_t bytes = write_terms(some_terms(), room);
  const std::span<const std::uint8_t> written(room);
  EXPECT_FALSE(read_terms(written.first(bytes - 1)));
  EXPECT_FALSE(read_terms(written.first(bytes + 1)));
  EXPECT_FALSE(read_terms({}));
}

}  // namespace
}  // namespace bulkhead::ipc

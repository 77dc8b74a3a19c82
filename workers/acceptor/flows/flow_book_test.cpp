#include "workers/acceptor/flows/flow_book.h"

#include <gtest/gtest.h>
#include <set>

#include "workers/acceptor/flows/carried_flow.h"

namespace bulkhead::acceptor {
namespace {

class FlowBookTest : public testing::Test {
 protected:
  void SetUp() override {
    auto memory = platform::create_shared_memory("book", sizeof(ipc::FlowPage));
    ASSERT_TRUE(memory);
    auto mapping = platform::SharedMapping::map(memory->get(), sizeof(ipc::FlowPage),
                                                platform::SharedMapping::Access::read_write);
    ASSERT_TRUE(mapping);
    mapping_ = std::move(*mapping);
    EXPECT_EQ(book_.attach(std::move(*memory), 5), "");
  }
  const ipc::FlowPage& page() { return mapping_.as<ipc::FlowPage>(); }
  std::uint32_t count(ipc::Unprotected kind) {
    return page().unprotected[static_cast<std::size_t>(kind)];
  }

  platform::SharedMapping mapping_;
  FlowBook book_;
};

TEST_F(FlowBookTest, SaysWhoseItIs) {
  EXPECT_EQ(page().version, ipc::flow_page_version);
  EXPECT_EQ(page().holder, 5U);
}

// A tag names a direction for the book's life, whatever record it is in: the scratch is found by
// it.
TEST_F(FlowBookTest, RecordsAreUsedAgainWithOtherTags) {
  std::set<std::uint64_t> tags;
  ipc::FlowRecord* const first = book_.claim();
  ASSERT_NE(first, nullptr);
  first->up.lend(3);
  first->down.keep(1, 2, 3);
  first->up.moved = 9;
  tags.insert({first->up.tag, first->down.tag});
  book_.free(*first);
  ipc::FlowRecord* const again = book_.claim();
  EXPECT_EQ(again, first);
  tags.insert({again->up.tag, again->down.tag});
  EXPECT_EQ(tags.size(), 4U);
  EXPECT_FALSE(tags.contains(0));
  EXPECT_EQ(again->up.pipe, 0U);
  EXPECT_EQ(again->down.block, 0U);
  EXPECT_EQ(again->up.moved, 0U);
  EXPECT_EQ(page().used, 1U);
}

TEST_F(FlowBookTest, ClaimedIsNotYetPublished) {
  ipc::FlowRecord* const record = book_.claim();
  EXPECT_EQ(record->state, ipc::FlowRecord::free);
  record->state = ipc::FlowRecord::carried;
  book_.free(*record);
  EXPECT_EQ(record->state, ipc::FlowRecord::free);
}

TEST_F(FlowBookTest, IsFullAtItsEnd) {
  for (std::uint32_t i = 0; i < ipc::flow_records; ++i) ASSERT_NE(book_.claim(), nullptr);
  EXPECT_EQ(book_.claim(), nullptr);
  EXPECT_EQ(page().used, ipc::flow_records);
}

TEST_F(FlowBookTest, ALeaseHasARecordOfItsOwnWhenThereIsNoOther) {
  {
    const RecordLease lease(book_);
    EXPECT_TRUE(lease.shared());
    book_.close();
    const RecordLease late(book_);
    EXPECT_FALSE(late.shared());
    EXPECT_EQ(late->state, ipc::FlowRecord::free);
  }
  EXPECT_EQ(book_.claim(), nullptr);
}

// What was let go is somebody else's.
TEST_F(FlowBookTest, NothingIsFreedAfterItWasClosed) {
  ipc::FlowRecord* const record = book_.claim();
  record->state = ipc::FlowRecord::carried;
  book_.close();
  book_.free(*record);
  EXPECT_EQ(record->state, ipc::FlowRecord::carried);
}

TEST_F(FlowBookTest, CountsWhatCannotGoOn) {
  book_.enter(ipc::Unprotected::young);
  book_.enter(ipc::Unprotected::young);
  book_.enter(ipc::Unprotected::udp);
  book_.leave(ipc::Unprotected::young);
  EXPECT_EQ(count(ipc::Unprotected::young), 1U);
  EXPECT_EQ(book_.count(ipc::Unprotected::young), 1U);
  EXPECT_EQ(count(ipc::Unprotected::udp), 1U);
}

TEST(FlowBook, WithoutAPageKeepsNothing) {
  FlowBook book;
  book.enter(ipc::Unprotected::young);
  EXPECT_EQ(book.claim(), nullptr);
}

TEST(FlowBook, TakesNoOtherMemory) {
  FlowBook book;
  auto memory = platform::create_shared_memory("small", 4096);
  ASSERT_TRUE(memory);
  EXPECT_NE(book.attach(std::move(*memory), 1), "");
  EXPECT_FALSE(book.attached());
}

}  // namespace
}  // namespace bulkhead::acceptor

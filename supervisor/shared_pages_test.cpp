#include "supervisor/shared_pages.h"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

config::Config with_backends(std::initializer_list<const char*> names) {
  config::Config config;
  for (const char* name : names) config.backends.emplace_back().name = name;
  return config;
}

ipc::BackendPage& writable(SharedPages& pages) {
  return const_cast<ipc::BackendPage&>(pages.backends());
}

TEST(SharedPages, AColumnIsZeroedBeforeItIsTakenAgain) {
  SharedPages pages;
  EXPECT_EQ(pages.take_column(), 0u);
  EXPECT_EQ(pages.take_column(), 1u);
  for (std::uint32_t column : {0, 1}) writable(pages).cells[column][3].in_use = 5;
  EXPECT_EQ(use_of(pages.backends(), 3).in_use, 10u);
  pages.give_back_column(0);
  EXPECT_EQ(use_of(pages.backends(), 3).in_use, 5u);
  EXPECT_EQ(pages.take_column(), 0u);
  EXPECT_EQ(pages.take_column(), 2u);
}

TEST(SharedPages, ColumnsRunOut) {
  SharedPages pages;
  for (std::uint32_t i = 0; i < ipc::max_columns; ++i) EXPECT_EQ(pages.take_column(), i);
  EXPECT_EQ(pages.take_column(), ipc::no_column);
  pages.give_back_column(ipc::no_column);
  pages.give_back_column(17);
  EXPECT_EQ(pages.take_column(), 17u);
}

TEST(SharedPages, ABackendKeepsItsSlotWhateverStandsBesideIt) {
  SharedPages pages;
  config::Config first = with_backends({"a", "b"});
  pages.assign_slots(first, nullptr);
  config::Config second = with_backends({"c", "b"});
  pages.assign_slots(second, &first);
  EXPECT_EQ(second.backends[1].slot, first.backends[1].slot);
  EXPECT_EQ(second.backends[0].slot, 2u);
  config::Config third = with_backends({"a"});
  pages.assign_slots(third, &second);
  EXPECT_EQ(third.backends[0].slot, first.backends[0].slot);
}

TEST(SharedPages, ASlotThatNobodyUsesIsGivenAwayWhenAllAreTaken) {
  SharedPages pages;
  config::Config all;
  for (std::uint32_t i = 0; i < ipc::max_backend_slots + 1; ++i)
    all.backends.emplace_back().name = "b" + std::to_string(i);
  pages.assign_slots(all, nullptr);
  EXPECT_EQ(all.backends.back().slot, config::no_slot);
  pages.take_column();
  writable(pages).cells[0][0].in_use = 1;
  writable(pages).shared[1].circuit.word = 77;
  config::Config next = with_backends({"new", "b2"});
  pages.assign_slots(next, nullptr);
  EXPECT_EQ(next.backends[0].slot, 1u) << "a connection uses slot 0";
  EXPECT_EQ(pages.backends().shared[1].circuit.word, 0u);
}

// An acceptor that goes on with its connections has the configuration in force, and no other.
TEST(SharedPages, ARemovedBackendIsFoundByItsName) {
  SharedPages pages;
  config::Config before = with_backends({"a", "b"});
  pages.assign_slots(before, nullptr);
  config::Config after = with_backends({"b"});
  pages.assign_slots(after, &before);
  EXPECT_EQ(ipc::slot_of(pages.backends(), "a"), before.backends[0].slot);
  EXPECT_EQ(ipc::slot_of(pages.backends(), "b"), before.backends[1].slot);
  EXPECT_EQ(ipc::slot_of(pages.backends(), "c"), ipc::max_backend_slots);
}

TEST(SharedPages, TellsWhichRemovedBackendsAreStillInUse) {
  SharedPages pages;
  config::Config before = with_backends({"a", "b", "c"});
  pages.assign_slots(before, nullptr);
  pages.take_column();
  writable(pages).cells[0][0].in_use = 1;
  writable(pages).cells[0][1].in_use = 1;
  const auto leaving = pages.leaving(with_backends({"b"}));
  ASSERT_EQ(leaving.size(), 1u);
  EXPECT_EQ(leaving[0].name, "a");
}

}  // namespace
}  // namespace bulkhead::supervisor

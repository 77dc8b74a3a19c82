#include "ipc/page/counters_page.h"

#include <gtest/gtest.h>
#include <memory>

#include "ipc/page/counters_sum.h"

namespace bulkhead::ipc {
namespace {

TEST(CountersPage, ABackendKeepsItsSlot) {
  const auto page = std::make_unique<CountersPage>();
  BackendCounters& first = page->backend("germany");
  BackendCounters& second = page->backend("japan");
  EXPECT_NE(&first, &second);
  EXPECT_EQ(&page->backend("germany"), &first);
  EXPECT_EQ(first.name_view(), "germany");
  EXPECT_EQ(second.name_view(), "japan");
}

TEST(CountersPage, BackendsBeyondTheLastSlotAreOneThing) {
  const auto page = std::make_unique<CountersPage>();
  for (std::size_t i = 0; i < max_backends; ++i) page->backend("b" + std::to_string(i));
  EXPECT_EQ(&page->backend("one more"), &page->other_backends);
  EXPECT_EQ(&page->backend("b0"), &page->backends.front());
  EXPECT_EQ(&page->backend(""), &page->other_backends);
}

TEST(CountersPage, ANameIsCutAndStillFound) {
  const auto page = std::make_unique<CountersPage>();
  const std::string name(200, 'x');
  EXPECT_EQ(page->backend(name).name_view().size(), max_backend_name);
  EXPECT_EQ(&page->backend(name), &page->backends.front());
}

TEST(CountersPage, TheDeadLeaveNothingOpenAndAllTotals) {
  const auto page = std::make_unique<CountersPage>();
  page->active.add(3);
  page->accepted.add(30);
  page->by_protocol[1].active.add(2);
  page->by_protocol[1].bytes.down.add(500);
  page->backend("germany").active.add(4);
  page->backend("germany").opened.add(40);
  page->forget_open();
  CountersSum sum;
  sum.want("germany");
  sum.add(*page);
  EXPECT_EQ(sum.active + sum.by_protocol[1].active + sum.backends["germany"].active, 0U);
  EXPECT_EQ(sum.accepted, 30U);
  EXPECT_EQ(sum.all_bytes().down, 500U);
  EXPECT_EQ(sum.backends["germany"].opened, 40U);
}

TEST(CountersPage, SumsOfSeveralPlaces) {
  const auto first = std::make_unique<CountersPage>(), second = std::make_unique<CountersPage>();
  first->backend("a").opened.add(1);
  first->backend("b").opened.add(10);
  second->backend("b").opened.add(100);
  second->backend("gone").opened.add(1000);
  first->refused[3].add(2);
  second->refused[4].add(3);
  CountersSum sum;
  sum.want("a");
  sum.want("b");
  sum.add(*first);
  sum.add(*second);
  EXPECT_EQ(sum.backends["a"].opened, 1U);
  EXPECT_EQ(sum.backends["b"].opened, 110U);
  EXPECT_EQ(sum.backends.size(), 2U) << "nobody asked for it";
  EXPECT_EQ(sum.all_refused(), 5U);
}

// The page's writer is weaker than its reader.
TEST(CountersPage, NonsenseInItIsNotRead) {
  const auto page = std::make_unique<CountersPage>();
  page->backend("a").name_length.store(UINT32_MAX);
  EXPECT_EQ(page->backends.front().name_view(), "");
  CountersSum sum;
  sum.want("a");
  sum.add(*page);
  EXPECT_EQ(sum.backends["a"].opened, 0U);
}

TEST(Names, AreThoseOfTheLog) {
  for (std::size_t i = 0; i < protocols; ++i) {
    const auto protocol = static_cast<Protocol>(i);
    EXPECT_EQ(protocol_named(to_string(protocol)), protocol);
  }
  for (std::size_t i = 0; i < methods; ++i) {
    const auto method = static_cast<Method>(i);
    EXPECT_EQ(method_named(to_string(method)), method);
  }
  EXPECT_EQ(method_named("BREW"), Method::other);
  EXPECT_EQ(protocol_named("gopher"), Protocol::unknown);
}

}  // namespace
}  // namespace bulkhead::ipc

#include "egress/resolver_cache.h"

#include <gtest/gtest.h>

#include "egress/testing.h"

namespace bulkhead::egress {
namespace {

using testing::ip;
using namespace std::chrono_literals;

const ResolverCache::Time start = std::chrono::steady_clock::now();

TEST(ResolverCache, ForgetsWhatHasExpired) {
  ResolverCache cache(10);
  cache.store("a", {ip("192.0.2.1")}, start + 1s);
  ASSERT_NE(cache.find("a", start), nullptr);
  EXPECT_EQ(cache.find("a", start)->front(), ip("192.0.2.1"));
  EXPECT_EQ(cache.find("a", start + 1s), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResolverCache, DropsTheLeastRecentlyUsed) {
  ResolverCache cache(2);
  cache.store("a", {}, start + 1s);
  cache.store("b", {}, start + 1s);
  EXPECT_NE(cache.find("a", start), nullptr);
  cache.store("c", {}, start + 1s);
  EXPECT_NE(cache.find("a", start), nullptr);
  EXPECT_EQ(cache.find("b", start), nullptr);
  EXPECT_NE(cache.find("c", start), nullptr);
}

TEST(ResolverCache, ReplacesInPlace) {
  ResolverCache cache(2);
  cache.store("a", {}, start + 1s);
  cache.store("b", {}, start + 1s);
  cache.store("a", {ip("192.0.2.2")}, start + 5s);
  EXPECT_EQ(cache.size(), 2u);
  ASSERT_NE(cache.find("a", start + 2s), nullptr);
}

TEST(ResolverCache, OfNoSizeKeepsNothing) {
  ResolverCache cache(0);
  cache.store("a", {}, start + 1s);
  EXPECT_EQ(cache.find("a", start), nullptr);
}

}  // namespace
}  // namespace bulkhead::egress

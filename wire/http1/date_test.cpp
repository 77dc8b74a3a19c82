#include "wire/http1/date.h"

#include <gtest/gtest.h>

namespace bulkhead::wire::http1 {
namespace {

TEST(Date, IsAnImfFixdate) {
  EXPECT_EQ(date_text(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date_text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Date, IsNow) {
  const std::time_t before = std::time(nullptr);
  const std::string text(current_date());
  const std::time_t after = std::time(nullptr);
  EXPECT_TRUE(text == date_text(before) || text == date_text(after)) << text;
}

}  // namespace
}  // namespace bulkhead::wire::http1

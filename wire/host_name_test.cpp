#include "wire/host_name.h"

#include <gtest/gtest.h>

namespace bulkhead::wire {
namespace {

TEST(HostName, IsLowerCaseWithoutTrailingDot) {
  EXPECT_EQ(to_ascii_name("Example.COM."), "example.com");
  EXPECT_EQ(to_ascii_name("under_score.example"), "under_score.example");
}

TEST(HostName, BecomesALabels) {
  EXPECT_EQ(to_ascii_name("B\xc3\xbc"
                          "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_ascii_name("stra\xc3\x9f"
                          "e.example"),
            "xn--strae-oqa.example");
  // Longer than a label may be in UTF-8, but not as an A-label.
  EXPECT_TRUE(to_ascii_name(
      "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"
      "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"
      "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"
      "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97.example"));
}

TEST(HostName, RefusesWhatIsNone) {
  EXPECT_EQ(to_ascii_name(""), std::nullopt);
  EXPECT_EQ(to_ascii_name("a b"), std::nullopt);
  EXPECT_EQ(to_ascii_name("\xff\xff.example"), std::nullopt);
  EXPECT_EQ(to_ascii_name("*.example"), std::nullopt);
  EXPECT_EQ(to_ascii_name(std::string_view("b\xc3\xbc\0.example", 12)), std::nullopt);
  EXPECT_EQ(to_ascii_name("0x7f.1"), std::nullopt);
  // Full-width digits turn into an address only here.
  EXPECT_EQ(to_ascii_name("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1"), std::nullopt);
}

TEST(HostName, KnowsWhatIsBelow) {
  EXPECT_TRUE(is_within("localhost", "localhost"));
  EXPECT_TRUE(is_within("a.localhost", "localhost"));
  EXPECT_FALSE(is_within("alocalhost", "localhost"));
}

}  // namespace
}  // namespace bulkhead::wire

#include "egress/host_name.h"

#include <gtest/gtest.h>

namespace bulkhead::egress {
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
}

TEST(HostName, RefusesWhatIsNone) {
  EXPECT_EQ(to_ascii_name(""), std::nullopt);
  EXPECT_EQ(to_ascii_name("a b"), std::nullopt);
  EXPECT_EQ(to_ascii_name("\xff\xff.example"), std::nullopt);
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
}  // namespace bulkhead::egress

// platform::Secret: cannot be printed, and leaves nothing behind.
#include "platform/secret.h"

#include <gtest/gtest.h>
#include <ostream>
#include <type_traits>

namespace bulkhead::platform {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(Printable<std::string> && !Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view> &&
              !std::is_convertible_v<std::string, Secret>);

TEST(Secret, HoldsComparesAndClears) {
  Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_EQ(secret, Secret("hunter2"));
  EXPECT_FALSE(secret == Secret("hunter3"));
  EXPECT_FALSE(secret == Secret("hunter"));
  const Secret copy = secret;
  secret.clear();
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(copy.reveal(), "hunter2");
}

TEST(Secret, MovingLeavesNothing) {
  Secret from("hunter2");
  Secret to("other");
  to = std::move(from);
  EXPECT_EQ(to.reveal(), "hunter2");
  EXPECT_TRUE(from.empty());  // NOLINT: what is left is what is tested
}

TEST(Wipe, OverwritesTheWholeBuffer) {
  std::string text = "a secret that is longer than the small buffer of a string";
  const char* bytes = text.data();
  const std::size_t length = text.size();
  text.resize(5);  // the rest is still in the buffer
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), bytes);  // still its buffer, beyond its size
  EXPECT_EQ(std::string_view(bytes, length).find("secret"), std::string_view::npos);
}

}  // namespace
}  // namespace bulkhead::platform

// The messages have one number together. This fails when one of them changes its layout and the
// number does not, for then two programs would take each other for understandable.
#include <gtest/gtest.h>
#include <map>

#include "proto/layout.h"
#include "proto/messages.h"

namespace bulkhead::proto {
namespace {

std::string layout_of_all() {
  std::string all;
  for_each_message([&all]<typename Message>() { all += layout_of<Message>() + '\n'; });
  return all;
}

// When this fails: raise protocol_version (message_type.h) and add a line here. A version that was
// never released may have its line changed instead.
TEST(ProtocolLayout, ChangesWithItsNumberOnly) {
  const std::map<unsigned, std::uint64_t> digests = {{1, 0xba84cb8cce882c8}};
  ASSERT_TRUE(digests.contains(protocol_version)) << "a number without a layout";
  EXPECT_EQ(digests.at(protocol_version), digest_of(layout_of_all()))
      << std::hex << "now it is 0x" << digest_of(layout_of_all());
  EXPECT_EQ(digests.rbegin()->first, protocol_version);
}

}  // namespace
}  // namespace bulkhead::proto

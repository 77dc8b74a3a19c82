#include "wire/octets.h"

#include "wire/every_split.h"

namespace bulkhead::wire {
namespace {

TEST(OctetReader, NeverReadsPastItsEnd) {
  const auto octets = hex("01 02 03");
  OctetReader in(octets);
  EXPECT_EQ(in.u16(), 0x0102);
  EXPECT_FALSE(in.ran_out());
  EXPECT_EQ(in.u16(), 0);
  EXPECT_TRUE(in.ran_out());
  EXPECT_EQ(in.u8(), 0) << "what ran out stays so, though one octet is left";
  EXPECT_EQ(in.consumed(), 2u);
}

TEST(OctetReader, ALengthNearTheTopOfItsTypeDoesNotWrap) {
  const auto octets = hex("01 02 03");
  OctetReader in(octets);
  in.u8();
  EXPECT_TRUE(in.take(static_cast<std::size_t>(-1)).empty());
  EXPECT_TRUE(in.ran_out());
}

TEST(OctetBuffer, KeepsNetworkOrder) {
  OctetBuffer<5> out;
  out.put_u8(0xfe);
  out.put_u16(0x0102);
  out.put("ab");
  EXPECT_EQ(to_octets(out.octets()), hex("fe 01 02 61 62"));
}

TEST(OctetBufferDeathTest, AbortsRatherThanOverflow) {
  OctetBuffer<3> out;
  out.put_u16(1);
  EXPECT_DEATH(out.put_u16(2), "");
}

TEST(OctetBuffer, WipedHoldsNothing) {
  OctetBuffer<8> out;
  out.put("secret");
  const auto* before = out.octets().data();
  out.wipe();
  EXPECT_EQ(out.size(), 0u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(before[i], 0);
}

}  // namespace
}  // namespace bulkhead::wire

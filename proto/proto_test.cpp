// What the codec promises, for every message there is.
#include <gtest/gtest.h>

#include "proto/filled_message_test.h"
#include "proto/messages.h"

namespace bulkhead::proto {
namespace {

template <typename Message>
Bytes body_of(const Message& message) {
  Bytes out;
  Writer(out).put(message);
  return out;
}

template <typename Message>
Message filled() {
  Message message;
  fill(message);
  return message;
}

template <typename Message>
class EveryMessage : public testing::Test {};

template <typename Tuple>
struct AsTypes;
template <typename... Message>
struct AsTypes<std::tuple<Message...>> {
  using Types = testing::Types<Message...>;
};

struct MessageNames {
  template <typename Message>
  static std::string GetName(int) {
    return std::string(to_string(Message::type));
  }
};
TYPED_TEST_SUITE(EveryMessage, AsTypes<AllMessages>::Types, MessageNames);

TYPED_TEST(EveryMessage, RoundTripsEmptyAndFull) {
  for (const TypeParam& message : {TypeParam{}, filled<TypeParam>()}) {
    const auto decoded = decode<TypeParam>(body_of(message));
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(equal(*decoded, message));
    EXPECT_TRUE(is_well_formed(TypeParam::type, body_of(message)));
  }
}

TYPED_TEST(EveryMessage, FitsItsChannelWhenFull) {
  EXPECT_LE(encode(filled<TypeParam>(), 1).size(), max_message_bytes);
}

TYPED_TEST(EveryMessage, RefusesEveryTruncation) {
  const Bytes body = body_of(filled<TypeParam>());
  for (std::size_t size = 0; size < body.size(); size += size < 2000 ? 1 : 97) {
    ASSERT_FALSE(decode<TypeParam>(std::span(body).first(size))) << size << " of " << body.size();
  }
  if (!body.empty()) {
    EXPECT_FALSE(decode<TypeParam>(std::span(body).first(body.size() - 1)));
  }
}

TYPED_TEST(EveryMessage, RefusesOneByteMore) {
  for (const TypeParam& message : {TypeParam{}, filled<TypeParam>()}) {
    Bytes body = body_of(message);
    body.push_back(0);
    EXPECT_FALSE(decode<TypeParam>(body));
    EXPECT_FALSE(is_well_formed(TypeParam::type, body));
  }
}

TYPED_TEST(EveryMessage, BeginsWithItsHeader) {
  const Bytes bytes = encode(TypeParam{}, 0x01020304);
  Reader reader(bytes);
  Header header;
  ASSERT_TRUE(reader.get(header));
  EXPECT_EQ(header.type, static_cast<std::uint16_t>(TypeParam::type));
  EXPECT_EQ(header.id, 0x01020304U);
  EXPECT_EQ(bytes.size(), header_bytes + body_of(TypeParam{}).size());
}

TEST(Messages, KnowNoTypeBeyondTheTable) {
  EXPECT_FALSE(is_well_formed(MessageType::end_, {}));
}

TEST(Codec, IsLittleEndian) {
  EXPECT_EQ(body_of(std::uint32_t{0x11223344}), (Bytes{0x44, 0x33, 0x22, 0x11}));
}

TEST(Codec, SignedNumbersKeepTheirSign) {
  const Bytes bytes = body_of(std::int32_t{-2});
  std::int32_t value = 0;
  Reader reader(bytes);
  ASSERT_TRUE(reader.get(value));
  EXPECT_EQ(value, -2);
}

struct Bounded {
  Text<4> text;
  List<Text<2>, 3> list;
  static auto fields(auto& self) { return std::tie(self.text, self.list); }
};

TEST(Codec, CutsTextWhenItIsSetAndWhenItIsSent) {
  EXPECT_EQ(Text<4>("abcdef").value, "abcd");
  Bounded message;
  message.text.value = "abcdef";
  message.list.items.assign(5, Text<2>("xy"));
  const auto decoded = decode<Bounded>(body_of(message));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->text.value, "abcd");
  EXPECT_EQ(decoded->list.items.size(), 3U);
}

TEST(Codec, RefusesTextBeyondItsBound) {
  EXPECT_TRUE(decode<Bounded>(Bytes{4, 0, 'a', 'b', 'c', 'd', 0, 0}));
  EXPECT_FALSE(decode<Bounded>(Bytes{5, 0, 'a', 'b', 'c', 'd', 'e', 0, 0}));
}

TEST(Codec, RefusesListsBeyondTheirBound) {
  EXPECT_TRUE(decode<Bounded>(Bytes{0, 0, 3, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(decode<Bounded>(Bytes{0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  List<int, 1> list;
  EXPECT_TRUE(list.push(1));
  EXPECT_FALSE(list.push(2));
}

TEST(Codec, RefusesABooleanThatIsNone) {
  for (const std::uint8_t octet : {0, 1, 2, 255}) {
    bool value = false;
    const Bytes bytes{octet};
    EXPECT_EQ(Reader(bytes).get(value), octet < 2) << int{octet};
  }
}

TEST(Codec, RefusesAnEnumBeyondItsEnd) {
  for (int octet = 0; octet < 256; ++octet) {
    LayerState value{};
    const Bytes bytes{static_cast<std::uint8_t>(octet)};
    EXPECT_EQ(Reader(bytes).get(value), octet < static_cast<int>(LayerState::end_)) << octet;
  }
}

TEST(Codec, RefusesAddressesOfOtherSizes) {
  for (std::uint8_t size = 0; size < 32; ++size) {
    Bytes bytes(1 + size + 2, 1);
    bytes[0] = size;
    wire::Endpoint endpoint;
    EXPECT_EQ(Reader(bytes).get(endpoint), size == 4 || size == 16) << int{size};
  }
}

TEST(Codec, RefusesIpv4DressedAsIpv6) {
  const Bytes mapped{16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 80, 0};
  wire::Endpoint endpoint;
  EXPECT_FALSE(Reader(mapped).get(endpoint));
}

TEST(Codec, StaysFailedAfterAFailure) {
  const Bytes bytes{2, 1, 1};
  Reader reader(bytes);
  bool value = false;
  EXPECT_FALSE(reader.get(value));
  EXPECT_FALSE(reader.get(value));
  EXPECT_FALSE(reader.at_end());
}

}  // namespace
}  // namespace bulkhead::proto

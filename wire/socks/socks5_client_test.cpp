#include "wire/socks/socks5_client.h"

#include "wire/every_split.h"

namespace bulkhead::wire::socks {
namespace {

constexpr std::array both{Method::no_auth, Method::username_password};
constexpr std::array open{Method::no_auth};

Parsed<Method, Error> parse_method_of_both(std::span<const std::uint8_t> octets) {
  return parse_method_reply(octets, both);
}

TEST(Socks5Client, GreetingIsUnderstoodByTheServer) {
  const auto greeting = build_greeting(both);
  EXPECT_EQ(to_octets(greeting.octets()), hex("05 02 00 02"));
  const auto parsed = parse_at_every_split(parse_greeting, to_octets(greeting.octets()));
  EXPECT_EQ(parsed.consumed(), greeting.size());
  const std::vector<Method> many(300, Method::no_auth);
  EXPECT_EQ(build_greeting(many).size(), 257u);
}

TEST(Socks5Client, TakesOnlyAMethodItOffered) {
  EXPECT_EQ(parse_at_every_split(parse_method_of_both, hex("05 02")).message(),
            Method::username_password);
  EXPECT_EQ(parse_method_reply(hex("05 02"), open).error(), Error::method_not_offered);
  EXPECT_EQ(parse_method_reply(hex("05 01"), both).error(), Error::method_not_offered);
  EXPECT_EQ(parse_method_reply(hex("05 ff"), both).error(), Error::no_acceptable_method);
  EXPECT_EQ(parse_method_reply(hex("04"), both).error(), Error::wrong_version);
}

TEST(Socks5Client, AuthRequestRoundTrips) {
  for (const std::size_t length : {1u, 255u}) {
    const std::string username(length, 'u');
    const Octets password(length, 0);
    OctetBuffer<max_client_message> request;
    ASSERT_TRUE(build_auth_request(username, password, request));
    const auto whole = to_octets(request.octets());
    const auto parsed = parse_at_every_split(parse_auth_request, whole);
    const auto again = parse_auth_request(whole);
    EXPECT_EQ(again.message().username, username);
    EXPECT_EQ(to_octets(again.message().password), password);
    EXPECT_EQ(parsed.consumed(), 3 + 2 * length);
  }
}

TEST(Socks5Client, AuthRequestKeepsTheBounds) {
  OctetBuffer<max_client_message> request;
  EXPECT_FALSE(build_auth_request("", hex("01"), request));
  EXPECT_FALSE(build_auth_request("u", {}, request));
  EXPECT_FALSE(build_auth_request(std::string(256, 'u'), hex("01"), request));
  EXPECT_FALSE(build_auth_request("u", Octets(256, 1), request));
  EXPECT_EQ(request.size(), 0u);
}

TEST(Socks5Client, AuthReply) {
  EXPECT_TRUE(parse_at_every_split(parse_auth_reply, hex("01 00")).message());
  EXPECT_FALSE(parse_at_every_split(parse_auth_reply, hex("01 01")).message());
  EXPECT_FALSE(parse_at_every_split(parse_auth_reply, hex("01 ff")).message());
  EXPECT_EQ(parse_auth_reply(hex("05")).error(), Error::wrong_auth_version);
}

TEST(Socks5Client, RequestIsUnderstoodByTheServer) {
  const Address addresses[] = {Endpoint{*IpAddress::parse("192.0.2.7"), 443},
                               Endpoint{*IpAddress::parse("2001:db8::1"), 53},
                               HostPort{"example.com", 80}};
  for (const auto command : {Command::connect, Command::bind, Command::udp_associate}) {
    for (const auto& address : addresses) {
      const auto request = build_request(command, address);
      ASSERT_TRUE(request);
      const auto parsed = parse_at_every_split(parse_request, to_octets(request->octets()));
      EXPECT_EQ(parsed.message().command, command);
      EXPECT_EQ(parsed.message().address, address);
    }
  }
  EXPECT_FALSE(build_request(Command::connect, HostPort{"example.com", 0}));
  EXPECT_FALSE(build_request(Command::connect, HostPort{"exam ple", 80}));
  EXPECT_TRUE(build_request(Command::udp_associate, Endpoint{}));
}

TEST(Socks5Client, SuccessCarriesTheBoundAddress) {
  const Address addresses[] = {Endpoint{}, Endpoint{*IpAddress::parse("2001:db8::1"), 53},
                               HostPort{"exit.example", 4000}};
  for (const auto& bound : addresses) {
    const auto reply = to_octets(build_reply(ReplyCode::succeeded, bound).octets());
    const auto parsed = parse_at_every_split(parse_reply, reply);
    EXPECT_EQ(parsed.message().code, ReplyCode::succeeded);
    EXPECT_EQ(parsed.message().bound, bound);
  }
}

TEST(Socks5Client, ABoundNameThatIsNoneIsPassedOver) {
  for (const char* reply : {"05 00 00 03 00 0050", "05 00 00 03 02 2020 0050"}) {
    const auto parsed = parse_at_every_split(parse_reply, hex(reply));
    EXPECT_EQ(parsed.message().code, ReplyCode::succeeded) << reply;
    EXPECT_FALSE(parsed.message().bound) << reply;
  }
}

TEST(Socks5Client, ARefusalNeedsTwoOctets) {
  EXPECT_TRUE(parse_reply(hex("05")).needs_more());
  for (std::uint8_t code = 1; code <= 8; ++code) {
    const auto reply = build_reply(static_cast<ReplyCode>(code));
    const auto parsed = parse_reply(reply.octets().first(2));
    ASSERT_TRUE(parsed.is_complete());
    EXPECT_EQ(parsed.message().code, static_cast<ReplyCode>(code));
    EXPECT_EQ(parse_reply(reply.octets()).consumed(), 2u);
  }
  EXPECT_EQ(parse_reply(hex("05 f3")).message().code, ReplyCode::general_failure);
}

TEST(Socks5Client, RefusesAReplyItCannotFollow) {
  EXPECT_EQ(parse_reply(hex("00 5a")).error(), Error::wrong_version);
  EXPECT_EQ(parse_reply(hex("05 00 00 02")).error(), Error::unknown_address_type);
}

}  // namespace
}  // namespace bulkhead::wire::socks

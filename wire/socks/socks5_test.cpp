#include "wire/socks/socks5.h"

#include <algorithm>

#include "wire/every_split.h"

namespace bulkhead::wire::socks {
namespace {

const Endpoint v4_endpoint{*IpAddress::parse("192.0.2.7"), 443};
const Endpoint v6_endpoint{*IpAddress::parse("2001:db8::1"), 53};

TEST(Socks5Greeting, ListsTheMethods) {
  EXPECT_TRUE(parse_at_every_split(parse_greeting, hex("05 00")).message().methods.empty());
  const auto greeting = hex("05 03 00 01 02");
  const auto parsed = parse_at_every_split(parse_greeting, greeting);
  EXPECT_EQ(to_octets(parsed.message().methods), hex("00 01 02"));
  EXPECT_EQ(parse_at_every_split(parse_greeting, hex("05 ff") + Octets(255, 7)).consumed(), 257u);
}

TEST(Socks5Greeting, RefusesOtherVersionsAtTheFirstOctet) {
  for (const char* version : {"00", "04", "06", "47"}) {
    EXPECT_EQ(parse_greeting(hex(version)).error(), Error::wrong_version);
  }
}

TEST(Socks5Greeting, TheServersPreferenceDecides) {
  constexpr std::array both{Method::username_password, Method::no_auth};
  constexpr std::array open{Method::no_auth};
  const struct {
    const char* methods;
    std::span<const Method> preference;
    Method chosen;
  } rows[] = {
      {"00 02", both, Method::username_password},
      {"02 00", open, Method::no_auth},
      {"00", both, Method::no_auth},
      {"02", open, Method::none_acceptable},
      {"01 03 80", both, Method::none_acceptable},
      {"", both, Method::none_acceptable},
      {"00", {}, Method::none_acceptable},
  };
  for (const auto& row : rows) {
    const auto methods = hex(row.methods);
    EXPECT_EQ(choose_method(Greeting{methods}, row.preference), row.chosen) << row.methods;
  }
  EXPECT_EQ(to_octets(build_method_reply(Method::none_acceptable).octets()), hex("05 ff"));
  EXPECT_EQ(to_octets(build_method_reply(Method::username_password).octets()), hex("05 02"));
}

TEST(Socks5Auth, CarriesAnyOctets) {
  const auto request = hex("01 03 61 00 ff 02 00 0a");
  const auto parsed = parse_at_every_split(parse_auth_request, request);
  EXPECT_EQ(parsed.message().username, std::string_view("a\0\xff", 3));
  EXPECT_EQ(to_octets(parsed.message().password), hex("00 0a"));
  EXPECT_EQ(parsed.message().password.data(), request.data() + 6) << "a view, not a copy";
  const auto longest = hex("01 ff") + Octets(255, 'u') + hex("ff") + Octets(255, 'p');
  EXPECT_EQ(parse_at_every_split(parse_auth_request, longest).consumed(), max_client_message);
}

TEST(Socks5Auth, RefusesAtTheOctetThatIsWrong) {
  EXPECT_EQ(parse_auth_request(hex("05")).error(), Error::wrong_auth_version);
  EXPECT_EQ(parse_auth_request(hex("01 00")).error(), Error::empty_username);
  EXPECT_EQ(parse_auth_request(hex("01 01 61 00")).error(), Error::empty_password);
}

TEST(Socks5Auth, RepliesInTwoOctets) {
  EXPECT_EQ(to_octets(build_auth_reply(true).octets()), hex("01 00"));
  EXPECT_EQ(to_octets(build_auth_reply(false).octets()), hex("01 01"));
}

TEST(Socks5Request, EveryCommandAndAddress) {
  const auto domain = hex("03 0b") + text_octets("example.com") + hex("01 bb");
  const struct {
    Octets request;
    Command command;
    Address address;
  } rows[] = {
      {hex("05 01 00 01 c0000207 01bb"), Command::connect, v4_endpoint},
      {hex("05 01 00") + domain, Command::connect, HostPort{"example.com", 443}},
      {hex("05 01 00 04 20010db8 00000000 00000000 00000001 0035"), Command::connect, v6_endpoint},
      {hex("05 01 77 01 c0000207 01bb"), Command::connect, v4_endpoint},
      {hex("05 02 00 01 c0000207 01bb"), Command::bind, v4_endpoint},
      {hex("05 02 00 01 00000000 0000"), Command::bind, Endpoint{}},
      {hex("05 03 00 01 00000000 0000"), Command::udp_associate, Endpoint{}},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_at_every_split(parse_request, row.request);
    EXPECT_EQ(parsed.message().command, row.command);
    EXPECT_EQ(parsed.message().address, row.address);
  }
}

TEST(Socks5Request, EachErrorHasItsReply) {
  const struct {
    const char* request;
    Error error;
    std::optional<ReplyCode> reply;
  } rows[] = {
      {"04 01", Error::wrong_version, std::nullopt},
      {"05 00", Error::unknown_command, ReplyCode::command_not_supported},
      {"05 04 00", Error::unknown_command, ReplyCode::command_not_supported},
      {"05 01 00 02", Error::unknown_address_type, ReplyCode::address_type_not_supported},
      {"05 01 00 03 00", Error::invalid_domain, ReplyCode::general_failure},
      {"05 01 00 03 01 20 0050", Error::invalid_domain, ReplyCode::general_failure},
      {"05 01 00 01 c0000207 0000", Error::port_zero, ReplyCode::general_failure},
  };
  for (const auto& row : rows) {
    const auto request = hex(row.request);
    const auto parsed = parse_request(request);
    ASSERT_TRUE(parsed.is_error()) << row.request;
    EXPECT_EQ(parsed.error(), row.error) << row.request;
    EXPECT_EQ(reply_code_for(row.error), row.reply) << row.request;
    EXPECT_FALSE(parse_request(std::span(request).first(request.size() - 1)).is_complete());
  }
}

TEST(Socks5Reply, EveryCodeAndBoundAddress) {
  EXPECT_EQ(to_octets(build_reply(ReplyCode::succeeded, v4_endpoint).octets()),
            hex("05 00 00 01 c0000207 01bb"));
  EXPECT_EQ(to_octets(build_reply(ReplyCode::succeeded, v6_endpoint).octets()),
            hex("05 00 00 04 20010db8 00000000 00000000 00000001 0035"));
  EXPECT_EQ(to_octets(build_reply(ReplyCode::succeeded, HostPort{"a.b", 1}).octets()),
            hex("05 00 00 03 03 612e62 0001"));
  for (std::uint8_t code = 0; code <= 8; ++code) {
    EXPECT_EQ(to_octets(build_reply(static_cast<ReplyCode>(code)).octets()),
              Octets({5, code}) + hex("00 01 00000000 0000"));
  }
  EXPECT_EQ(build_reply(ReplyCode::succeeded, HostPort{"not a name", 1}).octets()[3], 1);
}

TEST(SocksError, NamesAreDistinct) {
  std::vector<std::string_view> names;
  for (int error = 0; error <= static_cast<int>(Error::method_not_offered); ++error) {
    names.push_back(to_string(static_cast<Error>(error)));
    EXPECT_NE(names.back(), "unknown");
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(to_string(Error::invalid_domain), "invalid_domain");
}

}  // namespace
}  // namespace bulkhead::wire::socks

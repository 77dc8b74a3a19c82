// Durations, sizes, ports, domain patterns, quoting and guesses.
#include "config/text.h"

#include <array>
#include <gtest/gtest.h>

namespace bulkhead::config {
namespace {

TEST(Duration, ParsesAndFormats) {
  const std::pair<const char*, int> good[] = {{"10s", 10'000},   {"500ms", 500}, {"1m30s", 90'000},
                                              {"2h", 7'200'000}, {"0", 0},       {"1d", 86'400'000},
                                              {"1s1ms", 1001}};
  for (const auto& [text, milliseconds] : good)
    EXPECT_EQ(parse_duration(text), Duration(milliseconds)) << text;
  for (const char* bad : {"", "10", "s", "10 s", "-1s", "1.5s", "1s1s", "1s1m",
                          "99999999999999999999s", "9999999999h", "10sec"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  for (const int milliseconds : {0, 1, 999, 1'000, 90'000, 119'000, 120'000, 3'661'001, 86'400'000})
    EXPECT_EQ(parse_duration(format(Duration(milliseconds))), Duration(milliseconds));
  EXPECT_EQ(format(Duration(90'000)), "90s");
  EXPECT_EQ(format(Duration(7'200'000)), "2h");
}

TEST(Size, ParsesAndFormats) {
  EXPECT_EQ(parse_size("100MB"), ByteSize{100'000'000});
  EXPECT_EQ(parse_size("10MiB"), ByteSize{10'485'760});
  EXPECT_EQ(parse_size("4096"), ByteSize{4096});
  for (const char* bad : {"", "MB", "1.5MB", "1 MB", "-1", "10XB", "99999999999GiB"})
    EXPECT_FALSE(parse_size(bad)) << bad;
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1000ULL, 1024ULL, 65'536ULL, 100'000'000ULL, 123'456'789ULL})
    EXPECT_EQ(parse_size(format(ByteSize{bytes})), ByteSize{bytes});
}

TEST(Ports, ParsesAndFormats) {
  EXPECT_EQ(parse_ports("443"), (PortRange{443, 443}));
  EXPECT_EQ(parse_ports("8000-8999"), (PortRange{8000, 8999}));
  EXPECT_EQ(format(PortRange{8000, 8999}), "8000-8999");
  for (const char* bad : {"", "0", "65536", "9-8", "1-", "-1", "1-2-3", "a"})
    EXPECT_FALSE(parse_ports(bad)) << bad;
}

TEST(DomainPattern, IsNormalised) {
  const std::pair<const char*, const char*> good[] = {
      {"*", "*"},
      {"Example.COM", "example.com"},
      {"example.com.", "example.com"},
      {"*.Example.com", "*.example.com"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example"},
      {"*.\xe4\xbe\x8b\xe3\x81\x88.jp", "*.xn--r8jz45g.jp"},
      {"stra\xc3\x9f"
       "e.de",
       "xn--strae-oqa.de"},
      {"192.0.2.1", "192.0.2.1"},
      {"[2001:DB8::1]", "2001:db8::1"},
      {"a_b.example", "a_b.example"}};
  for (const auto& [text, wanted] : good) {
    const auto pattern = parse_domain_pattern(text);
    ASSERT_TRUE(pattern) << text;
    EXPECT_EQ(pattern->text, wanted);
  }
  for (const char* bad : {"", "*.", "*.*", "a*.com", "*a.com", "a b", "a..b", "http://x", "x:1",
                          "*.1.2.3.4", "1.2.3", "."})
    EXPECT_FALSE(parse_domain_pattern(bad)) << bad;
}

TEST(Text, GuessesWhatWasMeant) {
  constexpr std::array<std::string_view, 3> keys = {"http_port", "socks5_port", "via"};
  EXPECT_EQ(nearest("http_prot", keys), "http_port");
  EXPECT_EQ(nearest("HTTP_PORT", keys), "http_port");
  EXPECT_EQ(nearest("completely_else", keys), "");
  EXPECT_EQ(nearest("vi", keys), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), keys), "");
}

TEST(Text, QuotesWhatNeedsIt) {
  EXPECT_EQ(yaml_scalar("plain-1.2_3/x"), "plain-1.2_3/x");
  for (const char* text :
       {"", "true", "No", "off", "null", "1080", "a b", "*", "${x}", "a: b", "-", "~", "#x"})
    EXPECT_EQ(yaml_scalar(text).front(), '"') << text;
  EXPECT_EQ(json_string("a\"b\\\n\t"), R"("a\"b\\\n\t")");
}

TEST(Text, RefusesWhatIsNoUtf8) {
  EXPECT_EQ(first_bad_text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9f"), std::string_view::npos);
  for (const char* bad :
       {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x01", "\x7f", "\xff"})
    EXPECT_EQ(first_bad_text(bad), 0U);
  EXPECT_EQ(printable("a\x1b[31m\xff"), "a?[31m?");
  EXPECT_LT(printable(std::string(1000, 'x')).size(), 90U);
}

TEST(Url, NeedsASchemeAndAHost) {
  constexpr std::array<std::string_view, 2> schemes = {"http", "https"};
  for (const char* good :
       {"http://x", "https://x.example:8443/a?b#c", "http://[::1]/", "http://1.2.3.4"})
    EXPECT_TRUE(is_url(good, schemes)) << good;
  for (const char* bad :
       {"x", "ftp://x", "http://", "http:///a", "http://u@x", "http://a b", "javascript:x"})
    EXPECT_FALSE(is_url(bad, schemes)) << bad;
}

}  // namespace
}  // namespace bulkhead::config

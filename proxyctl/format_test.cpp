// What people see: units, tables, and text that cannot play tricks on a terminal.
#include <gtest/gtest.h>
#include <sstream>

#include "proxyctl/table.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/top_view.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

TEST(Units, Bytes) {
  EXPECT_EQ(short_bytes(0), "0 B");
  EXPECT_EQ(short_bytes(1023), "1023 B");
  EXPECT_EQ(short_bytes(1024), "1.0 KiB");
  EXPECT_EQ(short_bytes(1258291), "1.2 MiB");
  EXPECT_EQ(short_bytes(10 * 1024), "10 KiB");
  EXPECT_EQ(short_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(short_bytes(~std::uint64_t{0}), "16 EiB");
}

TEST(Units, Durations) {
  EXPECT_EQ(short_duration(999), "999ms");
  EXPECT_EQ(short_duration(59'999), "59s");
  EXPECT_EQ(short_duration(192'000), "3m12s");
  EXPECT_EQ(short_duration(180'000), "3m");
  EXPECT_EQ(short_duration(5 * 3'600'000 + 120'000), "5h2m");
  EXPECT_EQ(short_duration(std::uint64_t{12} * 86'400'000 + 4 * 3'600'000), "12d4h");
}

TEST(Units, Microseconds) {
  EXPECT_EQ(short_microseconds(999), "999us");
  EXPECT_EQ(short_microseconds(1234), "1.2ms");
  EXPECT_EQ(short_microseconds(12'345), "12ms");
  EXPECT_EQ(short_microseconds(192'000'000), "3m12s");
}

TEST(TerminalText, EscapesControls) {
  EXPECT_EQ(printable("plain \u00e9"), "plain \u00e9");
  EXPECT_EQ(printable("\x1b[31mred\x1b]0;title\x07"), "\\x1b[31mred\\x1b]0;title\\x07");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u{009b}") << "C1 CSI";
  EXPECT_EQ(printable("\u202egnp.exe\u200b"), "\\u{202e}gnp.exe\\u{200b}");
  EXPECT_EQ(printable("\xff\xc3("), "\\xff\\xc3(");
  EXPECT_EQ(printable("\\x1b"), "\\\\x1b") << "no text looks like an escape";
}

TEST(TerminalText, EscapesWhatReordersOrHides) {
  for (const char* text : {"\u00ad", "\u061c", "\u200b", "\u200f", "\u2028", "\u202e", "\u2060",
                           "\u2069", "\ufeff", "\ufffb", "\U000e0041"}) {
    EXPECT_TRUE(printable(text).starts_with("\\u{")) << printable(text);
  }
}

TEST(TerminalText, KeepsLines) {
  EXPECT_EQ(printable_lines("a:\n\tb\\c\x1b\n"), "a:\n\tb\\c\\x1b\n");
}

TEST(Table, AlignsByWidthNotByOctets) {
  Table table({{"NAME"}, {"N", Align::right}, {"LAST"}});
  table.add({"\u00e9", "1", "x"});
  table.add({"abcdef", "100", ""});
  table.add({"\x1b[2J"});
  std::ostringstream out;
  table.print(out, false);
  EXPECT_EQ(out.str(),
            "NAME       N  LAST\n"
            "\u00e9          1  x\n"
            "abcdef   100  -\n"
            "\\x1b[2J    -  -\n");
}

TEST(Table, IsBoldOnlyWhenAsked) {
  std::ostringstream plain, bold;
  Table({{"A"}}).print(plain, false);
  Table({{"A"}}).print(bold, true);
  EXPECT_EQ(plain.str().find('\x1b'), std::string::npos);
  EXPECT_NE(bold.str().find("\x1b[1m"), std::string::npos);
}

proto::ConnectionRow connection(std::uint64_t id, const char* client, std::uint64_t age,
                                std::uint64_t bytes) {
  proto::ConnectionRow row;
  row.id = id;
  row.client = *wire::Endpoint::parse(client);
  row.age_ms = age;
  row.down = bytes;
  row.user = id == 3 ? "alice" : "bob";
  row.backend = id == 1 ? "a" : "b";
  row.destination = id == 2 ? "Example.COM:443" : "other.test:80";
  return row;
}

std::vector<std::uint64_t> ids(ConnectionOrder order, const std::string& filter) {
  std::vector<std::uint64_t> out;
  for (const auto& row :
       select_connections({connection(1, "10.0.0.2:1", 5, 100), connection(2, "10.0.0.1:9", 50, 10),
                           connection(3, "10.0.0.3:1", 7, 1)},
                          order, filter)) {
    out.push_back(row.id);
  }
  return out;
}

TEST(Connections, AreSortedAndFiltered) {
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(ids(ConnectionOrder::age, ""), (Ids{2, 3, 1}));
  EXPECT_EQ(ids(ConnectionOrder::bytes, ""), (Ids{1, 2, 3}));
  EXPECT_EQ(ids(ConnectionOrder::client, ""), (Ids{2, 1, 3}));
  EXPECT_EQ(ids(ConnectionOrder::user, ""), (Ids{3, 1, 2}));
  EXPECT_EQ(ids(ConnectionOrder::destination, ""), (Ids{2, 1, 3}));
  EXPECT_EQ(ids(ConnectionOrder::backend, ""), (Ids{1, 2, 3}));
  EXPECT_EQ(ids(ConnectionOrder::age, "alice"), (Ids{3}));
  EXPECT_EQ(ids(ConnectionOrder::age, "example.com"), (Ids{2}));
  EXPECT_EQ(ids(ConnectionOrder::age, "10.0.0.3"), (Ids{3}));
  EXPECT_TRUE(ids(ConnectionOrder::age, "nothing").empty());
}

Look look_at(std::chrono::seconds when, std::uint64_t requests, std::uint64_t bytes) {
  Look seen;
  seen.when += when;
  seen.totals.requests = requests;
  seen.totals.active = 2;
  seen.connections = {connection(1, "10.0.0.1:1", 5000, 1000),
                      connection(2, "10.0.0.2:2", 9000, bytes)};
  proto::BackendStatsRow backend;
  backend.name = "direct\x1b[2J";
  backend.requests = requests;
  seen.backends.push_back(backend);
  return seen;
}

TEST(Top, ShowsWhatHappenedBetweenTwoLooks) {
  using std::chrono_literals::operator""s;
  const std::string text =
      top_frame(look_at(0s, 10, 0), look_at(2s, 50, 4096), TopOrder::rate, 9, false);
  for (const char* part : {"2 active", "20/s", "2.0 KiB/s", "direct\\x1b[2J", "10.0.0.1:1"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  EXPECT_LT(text.find("10.0.0.2:2"), text.find("10.0.0.1:1")) << "the busy one first";
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const std::string by_age =
      top_frame(look_at(0s, 10, 0), look_at(2s, 50, 4096), TopOrder::age, 1, false);
  EXPECT_EQ(by_age.find("10.0.0.1:1"), std::string::npos) << "no more rows than asked for";
}

TEST(Top, CountersThatWentBackAreNoRate) {
  using std::chrono_literals::operator""s;
  const std::string text =
      top_frame(look_at(0s, 100, 9), look_at(1s, 1, 1), TopOrder::rate, 9, false);
  EXPECT_NE(text.find("requests     0.0/s"), std::string::npos) << text;
}

}  // namespace
}  // namespace bulkhead::proxyctl

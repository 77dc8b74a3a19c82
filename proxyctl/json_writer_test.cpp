#include "proxyctl/json_writer.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>

namespace bulkhead::proxyctl {
namespace {

template <typename Value>
std::string written(const Value& value) {
  std::ostringstream out;
  JsonWriter(out).value(value);
  return out.str();
}

TEST(JsonWriter, WritesScalars) {
  EXPECT_EQ(written(true), "true");
  EXPECT_EQ(written(nullptr), "null");
  EXPECT_EQ(written(std::uint16_t{7}), "7");
  EXPECT_EQ(written(-3), "-3");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written("text"), "\"text\"");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(written("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  EXPECT_EQ(written(std::string("\n\t\0\x1b", 4)), "\"\\u000a\\u0009\\u0000\\u001b\"");
  EXPECT_EQ(written("\x7f\u009b\u2028"), "\"\\u007f\\u009b\\u2028\"");
  EXPECT_EQ(written("\u00e9\U0001f600"), "\"\u00e9\U0001f600\"");
}

TEST(JsonWriter, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(written("a\xff"), "\"a\ufffd\"");
  EXPECT_EQ(written("\xc3"), "\"\ufffd\"") << "cut short";
  EXPECT_EQ(written("\xc0\xaf"), "\"\ufffd\ufffd\"") << "overlong";
  EXPECT_EQ(written("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\"") << "surrogate";
  EXPECT_EQ(written("\xf4\x90\x80\x80"), "\"\ufffd\ufffd\ufffd\ufffd\"") << "beyond U+10FFFF";
}

TEST(JsonWriter, NestsWithCommasAndLines) {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", 1);
  json.key("b");
  json.begin_array();
  json.value("x");
  json.begin_object();
  json.end_object();
  json.end_array();
  json.key("c");
  json.begin_array();
  json.end_array();
  json.end_object();
  EXPECT_EQ(out.str(), "{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    {}\n  ],\n  \"c\": []\n}\n");
}

}  // namespace
}  // namespace bulkhead::proxyctl

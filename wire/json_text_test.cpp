#include "wire/json_text.h"

#include <gtest/gtest.h>

namespace bulkhead::wire {
namespace {

std::string written(std::string_view text) {
  std::string out = "x";
  append_json_string(out, text);
  return out.substr(1);
}

TEST(JsonText, QuotesAndEscapes) {
  EXPECT_EQ(written(""), "\"\"");
  EXPECT_EQ(written("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(written(std::string_view("\0\n\x1f\x7f", 4)), R"("\u0000\u000a\u001f\u007f")");
  EXPECT_EQ(written("\xc3\xbc\xf0\x9f\x9a\xa2"), "\"\xc3\xbc\xf0\x9f\x9a\xa2\"");
}

TEST(JsonText, IsOneLineOfValidText) {
  EXPECT_EQ(written("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xc2\x9b"), R"("\u0085\u2028\u2029\u009b")");
  EXPECT_EQ(written("\u202egnp.exe\u200b\ufeff\u2066"), R"("\u202egnp.exe\u200b\ufeff\u2066")");
  EXPECT_EQ(written("j\ufe0f\u034f\u3164\u2800\uffa0"), R"("j\ufe0f\u034f\u3164\u2800\uffa0")");
  EXPECT_EQ(written("\uffff\U0001fffe"), R"("\uffff\ud83f\udffe")");
  EXPECT_EQ(written("\U000e0041"), R"("\udb40\udc41")");
  EXPECT_EQ(written("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace bulkhead::wire

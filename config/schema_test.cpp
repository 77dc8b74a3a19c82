// The JSON Schema and the reference follow the definitions.
#include "config/schema.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Brackets and quotes close in order: enough to catch a broken generator without a JSON library in
// this room.
bool is_balanced(std::string_view json) {
  std::string open;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      open += c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (open.empty() || open.back() != c) return false;
      open.pop_back();
    }
  }
  return open.empty() && !in_string;
}

TEST(Schema, DescribesEverySection) {
  const std::string schema = json_schema();
  EXPECT_TRUE(is_balanced(schema));
  EXPECT_THAT(schema, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  for (const char* key : {"\"http_port\"", "\"sticky_sessions\"", "\"expected_status\"",
                          "\"password_hash\"", "\"proxy_protocol\""})
    EXPECT_THAT(schema, HasSubstr(key));
  EXPECT_THAT(schema, HasSubstr(R"("enum": ["auto", "require", "off"])"));
  EXPECT_THAT(schema, HasSubstr(R"("required": ["name", "type"])"));
  EXPECT_THAT(schema, Not(HasSubstr("listed_domains")));  // only projections have it
}

TEST(Reference, HasARowForEachKey) {
  const std::string reference = markdown_reference();
  EXPECT_THAT(reference, HasSubstr("| `connect` | a duration | `\"10s\"` | "));
  EXPECT_THAT(reference, HasSubstr("## `backends[].proxy.tls`"));
  EXPECT_THAT(reference, HasSubstr("| `name` | text | required | What rules call it. |"));
  EXPECT_THAT(reference, Not(HasSubstr("`unavailable`")));
}

}  // namespace
}  // namespace bulkhead::config

// One JSON document (RFC 8259), indented, one member a line. Octets that are no UTF-8 become
// U+FFFD, so what is written always parses. The caller keeps begins and ends balanced and puts a
// key before each value of an object.
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::proxyctl {

class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool truth) { raw(truth ? "true" : "false"); }
  void value(std::nullptr_t) { raw("null"); }
  void value(double number);  // with up to three decimals; finite
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  void value(Number number) {
    raw(std::to_string(number));
  }

  template <typename Value>
  void member(std::string_view name, const Value& written) {
    key(name);
    value(written);
  }

 private:
  void begin(char bracket);
  void end(char bracket);
  void raw(std::string_view text);
  void separate();
  void new_line();
  void string(std::string_view text);

  std::ostream& out_;
  std::vector<bool> has_items_;  // one a bracket that is open
  bool after_key_ = false;
};

}  // namespace bulkhead::proxyctl

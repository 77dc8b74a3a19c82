#include "proxyctl/json_writer.h"

#include <array>
#include <cstdio>

#include "proxyctl/terminal_text.h"

namespace bulkhead::proxyctl {

void JsonWriter::new_line() {
  out_ << '\n';
  for (std::size_t i = 0; i < has_items_.size(); ++i) out_ << "  ";
}

// Before each value and key: a comma after the one before, and a line of its own.
void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back()) out_ << ',';
  has_items_.back() = true;
  new_line();
}

void JsonWriter::begin(char bracket) {
  separate();
  out_ << bracket;
  has_items_.push_back(false);
}

void JsonWriter::end(char bracket) {
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items) new_line();
  out_ << bracket;
  if (has_items_.empty()) out_ << '\n';
}

void JsonWriter::key(std::string_view name) {
  separate();
  string(name);
  out_ << ": ";
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate();
  string(text);
}

void JsonWriter::raw(std::string_view text) {
  separate();
  out_ << text;
}

void JsonWriter::string(std::string_view text) {
  out_ << '"';
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = take_code_point(text);
    if (!point) {
      out_ << "\xef\xbf\xbd";
    } else if (*point == '"' || *point == '\\') {
      out_ << '\\' << before.front();
    } else if (*point < 0x20 || (*point >= 0x7f && *point < 0xa0) || *point == 0x2028 ||
               *point == 0x2029) {
      // The latter are legal, but the document may be shown on a terminal or read by a script
      // engine.
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(*point));
      out_ << escape.data();
    } else {
      out_ << before.substr(0, before.size() - text.size());
    }
  }
  out_ << '"';
}

}  // namespace bulkhead::proxyctl

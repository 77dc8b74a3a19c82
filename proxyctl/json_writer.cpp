#include "proxyctl/json_writer.h"

#include <array>
#include <cstdio>

#include "wire/json_text.h"

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

void JsonWriter::value(double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.3f", number);
  std::string_view written = text.data();
  while (written.ends_with('0')) written.remove_suffix(1);
  if (written.ends_with('.')) written.remove_suffix(1);
  raw(written);
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
  std::string written;
  wire::append_json_string(written, text);
  out_ << written;
}

}  // namespace bulkhead::proxyctl

// YAML in block style: two spaces a level, lists of single values on one line while they are short.
#include "config/writer.h"

#include <algorithm>

#include "config/text.h"

namespace bulkhead::config {

bool Writer::includes(const Field& field) const {
  const Constraint& constraint = field.constraint;
  if (purpose_ == Purpose::projection) return (constraint.roles & roles_) != 0;
  return !constraint.internal;
}

void Writer::begin_line() {
  if (after_dash_)
    after_dash_ = false;
  else
    out_.append(static_cast<std::size_t>(std::max(depth_, 0)) * 2, ' ');
}

void Writer::key(std::string_view name) {
  if (!out_.empty() && out_.back() != '\n' && !after_dash_) out_ += '\n';
  begin_line();
  out_ += name;
  out_ += ':';
}

void Writer::item() {
  if (!out_.empty() && out_.back() != '\n' && !after_dash_) out_ += '\n';
  begin_line();
  out_ += "- ";
  after_dash_ = true;
}

void Writer::scalar(std::string_view text, bool quoted) {
  std::string escaped;
  if (purpose_ != Purpose::projection && text.find("${") != std::string_view::npos) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text.substr(at, 2) == "${") escaped += '$';
      escaped += text[at];
    }
    text = escaped;
  }
  const std::string shown = quoted ? yaml_scalar(text) : std::string(text);
  if (in_flow_) {
    if (!out_.ends_with('[')) out_ += ", ";
    out_ += shown;
    return;
  }
  if (!after_dash_) out_ += ' ';
  after_dash_ = false;
  out_ += shown;
  out_ += '\n';
}

void Writer::begin_flow() {
  out_ += " [";
  in_flow_ = true;
}

void Writer::end_flow() {
  out_ += "]\n";
  in_flow_ = false;
}

void Writer::secret(std::string_view text) {
  scalar(purpose_ == Purpose::show && !text.empty() ? "***" : text, true);
}

void Writer::empty(std::string_view brackets) {
  if (!after_dash_ && !out_.empty()) out_ += ' ';
  after_dash_ = false;
  out_ += brackets;
  out_ += '\n';
}

std::string write_section(const SectionType& type, const void* section, Writer::Purpose purpose,
                          Roles roles) {
  Writer writer(purpose, roles);
  type.write(writer, {}, section);
  return writer.take();
}

}  // namespace bulkhead::config

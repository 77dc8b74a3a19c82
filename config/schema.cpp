// JSON Schema (draft 2020-12) and the reference table, from the definitions.
#include "config/schema.h"

#include "config/describe.h"
#include "config/text.h"
#include "config/writer.h"

namespace bulkhead::config {
namespace {

std::string spaces(unsigned indent) {
  return std::string(std::size_t{indent} * 2, ' ');
}

// The default of a field as the configuration would write it, on one line; empty for sections and
// long values.
std::string default_text(const SectionType& section, const Field& field) {
  if (field.constraint.required || field.type->secret() || field.type->section() != nullptr)
    return {};
  const void* value = field.member(section.defaults());
  if (!field.type->present(value, field.constraint)) return {};
  Writer writer(Writer::Purpose::show, every_role);
  writer.indent();
  field.type->write(writer, field.constraint, value);
  std::string text = writer.take();
  std::string out;
  for (const char c : text) {
    if (c == '\n' && out.ends_with(' ')) continue;
    out += c == '\n' ? ' ' : c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out.substr(out.find_first_not_of(' ') == std::string::npos ? out.size()
                                                                    : out.find_first_not_of(' '));
}

// One member list "x": {...} of a section, each at indent.
std::string properties(const SectionType& section, unsigned indent) {
  std::string out;
  for (const Field& field : section.fields()) {
    if (field.constraint.internal) continue;
    std::string inner = field.type->schema(field.constraint, indent);
    // The type's object, with the sentence put in first.
    const std::string doc = "\"description\": " + json_string(field.doc) + ", ";
    inner.insert(1, doc);
    out += (out.empty() ? "\n" : ",\n") + spaces(indent) + json_string(field.key) + ": " + inner;
  }
  return out;
}

std::string required_keys(const SectionType& section) {
  std::string out;
  for (const Field& field : section.fields())
    if (field.constraint.required) out += (out.empty() ? "" : ", ") + json_string(field.key);
  return out;
}

std::string section_schema(const SectionType& section, unsigned indent) {
  const std::string required = required_keys(section);
  std::string out = "\"type\": [\"object\", \"null\"], \"additionalProperties\": false, ";
  if (!required.empty()) out += "\"required\": [" + required + "], ";
  return out + "\"properties\": {" + properties(section, indent + 1) + "\n" + spaces(indent) + "}";
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void reference(const SectionType& section, const std::string& path, std::string& out) {
  std::string rows;
  for (const Field& field : section.fields()) {
    if (field.constraint.internal) continue;
    const std::string value = field.constraint.required ? "required" : default_text(section, field);
    const std::string shown =
        value.empty() || field.constraint.required ? value : "`" + value + "`";
    rows += "| `" + std::string(field.key) + "` | " + cell(field.type->name(field.constraint)) +
            " | " + cell(shown) + " | " + cell(field.doc) + " |\n";
  }
  out += "## " + (path.empty() ? "Top level" : "`" + path + "`") +
         "\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n" + rows + "\n";
  for (const Field& field : section.fields()) {
    if (field.type->section() == nullptr) continue;
    const std::string below = (path.empty() ? "" : path + '.') + std::string(field.key);
    reference(*field.type->section(), below + (field.type->is_list() ? "[]" : ""), out);
  }
}

}  // namespace

std::string SectionType::schema(const Constraint&, unsigned indent) const {
  return "{" + section_schema(*this, indent) + "}";
}

std::string ListType::schema(const Constraint& constraint, unsigned indent) const {
  const std::string item = element_.schema(constraint, indent);
  const std::string list = R"("type": ["array", "null"], "items": )" + item;
  if (!constraint.one_or_many) return "{" + list + "}";
  return R"({"anyOf": [)" + item + ", {" + list + "}]}";
}

std::string OptionalType::schema(const Constraint& constraint, unsigned indent) const {
  std::string value = element_.schema(constraint, indent);
  if (constraint.empty_word.empty()) return value;
  return R"({"anyOf": [{"const": )" + json_string(constraint.empty_word) + "}, " + value + "]}";
}

std::string ScalarType::schema(const Constraint& constraint, unsigned) const {
  const std::string members = schema_members(constraint);
  // Numbers and booleans may come from the environment; text may look like a number.
  if (members == R"("type": "string")") return R"({"type": ["string", "number", "boolean"]})";
  if (!members.starts_with(R"("type": "integer")") && !members.starts_with(R"("type": "number")") &&
      !members.starts_with(R"("type": "boolean")") && !members.starts_with(R"("enum")"))
    return "{" + members + "}";
  return R"({"anyOf": [{)" + members + R"(}, {"type": "string", "pattern": "\\$\\{"}]})";
}

std::string json_schema() {
  const SectionType& root = section_of<Config>();
  return "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
         "  \"title\": \"Bulkhead configuration\",\n  " +
         section_schema(root, 1) + "\n}\n";
}

std::string markdown_reference() {
  std::string out =
      "# Configuration reference\n\nDurations are written like `10s`, `500ms`, `1m30s`; sizes like "
      "`100MB`, `10MiB`. `${NAME}` in a "
      "value stands for an environment variable, `$${` for the characters; a secret may be "
      "`file:/path`. Relative paths start at the "
      "configuration file's folder.\n\n";
  reference(section_of<Config>(), "", out);
  return out;
}

}  // namespace bulkhead::config

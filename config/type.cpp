// Sections, lists and optionals: read and written.
#include "config/type.h"

#include <algorithm>
#include <unordered_map>

#include "config/reader.h"
#include "config/text.h"
#include "config/writer.h"

namespace bulkhead::config {
namespace {

void* mutable_member(const Field& field, void* section) {
  return const_cast<void*>(field.member(section));
}

std::string unknown_hint(const std::vector<Field>& fields, std::string_view key, bool internal) {
  std::vector<std::string_view> keys;
  for (const Field& field : fields)
    if (internal || !field.constraint.internal) keys.push_back(field.key);
  std::string hint = did_you_mean(key, keys);
  if (!hint.empty() || keys.size() > 12) return hint;
  hint = "known here: ";
  for (const std::string_view known : keys)
    hint += (known == keys.front() ? "" : ", ") + std::string(known);
  return hint;
}

std::string at_line(Mark mark) {
  return "line " + std::to_string(mark.line);
}

std::string written(const Writer& like, const Field& field, const void* section) {
  Writer writer = like.fresh();
  if (field.type->present(field.member(section), field.constraint))
    field.type->write(writer, field.constraint, field.member(section));
  return writer.take();
}

void write_field(Writer& writer, const Field& field, const void* section, const void* defaults) {
  if (!writer.includes(field)) return;
  if (writer.purpose() == Writer::Purpose::managed && !field.constraint.required &&
      written(writer, field, section) == written(writer, field, defaults))
    return;
  const void* value = field.member(section);
  if (!field.type->present(value, field.constraint)) return;
  writer.key(field.key);
  field.type->write(writer, field.constraint, value);
}

}  // namespace

SectionType::SectionType(std::vector<Field> fields, std::function<Origin*(void*)> origin,
                         const void* defaults)
    : fields_(std::move(fields)), origin_(std::move(origin)), defaults_(defaults) {}

bool SectionType::read(Reader& reader, const Node& node, const Constraint&, void* value) const {
  if (origin_)
    *origin_(value) = {reader.origin_source(), reader.path(), node.mark.line, node.mark.column};
  if (node.kind != Node::Kind::map && node.kind != Node::Kind::null)
    return reader.expected(node, "a mapping of keys"), false;
  std::unordered_map<std::string_view, Mark> seen;
  for (const Entry& entry : node.entries) {
    const auto field = std::find_if(fields_.begin(), fields_.end(), [&](const Field& candidate) {
      return candidate.key == entry.key &&
             (reader.internal_keys() || !candidate.constraint.internal);
    });
    const auto [before, is_new] = seen.emplace(entry.key, entry.mark);
    // The reader keeps views of keys: the definitions' outlive it, an unknown one its own entry.
    const std::string shown = printable(entry.key);
    reader.enter(field == fields_.end() ? std::string_view(shown) : field->key);
    if (field == fields_.end()) {
      reader.error(entry.mark, "unknown key",
                   unknown_hint(fields_, entry.key, reader.internal_keys()));
    } else if (!is_new) {
      reader.error(entry.mark, "duplicate key", "first written in " + at_line(before->second));
    } else {
      reader.note_position(entry.value.mark);
      field->type->read(reader, entry.value, field->constraint, mutable_member(*field, value));
    }
    reader.leave();
  }
  for (const Field& field : fields_) {
    if (!field.constraint.required || seen.contains(field.key)) continue;
    reader.enter(field.key);
    reader.error(node.mark, "is missing", "needed: " + std::string(field.doc));
    reader.leave();
  }
  return true;
}

void SectionType::write(Writer& writer, const Constraint&, const void* value) const {
  const bool any = std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return writer.includes(field) && field.type->present(field.member(value), field.constraint);
  });
  if (!any) return writer.empty("{}");
  writer.indent();
  for (const Field& field : fields_) write_field(writer, field, value, defaults_);
  writer.outdent();
}

void SectionType::replace_secrets(void* value, const Replacement& replacement) const {
  for (const Field& field : fields_)
    field.type->replace_secrets(mutable_member(field, value), replacement);
}

bool ListType::read(Reader& reader, const Node& node, const Constraint& constraint,
                    void* value) const {
  const bool single = node.kind == Node::Kind::scalar && constraint.one_or_many;
  if (!single && node.kind != Node::Kind::sequence && node.kind != Node::Kind::null)
    return reader.expected(node, "a list"), false;
  access_.clear(value);
  // A single value that was not understood is no element; a section keeps what was.
  const auto add = [&](const Node& item) {
    if (element_.section() != nullptr) reader.note_position(item.mark);
    const bool understood = element_.read(reader, item, constraint, access_.append(value));
    if (!understood && element_.section() == nullptr) access_.remove_last(value);
  };
  if (single) add(node);
  for (std::size_t index = 0; index < node.items.size(); ++index) {
    reader.enter(index);
    add(node.items[index]);
    reader.leave();
  }
  return true;
}

void ListType::write(Writer& writer, const Constraint& constraint, const void* value) const {
  const std::size_t size = access_.size(value);
  if (size == 0) return writer.empty("[]");
  constexpr std::size_t most_on_a_line = 8;
  if (section() == nullptr && size <= most_on_a_line) {
    writer.begin_flow();
    for (std::size_t index = 0; index < size; ++index)
      element_.write(writer, constraint, access_.at(value, index));
    return writer.end_flow();
  }
  writer.indent();
  for (std::size_t index = 0; index < size; ++index) {
    writer.item();
    element_.write(writer, constraint, access_.at(value, index));
  }
  writer.outdent();
}

// Elements are where the list is: not const because the list is not.
void ListType::replace_secrets(void* value, const Replacement& replacement) const {
  for (std::size_t index = 0; index < access_.size(value); ++index)
    element_.replace_secrets(const_cast<void*>(access_.at(value, index)), replacement);
}

bool OptionalType::read(Reader& reader, const Node& node, const Constraint& constraint,
                        void* value) const {
  const bool is_word = node.kind == Node::Kind::scalar && !constraint.empty_word.empty() &&
                       node.text == constraint.empty_word;
  if (is_word) return access_.reset(value), true;
  const bool understood = element_.read(reader, node, constraint, access_.emplace(value));
  if (!understood && element_.section() == nullptr) access_.reset(value);
  return understood;
}

void OptionalType::write(Writer& writer, const Constraint& constraint, const void* value) const {
  if (const void* held = access_.get(value)) return element_.write(writer, constraint, held);
  writer.scalar(constraint.empty_word, true);
}

bool OptionalType::present(const void* value, const Constraint& constraint) const {
  return access_.get(value) != nullptr || !constraint.empty_word.empty();
}

void OptionalType::replace_secrets(void* value, const Replacement& replacement) const {
  if (const void* held = access_.get(value))
    element_.replace_secrets(const_cast<void*>(held), replacement);
}

std::string ListType::name(const Constraint& constraint) const {
  if (section() != nullptr) return "list of sections";
  const std::string list = "list of " + element_.name(constraint);
  return constraint.one_or_many ? element_.name(constraint) + " or " + list : list;
}

std::string OptionalType::name(const Constraint& constraint) const {
  const std::string word =
      constraint.empty_word.empty() ? "" : " or " + std::string(constraint.empty_word);
  return element_.name(constraint) + word;
}

}  // namespace bulkhead::config

// How the configuration is defined: once. A Section lists its fields (key, member, sentence,
// bounds); a Type knows how one kind of value is read from a tree, written, and described. Reader,
// writer, schema and reference walk the same tables. To add a setting: a member in the model, a
// line in config/describe_*.cpp.
//
// Templates are kept to what must know the member's C++ type; the walking is ordinary code.
// Internal to config/.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/projection.h"
#include "config/tree.h"
#include "config/values.h"

namespace bulkhead::config {

class Reader;  // config/reader.h
class Writer;  // config/writer.h
class Type;

using Roles = unsigned;  // a set of Role
constexpr Roles role(Role which) {
  return 1U << static_cast<unsigned>(which);
}
inline constexpr Roles every_role = ~0U;

// Why a value will not do: empty when it will.
using Check = std::function<std::string(std::string_view)>;

// Bounds and habits of one field; of a list, they hold for its elements.
struct Constraint {
  double minimum =
      std::numeric_limits<double>::lowest();  // numbers; milliseconds of durations, bytes of sizes
  double maximum = std::numeric_limits<double>::max();
  bool required = false;
  bool one_or_many = false;     // a list that may be written as its only element
  bool is_path = false;         // relative to the configuration's folder
  bool internal = false;        // written by project() alone
  std::string_view empty_word;  // how an absent optional is written: "auto"
  std::uint16_t default_port = 0;
  Roles roles = every_role;
  Check check;
};

struct Field {
  std::string_view key;
  std::string_view doc;
  const Type* type = nullptr;
  std::function<const void*(const void*)> member;  // the section's field, given the section
  Constraint constraint;

  Field& range(double low, double high) {
    constraint.minimum = low;
    constraint.maximum = high;
    return *this;
  }
  Field& between(Duration low, Duration high) {
    return range(static_cast<double>(low.count()), static_cast<double>(high.count()));
  }
  Field& required() { return constraint.required = true, *this; }
  Field& one_or_many() { return constraint.one_or_many = true, *this; }
  Field& path() { return constraint.is_path = true, *this; }
  Field& internal() { return constraint.internal = true, *this; }
  Field& empty_word(std::string_view word) { return constraint.empty_word = word, *this; }
  Field& default_port(std::uint16_t port) { return constraint.default_port = port, *this; }
  Field& roles(Roles set) { return constraint.roles = set, *this; }
  Field& check(Check function) { return constraint.check = std::move(function), *this; }
};

// One kind of value.
class Type {
 public:
  Type() = default;
  Type(const Type&) = delete;
  Type& operator=(const Type&) = delete;
  virtual ~Type() = default;

  // False, and value as it was (its default), when node will not do; the reader has heard why.
  virtual bool read(Reader& reader, const Node& node, const Constraint& constraint,
                    void* value) const = 0;
  virtual void write(Writer& writer, const Constraint& constraint, const void* value) const = 0;
  // Whether there is something to write: an absent optional has nothing.
  virtual bool present(const void*, const Constraint&) const { return true; }
  virtual std::string schema(const Constraint& constraint, unsigned indent) const = 0;  // JSON
  virtual std::string name(
      const Constraint& constraint) const = 0;  // for people: "duration", "list of CIDRs"
  virtual bool secret() const { return false; }
  // Puts something else in the place of every secret in value.
  using Replacement = std::function<Secret(const Secret&)>;
  virtual void replace_secrets(void*, const Replacement&) const {}
  // The section inside (of a list or an optional, its element's), for walking; else null.
  virtual const class SectionType* section() const { return nullptr; }
  virtual bool is_list() const { return false; }
};

// The fields of one struct, in the order they are shown.
class SectionType : public Type {
 public:
  SectionType(std::vector<Field> fields, std::function<Origin*(void*)> origin,
              const void* defaults);

  bool read(Reader& reader, const Node& node, const Constraint& constraint,
            void* value) const override;
  void write(Writer& writer, const Constraint& constraint, const void* value) const override;
  std::string schema(const Constraint& constraint, unsigned indent) const override;
  std::string name(const Constraint&) const override { return "section"; }
  void replace_secrets(void* value, const Replacement& replacement) const override;
  const SectionType* section() const override { return this; }

  const std::vector<Field>& fields() const { return fields_; }
  const void* defaults() const { return defaults_; }  // a section with every field at its default

 private:
  std::vector<Field> fields_;
  std::function<Origin*(void*)> origin_;  // where to note the position; may be empty
  const void* defaults_;
};

// Collects the fields of S in its describe().
template <class S>
class Section {
 public:
  template <class M>
  Field& add(std::string_view key, M S::* member, std::string_view doc);

  void origin(Origin S::* member) {
    origin_ = [member](void* section) { return &(static_cast<S*>(section)->*member); };
  }

  std::vector<Field>& fields() { return fields_; }
  const std::function<Origin*(void*)>& origin() const { return origin_; }

 private:
  std::vector<Field> fields_;
  std::function<Origin*(void*)> origin_;
};

// The one definition of each section; explicit specialisations in describe_*.cpp.
template <class S>
void describe(Section<S>& section);

// The Type of a C++ type. Sections by default; the rest in config/scalars.h and below.
template <class T>
const Type& type_of();

template <class S>
const SectionType& section_of() {
  static const S defaults{};
  static const SectionType type = [] {
    Section<S> section;
    describe(section);
    return SectionType(std::move(section.fields()), section.origin(), &defaults);
  }();
  return type;
}

// What a list type needs to know of its vector.
struct ListAccess {
  std::size_t (*size)(const void*);
  const void* (*at)(const void*, std::size_t);
  void* (*append)(void*);  // a default element
  void (*remove_last)(void*);
  void (*clear)(void*);
};

class ListType : public Type {
 public:
  ListType(const Type& element, ListAccess access) : element_(element), access_(access) {}
  bool read(Reader& reader, const Node& node, const Constraint& constraint,
            void* value) const override;
  void write(Writer& writer, const Constraint& constraint, const void* value) const override;
  std::string schema(const Constraint& constraint, unsigned indent) const override;
  std::string name(const Constraint& constraint) const override;
  void replace_secrets(void* value, const Replacement& replacement) const override;
  const SectionType* section() const override { return element_.section(); }
  bool is_list() const override { return true; }

 private:
  const Type& element_;
  ListAccess access_;
};

struct OptionalAccess {
  const void* (*get)(const void*);  // null when absent
  void* (*emplace)(void*);
  void (*reset)(void*);
};

class OptionalType : public Type {
 public:
  OptionalType(const Type& element, OptionalAccess access) : element_(element), access_(access) {}
  bool read(Reader& reader, const Node& node, const Constraint& constraint,
            void* value) const override;
  void write(Writer& writer, const Constraint& constraint, const void* value) const override;
  bool present(const void* value, const Constraint& constraint) const override;
  void replace_secrets(void* value, const Replacement& replacement) const override;
  std::string schema(const Constraint& constraint, unsigned indent) const override;
  std::string name(const Constraint& constraint) const override;
  const SectionType* section() const override { return element_.section(); }

 private:
  const Type& element_;
  OptionalAccess access_;
};

template <class T>
struct TypeOf {
  static const Type& get() { return section_of<T>(); }
};

template <class T>
struct TypeOf<std::vector<T>> {
  static const Type& get() {
    using List = std::vector<T>;
    static const ListType type(
        type_of<T>(),
        {[](const void* list) { return static_cast<const List*>(list)->size(); },
         [](const void* list, std::size_t index) -> const void* {
           return &(*static_cast<const List*>(list))[index];
         },
         [](void* list) -> void* { return &static_cast<List*>(list)->emplace_back(); },
         [](void* list) { static_cast<List*>(list)->pop_back(); },
         [](void* list) { static_cast<List*>(list)->clear(); }});
    return type;
  }
};

template <class T>
struct TypeOf<std::optional<T>> {
  static const Type& get() {
    using Optional = std::optional<T>;
    static const OptionalType type(
        type_of<T>(),
        {[](const void* optional) -> const void* {
           const auto& value = *static_cast<const Optional*>(optional);
           return value ? &*value : nullptr;
         },
         [](void* optional) -> void* { return &static_cast<Optional*>(optional)->emplace(); },
         [](void* optional) { static_cast<Optional*>(optional)->reset(); }});
    return type;
  }
};

template <class T>
const Type& type_of() {
  return TypeOf<T>::get();
}

template <class S>
template <class M>
Field& Section<S>::add(std::string_view key, M S::* member, std::string_view doc) {
  Field field;
  field.key = key;
  field.doc = doc;
  field.type = &type_of<M>();
  field.member = [member](const void* section) -> const void* {
    return &(static_cast<const S*>(section)->*member);
  };
  if (field.type->secret()) field.constraint.roles = 0;  // nobody, until a role is named
  return fields_.emplace_back(std::move(field));
}

}  // namespace bulkhead::config

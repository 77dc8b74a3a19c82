// The plain single values: booleans, numbers, text, secrets, enumerations; and how every single
// value is read.
#include "config/scalars.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "config/bounds.h"
#include "config/reader.h"
#include "config/text.h"
#include "config/writer.h"

namespace bulkhead::config {
namespace {

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string plain_number(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), end};
}

class BooleanType : public ScalarType {
 public:
  std::string name(const Constraint&) const override { return "true or false"; }

 protected:
  std::string parse(std::string_view text, const Constraint&, void* value) const override {
    if (text != "true" && text != "false") return "expected true or false";
    *static_cast<bool*>(value) = text == "true";
    return {};
  }
  std::string format(const void* value) const override {
    return *static_cast<const bool*>(value) ? "true" : "false";
  }
  bool quoted() const override { return false; }
  std::string hint(std::string_view text) const override {
    constexpr std::array<std::string_view, 5> yes = {"yes", "on", "True", "TRUE", "1"};
    constexpr std::array<std::string_view, 5> no = {"no", "off", "False", "FALSE", "0"};
    for (const auto word : yes)
      if (text == word) return "write true";
    for (const auto word : no)
      if (text == word) return "write false";
    return {};
  }
  std::string schema_members(const Constraint&) const override { return R"("type": "boolean")"; }
};

template <class T>
class NumberType : public ScalarType {
 public:
  std::string name(const Constraint& constraint) const override {
    const Constraint bounds = limited(constraint);
    if (bounds.maximum >= 4294967295.0)
      return std::is_floating_point_v<T> ? "number" : "whole number";
    return plain_number(bounds.minimum) + " to " + plain_number(bounds.maximum);
  }

 protected:
  std::string parse(std::string_view text, const Constraint& constraint,
                    void* value) const override {
    const auto read = number<double>(text);
    if (!read || !std::isfinite(*read)) return "expected a number";
    if (!within(*read, limited(constraint))) return out_of_range(limited(constraint), plain_number);
    const auto exact = number<T>(text);
    if (!exact) return "expected a whole number";
    *static_cast<T*>(value) = *exact;
    return {};
  }
  std::string format(const void* value) const override {
    if constexpr (std::is_floating_point_v<T>)
      return plain_number(*static_cast<const T*>(value));
    else
      return std::to_string(*static_cast<const T*>(value));
  }
  bool quoted() const override { return false; }
  std::string schema_members(const Constraint& constraint) const override {
    const Constraint bounds = limited(constraint);
    return std::string(R"("type": ")") + (std::is_floating_point_v<T> ? "number" : "integer") +
           R"(", "minimum": )" + plain_number(bounds.minimum) + R"(, "maximum": )" +
           plain_number(bounds.maximum);
  }

 private:
  static Constraint limited(Constraint constraint) {
    const double largest =
        std::is_floating_point_v<T> ? 1e12 : static_cast<double>(std::numeric_limits<T>::max());
    constraint.minimum = std::max(constraint.minimum, 0.0);
    constraint.maximum = std::min(constraint.maximum, largest);
    return constraint;
  }
};

class TextType : public ScalarType {
 public:
  std::string name(const Constraint& constraint) const override {
    return constraint.is_path ? "path" : "text";
  }

 protected:
  std::string parse(std::string_view text, const Constraint& constraint,
                    void* value) const override {
    // Only what project() writes has lines: the contents of files.
    if (!constraint.internal && text.find_first_of("\n\r\t") != std::string_view::npos)
      return "must be a single line";
    *static_cast<std::string*>(value) = text;
    return {};
  }
  std::string format(const void* value) const override {
    return *static_cast<const std::string*>(value);
  }
};

class SecretType : public ScalarType {
 public:
  std::string name(const Constraint&) const override { return "secret"; }
  bool secret() const override { return true; }
  void write(Writer& writer, const Constraint&, const void* value) const override {
    writer.secret(static_cast<const Secret*>(value)->reveal());
  }
  void replace_secrets(void* value, const Replacement& replacement) const override {
    auto& secret = *static_cast<Secret*>(value);
    if (!secret.empty()) secret = replacement(secret);
  }

 protected:
  std::string parse(std::string_view text, const Constraint&, void* value) const override {
    if (text.find_first_of("\n\r") != std::string_view::npos) return "must be a single line";
    *static_cast<Secret*>(value) = Secret(text);
    return {};
  }
  std::string format(const void*) const override { return {}; }
};

class EnumType : public ScalarType {
 public:
  EnumType(EnumNames names, void (*store)(void*, int), int (*load)(const void*))
      : names_(names), store_(store), load_(load) {}
  std::string name(const Constraint&) const override { return listed(", "); }

 protected:
  std::string parse(std::string_view text, const Constraint&, void* value) const override {
    for (const auto& [word, number] : names_) {
      if (word != text) continue;
      store_(value, number);
      return {};
    }
    return "expected one of " + listed(", ");
  }
  std::string format(const void* value) const override {
    for (const auto& [word, number] : names_)
      if (number == load_(value)) return std::string(word);
    return {};
  }
  std::string hint(std::string_view text) const override {
    std::vector<std::string_view> words;
    for (const auto& each : names_) words.push_back(each.first);
    return did_you_mean(text, words);
  }
  std::string schema_members(const Constraint&) const override {
    return R"("enum": [")" + listed("\", \"") + "\"]";
  }

 private:
  std::string listed(std::string_view separator) const {
    std::string out;
    for (const auto& each : names_)
      out += (out.empty() ? "" : std::string(separator)) + std::string(each.first);
    return out;
  }
  EnumNames names_;
  void (*store_)(void*, int);
  int (*load_)(const void*);
};

}  // namespace

const Type& boolean_type() {
  static const BooleanType type;
  return type;
}
const Type& text_type() {
  static const TextType type;
  return type;
}
const Type& secret_type() {
  static const SecretType type;
  return type;
}
const Type& uint16_type() {
  static const NumberType<std::uint16_t> type;
  return type;
}
const Type& uint32_type() {
  static const NumberType<std::uint32_t> type;
  return type;
}
const Type& real_type() {
  static const NumberType<double> type;
  return type;
}
const Type& make_enum_type(EnumNames names, void (*store)(void*, int), int (*load)(const void*)) {
  // One for each enumeration, kept for the life of the program like the tables that refer to it.
  static std::vector<std::unique_ptr<EnumType>> all;
  all.push_back(std::make_unique<EnumType>(names, store, load));
  return *all.back();
}

bool ScalarType::read(Reader& reader, const Node& node, const Constraint& constraint,
                      void* value) const {
  std::optional<std::string> text = reader.scalar(node, secret());
  if (!text) return false;
  if (constraint.is_path) *text = reader.resolve_path(node, *text);
  std::string wrong = parse(*text, constraint, value);
  if (wrong.empty() && constraint.check && !reader.internal_keys()) wrong = constraint.check(*text);
  if (secret()) platform::wipe(*text);
  if (wrong.empty()) return true;
  // What was written, before expansion: a variable's value may be a secret.
  const std::string shown = secret() ? "" : ", found \"" + printable(node.text) + '"';
  reader.error(node.mark, wrong + shown, secret() ? "" : hint(node.text));
  return false;
}

void ScalarType::write(Writer& writer, const Constraint&, const void* value) const {
  writer.scalar(format(value), quoted());
}

}  // namespace bulkhead::config

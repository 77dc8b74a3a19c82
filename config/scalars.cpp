// The types of single values.
#include "config/scalars.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

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
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

bool within(double value, const Constraint& constraint) {
  return value >= constraint.minimum && value <= constraint.maximum;
}

// "must be between 0 and 65535", with the bounds as the type writes them.
template <class Format>
std::string out_of_range(const Constraint& constraint, Format format) {
  const std::string low = format(constraint.minimum);
  if (constraint.maximum == Constraint{}.maximum) return "must be at least " + low;
  return "must be between " + low + " and " + format(constraint.maximum);
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

 protected:
  std::string parse(std::string_view text, const Constraint&, void* value) const override {
    if (text.find_first_of("\n\r") != std::string_view::npos) return "must be a single line";
    *static_cast<Secret*>(value) = Secret(text);
    return {};
  }
  std::string format(const void*) const override { return {}; }
};

// A value with a parse and a format function.
template <class T>
class ParsedType : public ScalarType {
 public:
  using Parse = std::optional<T> (*)(std::string_view, const Constraint&);
  using Format = std::string (*)(const T&);
  using Size = double (*)(const T&);  // for ranges; may be null

  ParsedType(std::string_view type_name, std::string_view example, Parse parser, Format formatter,
             Size size = nullptr)
      : name_(type_name), example_(example), parse_(parser), format_(formatter), size_(size) {}
  std::string name(const Constraint&) const override { return std::string(name_); }

 protected:
  std::string parse(std::string_view text, const Constraint& constraint,
                    void* value) const override {
    const auto read = parse_(text, constraint);
    if (!read) return "expected " + std::string(name_);
    if (size_ != nullptr && !within(size_(*read), constraint))
      return out_of_range(constraint, [this](double bound) { return format_(from_number(bound)); });
    *static_cast<T*>(value) = *read;
    return {};
  }
  std::string format(const void* value) const override {
    return format_(*static_cast<const T*>(value));
  }
  std::string hint(std::string_view) const override { return std::string(example_); }
  std::string schema_members(const Constraint&) const override {
    if constexpr (std::is_same_v<T, PortRange>)
      return R"("type": ["integer", "string"], "minimum": 1, "maximum": 65535)";
    else if constexpr (std::is_same_v<T, ByteSize>)
      return R"("type": ["integer", "string"], "minimum": 0)";
    else
      return R"("type": "string")";
  }

 private:
  static T from_number(double bound) {
    if constexpr (std::is_same_v<T, Duration>)
      return Duration{static_cast<Duration::rep>(std::max(bound, 0.0))};
    else if constexpr (std::is_same_v<T, ByteSize>)
      return ByteSize{static_cast<std::uint64_t>(std::max(bound, 0.0))};
    else
      return {};
  }

  std::string_view name_, example_;
  Parse parse_;
  Format format_;
  Size size_;
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

std::optional<wire::Endpoint> parse_endpoint(std::string_view text, const Constraint& constraint) {
  if (const auto address = wire::IpAddress::parse(text); address && constraint.default_port != 0)
    return wire::Endpoint{*address, constraint.default_port};
  const auto endpoint = wire::Endpoint::parse(text);
  return endpoint && endpoint->port != 0 ? endpoint : std::nullopt;
}

std::optional<wire::HostPort> parse_host_port(std::string_view text, const Constraint& constraint) {
  const auto parsed = wire::HostPort::parse(text, constraint.default_port);
  return parsed && parsed->port != 0 ? parsed : std::nullopt;
}

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
const Type& duration_type() {
  static const ParsedType<Duration> type(
      "a duration", R"(like "10s", "500ms", "1m30s", "2h")",
      [](std::string_view text, const Constraint&) { return parse_duration(text); },
      [](const Duration& value) { return config::format(value); },
      [](const Duration& value) { return static_cast<double>(value.count()); });
  return type;
}
const Type& size_type() {
  static const ParsedType<ByteSize> type(
      "a size", R"(like "100MB", "10MiB", 4096)",
      [](std::string_view text, const Constraint&) { return parse_size(text); },
      [](const ByteSize& value) { return config::format(value); },
      [](const ByteSize& value) { return static_cast<double>(value.bytes); });
  return type;
}
const Type& ports_type() {
  static const ParsedType<PortRange> type(
      "a port or a range of ports", R"(like 443 or "8000-8999")",
      [](std::string_view text, const Constraint&) { return parse_ports(text); },
      [](const PortRange& value) { return config::format(value); });
  return type;
}
const Type& address_type() {
  static const ParsedType<wire::IpAddress> type(
      "an IP address", R"(like "127.0.0.1", "0.0.0.0", "::")",
      [](std::string_view text, const Constraint&) { return wire::IpAddress::parse(text); },
      [](const wire::IpAddress& value) { return value.to_string(); });
  return type;
}
const Type& cidr_type() {
  static const ParsedType<wire::Cidr> type(
      "an address or CIDR block",
      R"(like "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", no bits set after the prefix)",
      [](std::string_view text, const Constraint&) { return wire::Cidr::parse(text); },
      [](const wire::Cidr& value) { return value.to_string(); });
  return type;
}
const Type& endpoint_type() {
  static const ParsedType<wire::Endpoint> type(
      "an IP address with a port", R"(like "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53")",
      parse_endpoint, [](const wire::Endpoint& value) { return value.to_string(); });
  return type;
}
const Type& host_port_type() {
  static const ParsedType<wire::HostPort> type(
      "a host with a port", R"(like "proxy.example.com:8080", "[2001:db8::1]:1080")",
      parse_host_port, [](const wire::HostPort& value) { return value.to_string(); });
  return type;
}
const Type& domain_type() {
  static const ParsedType<DomainPattern> type(
      "a domain pattern", R"(like "example.com", "*.example.com", "*")",
      [](std::string_view text, const Constraint&) { return parse_domain_pattern(text); },
      [](const DomainPattern& value) { return value.text; });
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

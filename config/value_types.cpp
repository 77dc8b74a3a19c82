// The single values that have a C++ type of their own: durations, sizes, ports, addresses, domain
// patterns.
#include <algorithm>
#include <optional>

#include "config/bounds.h"
#include "config/scalars.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

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

}  // namespace bulkhead::config

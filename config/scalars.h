// Types of single values: parsed from and formatted to one text each. Internal to config/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/model.h"
#include "config/type.h"

namespace bulkhead::config {

// Names of an enumeration's values; explicit specialisations in scalars.cpp.
using EnumNames = std::span<const std::pair<std::string_view, int>>;
template <class E>
EnumNames enum_names();

// A value that is one text. Derived types parse and format; the walk, the messages and the checks
// are here.
class ScalarType : public Type {
 public:
  bool read(Reader& reader, const Node& node, const Constraint& constraint,
            void* value) const final;
  void write(Writer& writer, const Constraint& constraint, const void* value) const override;
  std::string schema(const Constraint& constraint, unsigned indent) const override;

 protected:
  // Empty when value was set; else what is wrong, for a person, without the text itself.
  virtual std::string parse(std::string_view text, const Constraint& constraint,
                            void* value) const = 0;
  virtual std::string format(const void* value) const = 0;
  virtual bool quoted() const { return true; }  // written as text; else as a number or boolean
  virtual std::string hint(std::string_view) const { return {}; }  // for text that did not parse
  virtual std::string schema_members(const Constraint&) const { return R"("type": "string")"; }
};

// The concrete types, one object each.
const Type& boolean_type();
const Type& text_type();
const Type& secret_type();
const Type& duration_type();
const Type& size_type();
const Type& ports_type();
const Type& address_type();
const Type& cidr_type();
const Type& endpoint_type();
const Type& host_port_type();
const Type& domain_type();
const Type& uint16_type();
const Type& uint32_type();
const Type& real_type();

// store and load convert between the enumeration and its number, so that one class serves all of
// them.
const Type& make_enum_type(EnumNames names, void (*store)(void*, int), int (*load)(const void*));

template <class E>
const Type& enum_type() {
  static const Type& type = make_enum_type(
      enum_names<E>(),
      [](void* value, int number) { *static_cast<E*>(value) = static_cast<E>(number); },
      [](const void* value) { return static_cast<int>(*static_cast<const E*>(value)); });
  return type;
}

template <>
struct TypeOf<bool> {
  static const Type& get() { return boolean_type(); }
};
template <>
struct TypeOf<std::string> {
  static const Type& get() { return text_type(); }
};
template <>
struct TypeOf<Secret> {
  static const Type& get() { return secret_type(); }
};
template <>
struct TypeOf<Duration> {
  static const Type& get() { return duration_type(); }
};
template <>
struct TypeOf<ByteSize> {
  static const Type& get() { return size_type(); }
};
template <>
struct TypeOf<PortRange> {
  static const Type& get() { return ports_type(); }
};
template <>
struct TypeOf<wire::IpAddress> {
  static const Type& get() { return address_type(); }
};
template <>
struct TypeOf<wire::Cidr> {
  static const Type& get() { return cidr_type(); }
};
template <>
struct TypeOf<wire::Endpoint> {
  static const Type& get() { return endpoint_type(); }
};
template <>
struct TypeOf<wire::HostPort> {
  static const Type& get() { return host_port_type(); }
};
template <>
struct TypeOf<DomainPattern> {
  static const Type& get() { return domain_type(); }
};
template <>
struct TypeOf<std::uint16_t> {
  static const Type& get() { return uint16_type(); }
};
template <>
struct TypeOf<std::uint32_t> {
  static const Type& get() { return uint32_type(); }
};
template <>
struct TypeOf<double> {
  static const Type& get() { return real_type(); }
};

template <class E>
  requires std::is_enum_v<E>
struct TypeOf<E> {
  static const Type& get() { return enum_type<E>(); }
};

}  // namespace bulkhead::config

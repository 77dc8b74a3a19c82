// An ordered list of fields (RFC 9110 section 5). All names and values lie in one owned block, so a
// head costs one allocation for its text and one for its index, and none when the object is reused
// after clear().
//
// Views handed out stay valid until the next add(), set() or clear(), or until the object goes or
// is moved from; remove() and remove_if() leave them valid. Bounds: max_fields fields, max_octets
// octets of text ever added since clear(). What goes beyond them is refused, never cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1/syntax.h"

namespace bulkhead::wire::http1 {

struct Field {
  std::string_view name;
  std::string_view value;  // without surrounding whitespace
};

class Headers {
 public:
  static constexpr std::size_t max_fields = 1024;
  static constexpr std::size_t max_octets = std::size_t{1} << 20;

  // Appends a field. False, and nothing changed, if the name is no token, the value holds a control
  // octet (no caller can split a message by accident), or a bound is reached. The views may point
  // into this object.
  bool add(std::string_view name, std::string_view value);

  // Replaces the first field of that name and removes the others; appends if there is none. False
  // as for add().
  bool set(std::string_view name, std::string_view value);

  // add() without the look at the octets, for a field that parse_field_line() has accepted.
  bool add_parsed(const Field& field);

  std::size_t remove(std::string_view name);  // how many were removed
  // remove(), and the octets of the values are overwritten: for what must not stay in memory.
  std::size_t wipe(std::string_view name);
  template <typename Predicate>  // called as predicate(Field)
  std::size_t remove_if(Predicate predicate);

  // Names are compared without regard to case.
  std::optional<std::string_view> get(std::string_view name) const;  // the first
  std::size_t count(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != slots_.size(); }

  // Whether a field of that name lists the token ("Connection: a, b"), without regard to case.
  bool has_token(std::string_view name, std::string_view token) const;

  template <typename Visitor>  // visitor(Field), in order
  void for_each(Visitor visitor) const;
  template <typename Visitor>  // visitor(value) for each field of that name
  void for_each(std::string_view name, Visitor visitor) const;
  template <typename Visitor>  // visitor(element) for each list element of each field of that name
  void for_each_element(std::string_view name, Visitor visitor) const;

  std::size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  Field operator[](std::size_t index) const { return view(slots_[index]); }  // index < size()

  void clear();
  void reserve(std::size_t octets, std::size_t fields);

  // Same fields, same order, names equal but for case.
  friend bool operator==(const Headers& left, const Headers& right);

 private:
  struct Slot {
    std::uint32_t name_offset, name_length, value_offset, value_length;
  };

  Field view(const Slot& slot) const;
  std::size_t find(std::string_view name) const;  // size() if there is none
  std::optional<Slot> store(std::string_view name, std::string_view value);

  std::string block_;
  std::vector<Slot> slots_;
};

inline Field Headers::view(const Slot& slot) const {
  const std::string_view block(block_);
  return {block.substr(slot.name_offset, slot.name_length),
          block.substr(slot.value_offset, slot.value_length)};
}

template <typename Predicate>
std::size_t Headers::remove_if(Predicate predicate) {
  return std::erase_if(slots_, [&](const Slot& slot) { return predicate(view(slot)); });
}

template <typename Visitor>
void Headers::for_each(Visitor visitor) const {
  for (const Slot& slot : slots_) visitor(view(slot));
}

template <typename Visitor>
void Headers::for_each(std::string_view name, Visitor visitor) const {
  for (const Slot& slot : slots_) {
    const Field field = view(slot);
    if (equals_ignoring_case(field.name, name)) visitor(field.value);
  }
}

template <typename Visitor>
void Headers::for_each_element(std::string_view name, Visitor visitor) const {
  for_each(name, [&](std::string_view value) {
    ListReader list(value);
    while (const auto element = list.next()) visitor(*element);
  });
}

}  // namespace bulkhead::wire::http1

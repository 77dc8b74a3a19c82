#include "wire/http1/headers.h"

#include <algorithm>
#include <span>

namespace bulkhead::wire::http1 {
namespace {

// A word at a time, in a way that the optimiser may not remove.
void overwrite(std::span<char> octets) {
  std::fill(octets.begin(), octets.end(), '*');
  asm volatile("" : : "r"(octets.data()) : "memory");
}

bool is_valid(std::string_view name, std::string_view value) {
  return is_token(name) && find_control(value) == std::string_view::npos;
}

}  // namespace

std::optional<Headers::Slot> Headers::store(std::string_view name, std::string_view value) {
  const std::size_t offset = block_.size();
  if (name.size() > max_octets || value.size() > max_octets) return std::nullopt;
  const std::size_t wanted = offset + name.size() + value.size();
  if (wanted > max_octets) return std::nullopt;
  if (wanted > block_.capacity()) {
    // Name and value may lie in the old block, which therefore outlives the copy.
    std::string grown;
    grown.reserve(std::max(wanted, 2 * block_.capacity()));
    grown.append(block_).append(name).append(value);
    block_ = std::move(grown);
  } else {
    block_.append(name).append(value);
  }
  const auto value_offset = offset + name.size();
  return Slot{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(name.size()),
              static_cast<std::uint32_t>(value_offset), static_cast<std::uint32_t>(value.size())};
}

bool Headers::add_parsed(const Field& field) {
  if (slots_.size() >= max_fields) return false;
  const auto slot = store(field.name, field.value);
  if (slot) slots_.push_back(*slot);
  return slot.has_value();
}

bool Headers::add(std::string_view name, std::string_view value) {
  value = trim(value);
  return is_valid(name, value) && add_parsed({name, value});
}

bool Headers::set(std::string_view name, std::string_view value) {
  const std::size_t first = find(name);
  if (first == slots_.size()) return add(name, value);
  value = trim(value);
  if (!is_valid(name, value)) return false;
  const auto slot = store(name, value);
  if (!slot) return false;
  slots_[first] = *slot;
  const auto stored = view(*slot).name;
  const auto others = slots_.begin() + static_cast<std::ptrdiff_t>(first) + 1;
  slots_.erase(std::remove_if(others, slots_.end(),
                              [&](const Slot& other) {
                                return equals_ignoring_case(view(other).name, stored);
                              }),
               slots_.end());
  return true;
}

std::size_t Headers::remove(std::string_view name) {
  return remove_if([&](const Field& field) { return equals_ignoring_case(field.name, name); });
}

std::size_t Headers::wipe(std::string_view name) {
  for (const Slot& slot : slots_) {
    if (!equals_ignoring_case(view(slot).name, name)) continue;
    overwrite(std::span(block_).subspan(slot.value_offset, slot.value_length));
  }
  return remove(name);
}

std::size_t Headers::find(std::string_view name) const {
  std::size_t i = 0;
  while (i < slots_.size() && !equals_ignoring_case(view(slots_[i]).name, name)) ++i;
  return i;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  const std::size_t index = find(name);
  if (index == slots_.size()) return std::nullopt;
  return view(slots_[index]).value;
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t found = 0;
  for_each(name, [&](std::string_view) { ++found; });
  return found;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  for_each_element(name, [&](std::string_view element) {
    found = found || equals_ignoring_case(element, token);
  });
  return found;
}

void Headers::clear() {
  block_.clear();
  slots_.clear();
}

void Headers::reserve(std::size_t octets, std::size_t fields) {
  block_.reserve(std::min(octets, max_octets));
  slots_.reserve(std::min(fields, max_fields));
}

bool operator==(const Headers& left, const Headers& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].value != right[i].value || !equals_ignoring_case(left[i].name, right[i].name))
      return false;
  }
  return true;
}

}  // namespace bulkhead::wire::http1

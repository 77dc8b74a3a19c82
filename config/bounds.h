// Ranges of numbers, and of what is measured by one. Internal to config/.
#pragma once

#include <string>

#include "config/type.h"

namespace bulkhead::config {

inline bool within(double value, const Constraint& constraint) {
  return value >= constraint.minimum && value <= constraint.maximum;
}

// "must be between 0 and 65535", with the bounds as the type writes them.
template <class Format>
std::string out_of_range(const Constraint& constraint, Format format) {
  const std::string low = format(constraint.minimum);
  if (constraint.maximum == Constraint{}.maximum) return "must be at least " + low;
  return "must be between " + low + " and " + format(constraint.maximum);
}

}  // namespace bulkhead::config

// What failed and why, for every fallible call of this room. Cheap to make and copy: no allocation,
// so it may be used on the data path.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace bulkhead::platform {

struct Error {
  std::string_view operation;  // static storage: "bind", "accept4"; never built at run time
  std::error_code code;        // generic or system category; code.value() is an errno

  std::string to_string() const;  // "bind: Address already in use"
};

// The error of the call that just failed, from errno.
Error last_error(std::string_view operation);
Error make_error(std::string_view operation, int error_number);

}  // namespace bulkhead::platform

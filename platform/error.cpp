// Errors as values: see error.h.
#include "platform/error.h"

#include <cerrno>

namespace bulkhead::platform {

std::string Error::to_string() const {
  return std::string(operation) + ": " + code.message();
}

Error last_error(std::string_view operation) {
  return make_error(operation, errno);
}

Error make_error(std::string_view operation, int error_number) {
  return {operation, std::error_code(error_number, std::generic_category())};
}

}  // namespace bulkhead::platform

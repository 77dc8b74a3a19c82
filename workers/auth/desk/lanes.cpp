#include "workers/auth/desk/lanes.h"

namespace bulkhead::auth {

ThreadPool& Lanes::of(std::string_view name) {
  const auto found = lanes_.find(name);
  if (found != lanes_.end()) return found->second;
  return lanes_.try_emplace(std::string(name), threads_, nice_).first->second;
}

}  // namespace bulkhead::auth

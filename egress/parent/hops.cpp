#include "egress/parent/hops.h"

#include <algorithm>

namespace bulkhead::egress {
namespace {

bool is_parent(const config::Backend& backend) {
  return backend.type == config::BackendType::http || backend.type == config::BackendType::socks5;
}

}  // namespace

std::vector<const config::Backend*> hops_of(const config::Config& config,
                                            const config::Backend& backend) {
  std::vector<const config::Backend*> hops;
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr && depth <= config::max_via_depth; ++depth) {
    if (is_parent(*each)) hops.push_back(each);
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  std::reverse(hops.begin(), hops.end());
  return hops;
}

}  // namespace bulkhead::egress

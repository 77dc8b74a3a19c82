// The parents that a connection through a backend passes, as the configuration has them.
#pragma once

#include <vector>

#include "config/model.h"

namespace bulkhead::egress {

// Nearest first; backends of type direct add none. They live as long as the config.
std::vector<const config::Backend*> hops_of(const config::Config& config,
                                            const config::Backend& backend);

}  // namespace bulkhead::egress

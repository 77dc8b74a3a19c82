// What the configuration names by path and workers need as contents: CAs of parents, lists of
// domains. Also says which tunnels' files are missing. Internal to config/.
#pragma once

#include "config/reader.h"

namespace bulkhead::config {

void read_contents(Reader& reader, Config& config);

}  // namespace bulkhead::config

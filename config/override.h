// "server.http_port=9090": puts a setting of the command line into the tree, over what the file
// says, before anything is read from it. Internal to config/.
#pragma once

#include "config/reader.h"

namespace bulkhead::config {

void apply_override(Reader& reader, Node& tree, const Override& change);

}  // namespace bulkhead::config

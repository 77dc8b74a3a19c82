// The managed file's part of a load: what it overrides, and names in vain, is said. Internal to
// config/.
#pragma once

#include "config/managed.h"
#include "config/reader.h"

namespace bulkhead::config {

// merge(), with a warning for each thing in managed that the file does not have any more, and for
// an order of rules that is not the file's. The reader has read the managed file by now.
void merge_with_warnings(Reader& reader, Config& config, const Managed& managed);

}  // namespace bulkhead::config

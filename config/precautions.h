// What is done about configurations that would endanger whoever runs them. Internal to config/.
#pragma once

#include <string>

#include "config/model.h"
#include "config/reader.h"

namespace bulkhead::config {

// The headers that carry credentials are masked, whatever is written.
void add_always_masked(AccessLog& log);

// A warning when others than root and our own user may write the file: whoever writes it decides
// what root does. source: the reader's index of it.
void warn_of_writers(Reader& reader, unsigned source, const std::string& file);

}  // namespace bulkhead::config

// What the configuration can hold, from the same definitions that read it.
#pragma once

#include <string>

namespace bulkhead::config {

std::string json_schema();         // draft 2020-12, for editors
std::string markdown_reference();  // one table a section: key, type, default, meaning

}  // namespace bulkhead::config

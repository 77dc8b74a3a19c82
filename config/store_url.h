// The URL of a PostgreSQL store, as far as others than libpq have to understand it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::config {

// Absolute paths of the files that libpq reads for it: certificates, their key, revocations,
// passwords. In the order of the URL; empty for one that names none, or is none.
std::vector<std::string> files_of_store(std::string_view url);

// Nothing but those: as a beginning that files_of_store() reads alike, whatever follows. Empty, if
// there are none.
std::string files_alone(std::string_view url);

}  // namespace bulkhead::config

// SQLite in one file: WAL, so that readers and the writer do not wait for each other, and
// synchronous FULL, so that what was committed is on the disk: a power failure takes what is
// collected for the next second, not the kernel's half minute of writing back.
#pragma once

#include <memory>
#include <string>

#include "workers/auth/store/sql.h"

namespace bulkhead::auth::sql {

enum class Access : std::uint8_t { read, write };

// Opens, and to write makes if need be, the file; a path without a slash is in the directory where
// the process stands, which may lie below directories that it may not search.
tl::expected<std::unique_ptr<Connection>, Error> open_sqlite(const std::string& path,
                                                             Access access = Access::write);

}  // namespace bulkhead::auth::sql

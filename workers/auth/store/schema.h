// The tables, the same in every database, and how an older store becomes a newer one.
#pragma once

#include "workers/auth/store/sql.h"

namespace bulkhead::auth::sql {

// Brings the store up to this program's version, step by step in one transaction. A store of a
// newer program is refused and left alone.
tl::expected<void, Error> migrate(Connection& connection);

// Whether migrate() would refuse it; changes nothing.
tl::expected<void, Error> check(Connection& connection);

// As migrate(), but no further than that version; for tests.
tl::expected<void, Error> migrate_to(Connection& connection, std::int64_t version);

std::int64_t newest_version();

}  // namespace bulkhead::auth::sql

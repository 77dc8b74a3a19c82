// PostgreSQL by libpq. What the URL says holds (host, sslmode, sslrootcert …); where it is silent,
// attempts to connect and statements are bounded in time, and TLS is used where the server has it.
#pragma once

#include <memory>

#include "platform/secret.h"
#include "workers/auth/store/sql.h"

namespace bulkhead::auth::sql {

// url: postgresql://…, see libpq's "Connection URIs". Fails only when it is none: a server that is
// not there is looked for again with each statement, at most once a second.
tl::expected<std::unique_ptr<Connection>, Error> open_postgres(const platform::Secret& url);

}  // namespace bulkhead::auth::sql

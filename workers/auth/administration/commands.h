// The commands about users, their limits, tokens and logins (proto/administration.h), a file for
// each of these. They block: for the threads of the pool.
#pragma once

#include <optional>

#include "workers/auth/administration/answer.h"
#include "workers/auth/desk/office.h"

namespace bulkhead::auth {

using CommandFunction = Answer (*)(const Office& office, const proto::AuthCommand& command);

// Null for a command that is none of these.
CommandFunction find_command(proto::AuthCommandName name);

Answer add_user(const Office& office, const proto::AuthCommand& command);
Answer remove_user(const Office& office, const proto::AuthCommand& command);
Answer list_users(const Office& office, const proto::AuthCommand& command);
Answer set_password(const Office& office, const proto::AuthCommand& command);
Answer change_groups(const Office& office, const proto::AuthCommand& command);
Answer change_limits(const Office& office, const proto::AuthCommand& command);
Answer enable_user(const Office& office, const proto::AuthCommand& command);
Answer disable_user(const Office& office, const proto::AuthCommand& command);
Answer list_usage(const Office& office, const proto::AuthCommand& command);
Answer add_token(const Office& office, const proto::AuthCommand& command);
Answer list_tokens(const Office& office, const proto::AuthCommand& command);
Answer remove_token(const Office& office, const proto::AuthCommand& command);
Answer try_login(const Office& office, const proto::AuthCommand& command);
Answer log_out(const Office& office, const proto::AuthCommand& command);
Answer flush(const Office& office, const proto::AuthCommand& command);

// --- for the implementations ---

std::string argument(const proto::AuthCommand& command, std::size_t index);
// Nothing, unless it is a number up to most.
std::optional<std::int64_t> parse_number(const std::string& text, std::int64_t most);
proto::UserRevoked revocation(const std::string& user, bool end_connections);
// For the audit log, and for the answer if it is the last word.
AuditEntry event(const proto::AuthCommand& command, std::string_view kind, std::string detail = {});
// Empty, or why not: users of the configuration are changed there.
std::string objection_to_name(const Office& office, const std::string& name);

}  // namespace bulkhead::auth

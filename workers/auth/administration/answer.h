// What a command of an administrator comes to: rows and a last word for proxyctl, and what else has
// to follow from it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "proto/administration.h"
#include "proto/command.h"
#include "workers/auth/store/store.h"

namespace bulkhead::auth {

using AnswerRow = std::variant<proto::UserRow, proto::TokenRow, proto::UsageRow, proto::MethodRow,
                               proto::LockoutRow, proto::AuditRow>;

struct Answer {
  std::vector<AnswerRow> rows;
  platform::Secret text;  // shown once
  std::uint8_t exit_code = 0;
  std::string message;

  // Consequences, for the loop's thread.
  std::vector<AuditEntry> audit;            // actor is filled in later
  std::vector<proto::UserRevoked> revoked;  // to be told to every acceptor
  std::vector<std::string> limits_changed;  // users

  static Answer failure(std::string why) {
    Answer answer;
    answer.exit_code = 1;
    answer.message = std::move(why);
    return answer;
  }
  static Answer failure(const StoreError& error) { return failure("the store: " + error.text); }
};

}  // namespace bulkhead::auth

// How an administrator changes the users of the auth worker.
//
// A password must not pass through the supervisor: Command{auth_channel} makes it hand one end of a
// new channel to proxyctl (AuthChannel) and the other to the auth worker (Administrator). On it
// goes one AuthCommand, answered by rows of one kind and Done.
#pragma once

#include "proto/auth.h"

namespace bulkhead::proto {

// Something of the supervisor's that the audit log is to keep: a reload, a message that was
// refused.
struct AuditEvent {
  static constexpr MessageType type = MessageType::audit_event;
  Text<32> kind;
  Text<64> actor;
  Text<1000> detail;
  static auto fields(auto& self) { return std::tie(self.kind, self.actor, self.detail); }
};

// An administrator's channel (one descriptor) and who it is, by the kernel's word.
struct Administrator {
  static constexpr MessageType type = MessageType::administrator;
  std::uint32_t uid = 0, pid = 0;
  static auto fields(auto& self) { return std::tie(self.uid, self.pid); }
};

// The other end of it (one descriptor), for proxyctl.
struct AuthChannel {
  static constexpr MessageType type = MessageType::auth_channel;
  static auto fields(auto&) { return std::tie(); }
};

enum class AuthCommandName : std::uint8_t {
  user_add,  // secret: password; arguments: groups
  user_remove,
  user_list,      // UserRow*
  user_password,  // secret: the new one
  user_groups,    // arguments: "+group" to add, "-group" to remove
  user_limits,  // arguments: YAML of config::UserLimits, in parts, over what there is; or "default"
  user_enable,
  user_disable,
  user_usage,    // user may be empty; arguments[0]: days; UsageRow*
  token_add,     // arguments: name, expiry in seconds from now (0: never), scope; the token as text
  token_list,    // TokenRow*
  token_remove,  // arguments: name
  auth_test,     // secret may be empty: only looked up; arguments: http, socks or none; MethodRow*
  lockout_list,  // LockoutRow*
  lockout_lift,  // arguments: user or address; nothing: all
  audit_list,    // arguments[0]: first number; AuditRow*
  store_backup,  // SQLite; the path as text
  user_logout,   // of any method
  auth_flush,    // everybody is asked about anew
  end_
};

struct AuthCommand {
  static constexpr MessageType type = MessageType::auth_command;
  static constexpr bool secret = true;
  std::uint16_t version = protocol_version;
  AuthCommandName name = AuthCommandName::user_list;
  UserName user;
  SecretText<max_secret> password;
  List<Text<1000>, 48> arguments;
  static auto fields(auto& self) {
    return std::tie(self.version, self.name, self.user, self.password, self.arguments);
  }
};

struct UserRow {
  static constexpr MessageType type = MessageType::user_row;
  UserName name;
  Text<16> origin;  // config, store, elsewhere
  bool enabled = true;
  GroupList groups;
  bool own_limits = false;  // else the limits below are the defaults
  UserLimits limits;
  std::uint64_t monthly_quota = 0;            // bytes; 0: none
  std::uint64_t month_bytes = 0;              // used of it
  std::uint64_t created = 0, last_login = 0;  // seconds since 1970; 0: unknown, never
  std::uint32_t tokens = 0;
  static auto fields(auto& self) {
    return std::tie(self.name, self.origin, self.enabled, self.groups, self.own_limits, self.limits,
                    self.monthly_quota, self.month_bytes, self.created, self.last_login,
                    self.tokens);
  }
};

struct TokenRow {
  static constexpr MessageType type = MessageType::token_row;
  UserName user;
  Text<64> name;
  Text<64> scope;
  std::uint64_t created = 0, expires = 0, last_used = 0;  // seconds since 1970; 0: never
  static auto fields(auto& self) {
    return std::tie(self.user, self.name, self.scope, self.created, self.expires, self.last_used);
  }
};

struct UsageRow {
  static constexpr MessageType type = MessageType::usage_row;
  UserName user;
  Text<10> day;  // 2026-01-31, UTC
  std::uint64_t up = 0, down = 0, requests = 0;
  static auto fields(auto& self) {
    return std::tie(self.user, self.day, self.up, self.down, self.requests);
  }
};

// What one method said: `auth test`.
struct MethodRow {
  static constexpr MessageType type = MessageType::method_row;
  Text<32> method;
  Text<16> outcome;
  Text<32> reason;
  UserName user;
  GroupList groups;
  bool decided = false;  // its answer was the answer
  static auto fields(auto& self) {
    return std::tie(self.method, self.outcome, self.reason, self.user, self.groups, self.decided);
  }
};

struct LockoutRow {
  static constexpr MessageType type = MessageType::lockout_row;
  Text<16> kind;  // user, address
  Text<max_user_name> subject;
  std::uint32_t failures = 0;
  std::uint64_t last_failure = 0;  // seconds since 1970
  std::uint32_t delay_s = 0;       // until the next attempt is looked at
  bool banned = false;
  static auto fields(auto& self) {
    return std::tie(self.kind, self.subject, self.failures, self.last_failure, self.delay_s,
                    self.banned);
  }
};

// One entry of the audit log; see audit_chain.h for how they hang together.
struct AuditRow {
  static constexpr MessageType type = MessageType::audit_row;
  std::uint64_t number = 0;   // from 1, without gaps
  std::uint64_t time_ms = 0;  // since 1970
  Text<32> kind;
  Text<64> actor;
  Text<max_user_name> subject;
  Text<64> address;
  Text<1000> detail;
  Text<64> hash;  // hexadecimal
  static auto fields(auto& self) {
    return std::tie(self.number, self.time_ms, self.kind, self.actor, self.subject, self.address,
                    self.detail, self.hash);
  }
};

}  // namespace bulkhead::proto

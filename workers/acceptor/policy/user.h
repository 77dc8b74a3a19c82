// Somebody who has been authenticated, as this acceptor knows him: one object a name, shared by the
// verdicts that are remembered and by all connections of that user, so that what changes for the
// user changes for all of them at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/auth.h"
#include "proto/refusal.h"
#include "wire/address.h"
#include "workers/acceptor/policy/limit_terms.h"

namespace bulkhead::acceptor {

struct Traffic {
  std::uint64_t up = 0, down = 0, requests = 0;
  bool empty() const { return up == 0 && down == 0 && requests == 0; }
};

class User {
 public:
  User(std::string name, std::string method) : name_(std::move(name)), method_(std::move(method)) {}

  const std::string& name() const { return name_; }
  const std::string& method() const { return method_; }  // that knew the user last
  const std::vector<std::string>& groups() const { return groups_; }
  bool is_in(std::string_view group) const;

  const proto::UserLimits& limits() const { return limits_; }
  // Rates and numbers, which are enforced where those of addresses are; destinations and quota
  // here.
  OwnTerms terms() const { return terms_; }

  // Whether there is anywhere the user may not go.
  bool is_confined() const;
  // Why the user may not go there; nothing is said of connections that exist.
  std::optional<proto::Refusal> objection_to(const wire::HostPort& destination) const;

  void learn(const proto::AuthVerdict& verdict);
  void learn(const proto::UserLimits& limits);

  Traffic unreported;  // to the auth worker

 private:
  bool may_reach(const wire::HostPort& destination) const;

  std::string name_, method_;
  std::vector<std::string> groups_;
  proto::UserLimits limits_;
  std::shared_ptr<std::optional<UserTerms>> terms_ = std::make_shared<std::optional<UserTerms>>();
  std::vector<wire::Cidr> destinations_;
};

// The users that this acceptor has to do with.
class UserTable {
 public:
  // The user of the verdict, made or brought up to date.
  std::shared_ptr<User> learn(const proto::AuthVerdict& verdict);
  std::shared_ptr<User> find(std::string_view name) const;
  // The user of that name, made if need be: without a method, which nobody has told yet.
  std::shared_ptr<User> adopt(std::string_view name);

  const std::map<std::string, std::shared_ptr<User>, std::less<>>& all() const { return users_; }
  // Those whom nobody else holds, and of whom nothing is left to report, are forgotten.
  void forget_absent();

 private:
  std::map<std::string, std::shared_ptr<User>, std::less<>> users_;
};

}  // namespace bulkhead::acceptor

// `mode: ldap`: users of a directory, by search and bind.
//
//   search   the user's entry, with the service's login (bind_dn); none: another method's user,
//            several: nobody
//   bind     as that entry, with the password that was presented, on a connection that is used for
//            nothing else
//   groups   that have the entry as a member, and those that have these as members if nested_groups
//
// The user is called what the directory calls him, whatever case was typed: limits and rules are by
// name.
#pragma once

#include <string>
#include <vector>

#include "workers/auth/method/ldap/pool.h"

namespace bulkhead::auth {

class Directory : public Method {
 public:
  explicit Directory(config::LdapAuth settings);

  std::string_view name() const override { return "ldap"; }
  bool concerns(const Credential& credential) const override;
  Verdict check(const Credential& credential, Deadline deadline) override;
  Verdict look_up(std::string_view user, Deadline deadline) override;

 private:
  struct Group {
    std::string dn;
    std::string name;
  };
  struct User {
    std::string dn;
    std::string name;
    Reason state = Reason::accepted;  // whether the entry itself says that it may not log in
  };
  template <class T>
  using Expected = tl::expected<T, LdapError>;

  Expected<User> find_user(std::string_view typed, Deadline deadline);
  User read_user(const LdapEntry& entry, std::string_view typed) const;
  Expected<void> bind_as(const User& user, const platform::Secret& password, Deadline deadline);
  Expected<std::vector<Group>> groups_of(const User& user, Deadline deadline);
  Expected<std::vector<Group>> search_groups(const std::vector<std::string>& filters,
                                             Deadline deadline);
  Verdict log_in(const User& user, const platform::Secret& password, Deadline deadline);
  Verdict admit(const User& user, Deadline deadline);
  bool is_allowed(const std::vector<Group>& groups) const;
  Verdict failed(const LdapError& error);

  const config::LdapAuth settings_;
  const std::string name_attribute_;
  std::vector<std::string> allowed_dns_;  // normalised
  std::vector<std::string> allowed_names_;
  LdapPool searching_;
  LdapPool binding_;
};

}  // namespace bulkhead::auth

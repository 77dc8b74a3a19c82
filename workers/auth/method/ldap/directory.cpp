#include "workers/auth/method/ldap/directory.h"

#include <algorithm>
#include <ldap.h>
#include <set>

#include "workers/auth/method/ldap/distinguished_name.h"
#include "workers/auth/method/ldap/filter.h"
#include "workers/auth/method/remaining.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

// Groups in groups in groups: deeper nesting is left out.
constexpr int deepest_nesting = 10;
// As many groups are asked for in one search.
constexpr std::size_t filters_a_search = 25;

constexpr const char* account_control = "userAccountControl";  // Active Directory
constexpr const char* account_lock = "nsAccountLock";          // 389 Directory Server
constexpr const char* locked_time = "pwdAccountLockedTime";    // password policy overlay

// What the entry says by itself, without a bind. Binding says more, and is what counts at a login.
Reason state_of(const LdapEntry& entry) {
  constexpr unsigned long disabled = 2;  // ADS_UF_ACCOUNTDISABLE
  for (const std::string& text : entry.values(account_control))
    if ((std::strtoul(text.c_str(), nullptr, 10) & disabled) != 0) return Reason::account_disabled;
  for (const std::string& text : entry.values(account_lock))
    if (text == "true" || text == "TRUE") return Reason::account_disabled;
  for (const std::string& text : entry.values(locked_time))
    if (text.starts_with("000001010000")) return Reason::account_disabled;  // for good
  return Reason::accepted;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

Directory::Directory(config::LdapAuth settings)
    : settings_(std::move(settings)),
      name_attribute_(settings_.name_attribute.empty() ? compared_attribute(settings_.user_filter)
                                                       : settings_.name_attribute),
      searching_(settings_, settings_.max_connections,
                 [this](LdapConnection& connection, Deadline deadline) -> Expected<void> {
                   if (settings_.bind_dn.empty()) return {};
                   auto bound =
                       connection.bind(settings_.bind_dn, settings_.bind_password, deadline);
                   if (bound) return bound;
                   LdapError error = std::move(bound.error());
                   // The service's own login: whatever is wrong with it is the operator's.
                   if (outcome_of(error.reason) == Outcome::refused)
                     error.reason = Reason::misconfigured;
                   error.detail = "bind_dn cannot log in: " + error.detail;
                   return tl::unexpected(std::move(error));
                 }),
      binding_(settings_, settings_.max_connections,
               [](LdapConnection&, Deadline) -> Expected<void> { return {}; }) {
  for (const std::string& group : settings_.allowed_groups) {
    if (is_dn(group))
      allowed_dns_.push_back(normalised_dn(group));
    else
      allowed_names_.push_back(group);
  }
}

Directory::User Directory::read_user(const LdapEntry& entry, std::string_view typed) const {
  User user{entry.dn, {}, state_of(entry)};
  // Of several values always the same one, so that one person has one name.
  const auto& names = entry.values(name_attribute_);
  if (!names.empty()) {
    user.name = *std::min_element(names.begin(), names.end());
  } else {
    user.name = typed;
    std::transform(user.name.begin(), user.name.end(), user.name.begin(), lower);
  }
  return user;
}

Directory::Expected<Directory::User> Directory::find_user(std::string_view typed,
                                                          Deadline deadline) {
  LdapSearch search{settings_.base_dn,
                    fill_filter(settings_.user_filter, typed),
                    {account_control, account_lock, locked_time},
                    2};
  if (!name_attribute_.empty()) search.attributes.push_back(name_attribute_);
  const auto found = searching_.with_connection(
      deadline,
      [&](LdapConnection& connection, Deadline until) { return connection.search(search, until); });
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return tl::unexpected(LdapError{0, Reason::unknown_user, {}});
  if (found->size() > 1) return tl::unexpected(LdapError{0, Reason::ambiguous_user, {}});
  if (found->front().dn.empty())
    return tl::unexpected(LdapError{0, Reason::server_failed, "an entry without a DN"});
  return read_user(found->front(), typed);
}

Directory::Expected<void> Directory::bind_as(const User& user, const platform::Secret& password,
                                             Deadline deadline) {
  return binding_.with_connection(deadline, [&](LdapConnection& connection, Deadline until) {
    return connection.bind(user.dn, password, until);
  });
}

Directory::Expected<std::vector<Directory::Group>> Directory::search_groups(
    const std::vector<std::string>& filters, Deadline deadline) {
  const LdapSearch search{
      settings_.group_base_dn.empty() ? settings_.base_dn : settings_.group_base_dn,
      any_of_filters(filters),
      {settings_.group_attribute},
      static_cast<int>(max_groups)};
  const auto found = searching_.with_connection(
      deadline,
      [&](LdapConnection& connection, Deadline until) { return connection.search(search, until); });
  if (!found) return tl::unexpected(found.error());
  std::vector<Group> groups;
  for (const LdapEntry& entry : *found) {
    const auto& names = entry.values(settings_.group_attribute);
    groups.push_back({entry.dn, names.empty() ? std::string() : names.front()});
  }
  return groups;
}

// Level by level, each group once, so that circles end.
Directory::Expected<std::vector<Directory::Group>> Directory::groups_of(const User& user,
                                                                        Deadline deadline) {
  std::vector<Group> all;
  std::set<std::string> seen;
  std::vector<std::string> filters{fill_filter(settings_.group_filter, user.dn, user.name)};
  for (int depth = 0; depth <= deepest_nesting && !filters.empty(); ++depth) {
    std::vector<std::string> next;
    for (std::size_t at = 0; at < filters.size(); at += filters_a_search) {
      const auto end = std::min(filters.size(), at + filters_a_search);
      const auto found = search_groups({filters.begin() + static_cast<std::ptrdiff_t>(at),
                                        filters.begin() + static_cast<std::ptrdiff_t>(end)},
                                       deadline);
      if (!found) return tl::unexpected(found.error());
      for (const Group& group : *found) {
        std::string same = normalised_dn(group.dn);
        if (same.empty()) same = group.dn;
        if (all.size() >= max_groups || !seen.insert(std::move(same)).second) continue;
        all.push_back(group);
        next.push_back(fill_filter(settings_.group_filter, group.dn));
      }
    }
    filters = settings_.nested_groups ? std::move(next) : std::vector<std::string>();
  }
  return all;
}

bool Directory::is_allowed(const std::vector<Group>& groups) const {
  if (settings_.allowed_groups.empty()) return true;
  const auto holds = [](const std::vector<std::string>& list, const std::string& value) {
    return !value.empty() && std::find(list.begin(), list.end(), value) != list.end();
  };
  return std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
    return holds(allowed_dns_, normalised_dn(group.dn)) || holds(allowed_names_, group.name);
  });
}

Verdict Directory::admit(const User& user, Deadline deadline) {
  const auto groups = groups_of(user, deadline);
  if (!groups) return failed(groups.error());
  if (!is_allowed(*groups)) return refusal(name(), Reason::not_in_allowed_groups);
  std::vector<std::string> names;
  names.reserve(groups->size());
  for (const Group& group : *groups) names.push_back(group.name);
  return acceptance(name(), user.name, std::move(names));
}

Verdict Directory::failed(const LdapError& error) {
  return refusal(name(), error.reason);
}

bool Directory::concerns(const Credential& credential) const {
  return credential.kind == Credential::Kind::basic &&
         credential.secret.size() <= max_password_bytes;
}

Verdict Directory::check(const Credential& credential, Deadline deadline) {
  if (!concerns(credential)) return refusal(name(), Reason::other_kind_of_credential);
  const auto user = find_user(credential.user, deadline);
  if (!user) return failed(user.error());
  Verdict verdict = log_in(*user, credential.secret, deadline);
  verdict.user = user->name;
  return verdict;
}

Verdict Directory::log_in(const User& user, const platform::Secret& password, Deadline deadline) {
  const auto bound = bind_as(user, password, deadline);
  if (!bound) return failed(bound.error());
  if (user.state != Reason::accepted) return refusal(name(), user.state);
  return admit(user, deadline);
}

Verdict Directory::look_up(std::string_view typed, Deadline deadline) {
  const auto user = find_user(typed, deadline);
  if (!user) return failed(user.error());
  if (user->state != Reason::accepted) return refusal(name(), user->state);
  return admit(*user, deadline);
}

}  // namespace bulkhead::auth

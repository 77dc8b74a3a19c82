// Users of the roles, and becoming one for good: see identity.h.
#include "platform/identity.h"

#include <array>
#include <cerrno>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

std::optional<Identity> packaged_user(const std::string& name) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr || found->pw_uid == 0 || found->pw_gid == 0) {
    return std::nullopt;
  }
  return Identity{found->pw_uid, found->pw_gid, Identity::Source::packaged_user, name};
}

std::string name_of(uid_t uid) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::string() : std::string(found->pw_name);
}

// Everything is ours no more when not one of the ways back works.
bool can_regain_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  getresuid(&real, &effective, &saved);
  if (real == 0 || effective == 0 || saved == 0) return true;
  return setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0;
}

}  // namespace

std::string_view to_string(Role role) {
  constexpr std::array<std::string_view, 6> names = {"acceptor", "egress", "tunnel",
                                                     "auth",     "vault",  "admin"};
  return names.at(static_cast<std::size_t>(role));
}

std::string Identity::to_string() const {
  const std::string number = "uid " + std::to_string(uid);
  if (source == Source::fallback) return number + " (no user " + user + ", an id of its own)";
  if (source == Source::packaged_user) return user + " (" + number + ")";
  return (user.empty() ? std::string("the invoking user") : user) + " (" + number + ", shared)";
}

bool is_root() {
  return geteuid() == 0;
}

Identity identity_of(Role role) {
  if (!is_root()) {
    return {geteuid(), getegid(), Identity::Source::invoking_user, name_of(geteuid())};
  }
  const std::string name = "bulkhead-" + std::string(to_string(role));
  if (auto user = packaged_user(name)) return *user;
  const uid_t id = first_fallback_id + static_cast<uid_t>(role);
  return {id, id, Identity::Source::fallback, name};
}

tl::expected<void, Error> become(const Identity& identity) {
  if (identity.source == Identity::Source::invoking_user) return {};
  if (identity.uid == 0 || identity.gid == 0) return tl::unexpected(make_error("become", EINVAL));
  if (setgroups(0, nullptr) != 0) return tl::unexpected(last_error("setgroups"));
  if (setresgid(identity.gid, identity.gid, identity.gid) != 0) {
    return tl::unexpected(last_error("setresgid"));
  }
  if (setresuid(identity.uid, identity.uid, identity.uid) != 0) {
    return tl::unexpected(last_error("setresuid"));
  }
  if (can_regain_root()) return tl::unexpected(make_error("giving up root", EPERM));
  return {};
}

}  // namespace bulkhead::platform

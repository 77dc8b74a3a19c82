// One connection to a directory. Not thread-safe: whoever borrowed it from the pool has it alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/auth_methods.h"
#include "workers/auth/method/method.h"

struct ldap;

namespace bulkhead::auth {

// What went wrong with an operation. detail is for the operator: the library's words and the
// directory's, without anything of a client's.
struct LdapError {
  int code = 0;  // of ldap.h, negative for the library's own
  Reason reason = Reason::server_failed;
  std::string detail;
  bool connection_lost = false;  // the operation may be tried again on another connection
};

struct LdapEntry {
  std::string dn;
  std::map<std::string, std::vector<std::string>, std::less<>> attributes;  // names in lower case

  // The values, none if it has no such attribute; the name in any case.
  const std::vector<std::string>& values(std::string_view name) const;
};

struct LdapSearch {
  std::string base;
  std::string filter;
  std::vector<std::string> attributes;
  int most = 1;  // entries
};

class LdapConnection {
 public:
  // Connects, and encrypts as the settings say; not bound yet. Certificates are checked against
  // ca_cert or the system's CAs, and against the server's name as written in its URL.
  static tl::expected<std::unique_ptr<LdapConnection>, LdapError> open(
      const std::string& url, const config::LdapAuth& settings, Deadline deadline);

  LdapConnection(const LdapConnection&) = delete;
  LdapConnection& operator=(const LdapConnection&) = delete;
  ~LdapConnection();

  // RFC 4513 section 5.1. A DN with an empty password (5.1.2, which "succeeds" and proves nothing)
  // is refused here whatever the server would say. On success the connection is that user's.
  tl::expected<void, LdapError> bind(const std::string& dn, const platform::Secret& password,
                                     Deadline deadline);
  // Below the base, without following aliases and referrals. More than `most` entries is no error:
  // the first ones are given.
  tl::expected<std::vector<LdapEntry>, LdapError> search(const LdapSearch& search,
                                                         Deadline deadline);

  const std::string& url() const { return url_; }
  std::chrono::steady_clock::time_point opened() const { return opened_; }

 private:
  LdapConnection(std::string url, struct ldap* handle);
  tl::expected<void, LdapError> secure(bool at_once, bool start_tls, Deadline deadline);
  tl::expected<void, LdapError> ask_to_start_tls(Deadline deadline);
  LdapError lost(int code);

  std::string url_;
  struct ldap* handle_;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

// The file of CAs that is used when none is configured; empty if none is found.
std::string system_ca_file();

}  // namespace bulkhead::auth

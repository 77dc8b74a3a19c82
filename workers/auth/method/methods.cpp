#include "workers/auth/method/methods.h"

#include <cstdlib>
#include <curl/curl.h>
#include <ldap.h>
#include <netdb.h>
#include <openssl/ssl.h>

#include "workers/auth/method/ldap/directory.h"
#include "workers/auth/method/oauth/oauth.h"
#include "workers/auth/method/system/system.h"

namespace bulkhead::auth {

void wake_libraries() {
  // libldap reads nothing of a user's: what counts is the configuration.
  setenv("LDAPNOINIT", "1", 1);
  // SASL's plugins come with the first handle.
  LDAP* directory = nullptr;
  if (ldap_initialize(&directory, "ldap://127.0.0.1") == LDAP_SUCCESS)
    ldap_unbind_ext(directory, nullptr, nullptr);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  OPENSSL_init_ssl(0, nullptr);
  addrinfo* found = nullptr;
  if (getaddrinfo("localhost", "443", nullptr, &found) == 0) freeaddrinfo(found);
}

Surroundings start_pam(const std::string& libexec, const std::string& services) {
  Surroundings surroundings;
  if (auto broker = PamBroker::start(libexec + "/pam-check", services))
    surroundings.pam = std::move(*broker);
  return surroundings;
}

std::vector<std::string> readable_files(const config::Auth& settings) {
  std::vector<std::string> files;
  if (settings.uses(config::AuthMode::ldap)) files.push_back(settings.ldap.tls.ca_cert);
  if (settings.uses(config::AuthMode::oauth)) files.push_back(settings.oauth.ca_cert);
  std::erase(files, "");
  return files;
}

std::unique_ptr<Method> make_method(config::AuthMode mode, const config::Auth& settings,
                                    const Surroundings& surroundings) {
  switch (mode) {
    case config::AuthMode::system:
      return std::make_unique<System>(settings.system, surroundings.pam);
    case config::AuthMode::ldap:
      return std::make_unique<Directory>(settings.ldap);
    case config::AuthMode::oauth:
      return std::make_unique<Oauth>(settings.oauth);
    case config::AuthMode::none:
    case config::AuthMode::native:
      break;
  }
  return nullptr;
}

}  // namespace bulkhead::auth

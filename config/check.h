// The checks that look at more than one setting: names that must exist, ports that clash, sections
// that belong to a type. They run on the merged configuration, and complain through the reader at
// the position of what was written. Internal to config/.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "config/model.h"
#include "config/reader.h"

namespace bulkhead::config {

class Checker {
 public:
  Checker(const Config& config, Reader& reader) : config_(config), reader_(reader) {
    for (const Backend& each : config.backends) backends_.emplace(each.name, &each);
  }
  const Config& config() const { return config_; }

  // key is a path in the file, or below origin's path ("" for the item itself).
  void error(std::string_view key, std::string message, std::string hint = {});
  void warn(std::string_view key, std::string message, std::string hint = {});
  void error(const Origin& origin, std::string_view key, std::string message,
             std::string hint = {});
  void warn(const Origin& origin, std::string_view key, std::string message, std::string hint = {});

  bool written(std::string_view key) const { return reader_.written(Origin::Source::file, key); }
  bool written(const Origin& origin, std::string_view key) const;
  bool broken(const Origin& origin) const { return reader_.complained(origin.source, origin.path); }
  bool broken(const Origin& origin, std::string_view below) const {
    return reader_.complained(origin.source, origin.path + '.' + std::string(below));
  }
  bool broken(std::string_view key) const { return reader_.complained(Origin::Source::file, key); }

  const Backend* backend(std::string_view name) const {
    const auto found = backends_.find(name);
    return found == backends_.end() ? nullptr : found->second;
  }

  // The name is one of the backends', or an error at key with a hint.
  bool known_backend(const Origin& origin, std::string_view key, std::string_view name);

 private:
  void complain(Severity severity, Origin::Source where, std::string key, std::string message,
                std::string hint);
  const Config& config_;
  Reader& reader_;
  std::unordered_map<std::string_view, const Backend*> backends_;
};

void check_listeners(Checker& checker);  // check_listeners.cpp: ports, open proxy, PROXY protocol
void check_auth(Checker& checker);       // check_auth.cpp
void check_ldap(Checker& checker, const LdapAuth& ldap);     // check_auth_methods.cpp
void check_oauth(Checker& checker, const OauthAuth& oauth);  // check_auth_methods.cpp
void check_backends(Checker& checker);  // check_backends.cpp: types, files, chains
void check_rules(Checker& checker);     // check_rules.cpp
void check_settings(Checker& checker);  // check.cpp: the rest

void check_all(const Config& config, Reader& reader);

}  // namespace bulkhead::config

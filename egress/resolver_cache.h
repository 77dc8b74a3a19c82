// What the DNS said, for as long as it may be believed. The least recently used name goes first
// when there are too many.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "wire/address.h"

namespace bulkhead::egress {

class ResolverCache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit ResolverCache(std::size_t max_names) : max_names_(max_names) {}  // 0: keeps nothing

  // Null if nothing is known (any more). No addresses: the name is known not to have any. Valid
  // until the next call.
  const std::vector<wire::IpAddress>* find(const std::string& name, Time now);
  void store(const std::string& name, std::vector<wire::IpAddress> addresses, Time expires);
  std::size_t size() const { return index_.size(); }

 private:
  struct Entry {
    std::string name;
    std::vector<wire::IpAddress> addresses;
    Time expires;
  };
  using Entries = std::list<Entry>;

  void drop(Entries::iterator entry);

  std::size_t max_names_;
  Entries entries_;  // most recently used first
  std::unordered_map<std::string, Entries::iterator> index_;
};

}  // namespace bulkhead::egress

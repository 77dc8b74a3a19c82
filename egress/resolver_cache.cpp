#include "egress/resolver_cache.h"

#include <iterator>
#include <utility>

namespace bulkhead::egress {

const std::vector<wire::IpAddress>* ResolverCache::find(const std::string& name, Time now) {
  const auto found = index_.find(name);
  if (found == index_.end()) return nullptr;
  if (found->second->expires <= now) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front().addresses;
}

void ResolverCache::store(const std::string& name, std::vector<wire::IpAddress> addresses,
                          Time expires) {
  if (const auto found = index_.find(name); found != index_.end()) drop(found->second);
  if (max_names_ == 0) return;
  if (index_.size() >= max_names_) drop(std::prev(entries_.end()));
  entries_.push_front({name, std::move(addresses), expires});
  index_[name] = entries_.begin();
}

void ResolverCache::drop(Entries::iterator entry) {
  index_.erase(entry->name);
  entries_.erase(entry);
}

}  // namespace bulkhead::egress

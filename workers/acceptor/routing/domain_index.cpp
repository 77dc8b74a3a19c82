#include "workers/acceptor/routing/domain_index.h"

namespace bulkhead::acceptor {

void DomainIndex::add(std::string_view pattern, Entry entry) {
  if (pattern.starts_with("*.")) {
    add(below_, pattern.substr(2), entry);
  } else {
    add(exact_, pattern, entry);
  }
}

void DomainIndex::add(Map& map, std::string_view key, Entry entry) {
  auto found = map.find(key);
  if (found == map.end()) found = map.emplace(std::string(key), std::vector<Entry>{}).first;
  if (found->second.empty() || found->second.back() != entry) found->second.push_back(entry);
}

void DomainIndex::append(const Map& map, std::string_view key, std::vector<Entry>& out) {
  const auto found = map.find(key);
  if (found != map.end()) out.insert(out.end(), found->second.begin(), found->second.end());
}

void DomainIndex::find(std::string_view host, std::vector<Entry>& out) const {
  append(exact_, host, out);
  if (below_.empty()) return;
  while (true) {
    append(below_, host, out);
    const auto dot = host.find('.');
    if (dot == std::string_view::npos) return;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace bulkhead::acceptor

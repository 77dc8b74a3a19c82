#include "workers/auth/native/token_scope.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bulkhead::auth {
namespace {

constexpr std::array known = {scope_proxy, scope_http, scope_socks};

std::vector<std::string_view> words(std::string_view scope) {
  std::vector<std::string_view> found;
  for (std::size_t begin = 0; begin <= scope.size();) {
    const std::size_t end = std::min(scope.find(' ', begin), scope.size());
    found.push_back(scope.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

}  // namespace

bool is_scope(std::string_view scope) {
  std::vector<std::string_view> all = words(scope);
  std::ranges::sort(all);
  const bool once = std::ranges::adjacent_find(all) == all.end();
  return once && std::ranges::all_of(all, [](std::string_view word) {
           return std::ranges::find(known, word) != known.end();
         });
}

bool allows(std::string_view scope, Credential::Use use) {
  return std::ranges::any_of(words(scope), [use](std::string_view word) {
    if (use == Credential::Use::any) return std::ranges::find(known, word) != known.end();
    return word == scope_proxy || word == (use == Credential::Use::http ? scope_http : scope_socks);
  });
}

}  // namespace bulkhead::auth

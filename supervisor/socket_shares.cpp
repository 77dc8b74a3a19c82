#include "supervisor/socket_shares.h"

#include <algorithm>
#include <map>

namespace bulkhead::supervisor {
namespace {

struct Division {
  std::map<std::uint32_t, Sockets> shares;  // by acceptor
  Sockets loose;                            // of acceptors that go
};

Division as_it_was(const Sockets& held, const std::vector<std::uint32_t>& acceptors) {
  Division division;
  for (const std::uint32_t acceptor : acceptors) division.shares[acceptor];
  for (const auto& socket : held) {
    const auto share = division.shares.find(socket->acceptor);
    (share == division.shares.end() ? division.loose : share->second).push_back(socket);
  }
  return division;
}

bool has_fewer(const std::pair<const std::uint32_t, Sockets>& a,
               const std::pair<const std::uint32_t, Sockets>& b) {
  return a.second.size() < b.second.size();
}

// What a newcomer can have: a loose one, or one of who has several.
std::shared_ptr<const ListeningSocket> spare(Division& division) {
  Sockets* from = &division.loose;
  if (from->empty())
    from = &std::max_element(division.shares.begin(), division.shares.end(), has_fewer)->second;
  if (from != &division.loose && from->size() < 2) return nullptr;
  const auto socket = from->back();
  from->pop_back();
  return socket;
}

}  // namespace

tl::expected<Sockets, std::string> SocketShares::divide(const Sockets& held,
                                                        const std::vector<std::uint32_t>& acceptors,
                                                        const Sources& sources) {
  Division division = as_it_was(held, acceptors);
  const auto give = [&](std::uint32_t acceptor, Opened socket) -> std::string {
    if (!socket) return socket.error();
    division.shares[acceptor].push_back(std::move(*socket));
    return {};
  };
  std::string error;
  for (const std::uint32_t acceptor : acceptors) {
    if (!error.empty() || !division.shares[acceptor].empty()) continue;
    const auto free = spare(division);
    error = give(acceptor, free ? sources.take(*free, acceptor) : sources.open(acceptor));
  }
  for (; error.empty() && !division.loose.empty(); division.loose.pop_back()) {
    const auto fewest = std::min_element(division.shares.begin(), division.shares.end(), has_fewer);
    if (fewest == division.shares.end() || fewest->second.size() >= sources.most) break;
    error = give(fewest->first, sources.take(*division.loose.back(), fewest->first));
  }
  if (!error.empty()) return tl::unexpected(error);
  Sockets all;
  for (auto& [acceptor, sockets] : division.shares)
    all.insert(all.end(), sockets.begin(), sockets.end());
  return all;
}

}  // namespace bulkhead::supervisor

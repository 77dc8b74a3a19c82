// Which acceptor accepts on which sockets of one address (SO_REUSEPORT: the kernel gives each
// connection to one of them). A socket that is closed takes along what the kernel has given to it
// and nobody has accepted yet; so when there are fewer acceptors, those that stay share the sockets
// of those that go, and give them back when there are more again.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "supervisor/listeners.h"

namespace bulkhead::supervisor {

class SocketShares {
 public:
  // open makes a new socket for an acceptor; take a second hold of one for another acceptor. most:
  // sockets that an acceptor may have of this address, at least 1.
  using Opened = tl::expected<std::shared_ptr<const ListeningSocket>, std::string>;
  struct Sources {
    std::function<Opened(std::uint32_t acceptor)> open;
    std::function<Opened(const ListeningSocket& socket, std::uint32_t acceptor)> take;
    std::size_t most = 1;
  };

  // held: all sockets of the address. Each of the acceptors gets at least one, and keeps what it
  // has as far as that is possible.
  static tl::expected<Sockets, std::string> divide(const Sockets& held,
                                                   const std::vector<std::uint32_t>& acceptors,
                                                   const Sources& sources);
};

}  // namespace bulkhead::supervisor

// The listening sockets for proxy clients. They belong to the supervisor: at least one SO_REUSEPORT
// socket for each address and acceptor (socket_shares.h), kept open while the acceptor is restarted
// (connections queue) and across reloads that do not touch it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/model.h"
#include "platform/unique_fd.h"
#include "proto/worker.h"
#include "runtime/loop.h"

namespace bulkhead::supervisor {

struct ListeningSocket {
  std::uint32_t id = 0;  // unique for the supervisor's life
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::uint32_t acceptor = 0;  // whose it is; nobody: it is to be given to one
  config::Listener settings;
  bool dual_stack = false;
  platform::UniqueFd socket;

  proto::Listener message() const;
};
using Sockets = std::vector<std::shared_ptr<const ListeningSocket>>;

class Listeners {
 public:
  // What `config` wants for these acceptors: sockets of held where nothing about them changed, new
  // ones for the rest. On an error nothing new stays open; the error is for a person.
  tl::expected<Sockets, std::string> open(const config::Config& config,
                                          const std::vector<std::uint32_t>& acceptors,
                                          const Sockets& held);

  // Whether the ports of `config` that none of held has can be listened on; empty, or why not.
  // Opens nothing for good.
  static std::string check(const config::Config& config, const Sockets& held);

  // While orphans serve our ports (orphans.h), ports that are taken may be theirs: they are shared.
  void share_ports(bool share) { sharing_ = share; }

  // The last number given to a socket; set only before the first open().
  std::uint32_t last_id() const { return last_id_; }
  void set_last_id(std::uint32_t id) { last_id_ = id; }

 private:
  tl::expected<std::shared_ptr<const ListeningSocket>, std::string> open_one(
      const config::Listener& settings, bool dual_stack, std::uint32_t acceptor);
  // A second hold of the same socket, for another acceptor.
  tl::expected<std::shared_ptr<const ListeningSocket>, std::string> take_one(
      const ListeningSocket& other, std::uint32_t acceptor);
  // True if an acceptor of ours may still be closing a socket on it.
  bool just_given_up(std::uint16_t port) const;

  std::uint32_t last_id_ = 0;
  bool sharing_ = false;
  std::map<std::uint16_t, runtime::Deadline> given_up_;  // ports of ours, and when they went
};

// The settings that a message() came from.
config::Listener settings_of(const proto::Listener& message);

std::string_view to_string(config::ListenerProtocol protocol);
wire::Endpoint endpoint_of(const config::Listener& listener);

}  // namespace bulkhead::supervisor

#include "supervisor/listeners.h"

#include <algorithm>
#include <cerrno>

#include "platform/descriptor.h"
#include "platform/socket.h"
#include "supervisor/socket_shares.h"

namespace bulkhead::supervisor {
namespace {

// Named in one Prepare message each, see proto/worker.h.
constexpr std::size_t max_listeners = 256;

std::string explain(const config::Listener& listener, const platform::Error& error) {
  std::string text = "cannot listen on " + endpoint_of(listener).to_string() + " (" +
                     listener.name + "): " + error.code.message();
  switch (error.code.value()) {
    case EACCES:
      if (listener.port < 1024) text += "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
      break;
    case EAFNOSUPPORT:
      text += "; this system has no IPv6, use an IPv4 address such as 0.0.0.0";
      break;
    case EADDRNOTAVAIL:
      text += listener.address.is_v6() ? "; no interface has this address (is IPv6 turned off?)"
                                       : "; no interface has this address";
      break;
    case EADDRINUSE:
      text += "; another program has it, or a connection that has just ended";
      break;
    default:
      break;
  }
  return text;
}

// With SO_REUSEPORT the kernel lets a second daemon of the same user share the port in silence:
// find out without it.
tl::expected<void, std::string> probe(const config::Listener& listener, bool dual_stack) {
  platform::ListenOptions options;
  options.reuse_port = false;
  options.dual_stack = dual_stack;
  const auto socket = platform::listen_tcp(endpoint_of(listener), options);
  if (!socket) return tl::unexpected(explain(listener, socket.error()));
  return {};
}

Sockets of_address(const Sockets& held, const config::Listener& settings, bool dual_stack) {
  Sockets found;
  for (const auto& socket : held) {
    if (socket->dual_stack == dual_stack && socket->settings == settings) found.push_back(socket);
  }
  return found;
}

bool is_dual_stack(const config::Config& config, const config::Listener& settings) {
  return settings.address.is_v6() && settings.address.is_unspecified() &&
         config.network.ipv6.enabled;
}

bool holds_port(const Sockets& sockets, std::uint16_t port) {
  return std::any_of(sockets.begin(), sockets.end(),
                     [port](const auto& socket) { return socket->settings.port == port; });
}

// How long an acceptor may take to close a listening socket that it was told to.
constexpr runtime::Duration closing_time{10'000};

}  // namespace

proto::Listener ListeningSocket::message() const {
  proto::Listener message;
  message.id = id;
  message.name = settings.name;
  message.proxy_protocol = settings.proxy_protocol;
  message.address = endpoint_of(settings);
  switch (settings.protocol) {
    case config::ListenerProtocol::http:
      message.protocol = proto::ListenerProtocol::http;
      break;
    case config::ListenerProtocol::socks5:
      message.protocol = proto::ListenerProtocol::socks;
      break;
    case config::ListenerProtocol::mixed:
      message.protocol = proto::ListenerProtocol::mixed;
      break;
  }
  return message;
}

config::Listener settings_of(const proto::Listener& message) {
  config::Listener settings;
  settings.name = message.name.value;
  settings.address = message.address.address;
  settings.port = message.address.port;
  settings.proxy_protocol = message.proxy_protocol;
  switch (message.protocol) {
    case proto::ListenerProtocol::http:
      settings.protocol = config::ListenerProtocol::http;
      break;
    case proto::ListenerProtocol::socks:
      settings.protocol = config::ListenerProtocol::socks5;
      break;
    case proto::ListenerProtocol::mixed:
    case proto::ListenerProtocol::end_:
      settings.protocol = config::ListenerProtocol::mixed;
      break;
  }
  return settings;
}

std::string Listeners::check(const config::Config& config, const Sockets& held) {
  for (const config::Listener& settings : config::proxy_listeners(config)) {
    if (holds_port(held, settings.port)) continue;
    const auto free = probe(settings, is_dual_stack(config, settings));
    if (!free) return free.error();
  }
  return {};
}

tl::expected<Sockets, std::string> Listeners::open(const config::Config& config,
                                                   const std::vector<std::uint32_t>& acceptors,
                                                   const Sockets& held) {
  const std::vector<config::Listener> wanted = config::proxy_listeners(config);
  if (wanted.size() > max_listeners) {
    return tl::unexpected("more than " + std::to_string(max_listeners) + " addresses to listen on");
  }
  Sockets sockets;
  for (const config::Listener& settings : wanted) {
    const bool dual_stack = is_dual_stack(config, settings);
    if (!holds_port(held, settings.port) && !holds_port(sockets, settings.port) && !sharing_ &&
        !just_given_up(settings.port)) {
      if (auto free = probe(settings, dual_stack); !free) return tl::unexpected(free.error());
    }
    SocketShares::Sources sources;
    sources.open = [&](std::uint32_t acceptor) { return open_one(settings, dual_stack, acceptor); };
    sources.take = [this](const ListeningSocket& socket, std::uint32_t acceptor) {
      return take_one(socket, acceptor);
    };
    sources.most = max_listeners / wanted.size();
    const auto divided =
        SocketShares::divide(of_address(held, settings, dual_stack), acceptors, sources);
    if (!divided) return tl::unexpected(divided.error());
    sockets.insert(sockets.end(), divided->begin(), divided->end());
  }
  for (const auto& socket : held) {
    const std::uint16_t port = socket->settings.port;
    if (!holds_port(sockets, port)) given_up_[port] = runtime::Clock::now();
  }
  return sockets;
}

bool Listeners::just_given_up(std::uint16_t port) const {
  const auto found = given_up_.find(port);
  return found != given_up_.end() && runtime::Clock::now() - found->second < closing_time;
}

tl::expected<std::shared_ptr<const ListeningSocket>, std::string> Listeners::open_one(
    const config::Listener& settings, bool dual_stack, std::uint32_t acceptor) {
  platform::ListenOptions options;
  options.dual_stack = dual_stack;
  auto opened = platform::listen_tcp(endpoint_of(settings), options);
  if (!opened) return tl::unexpected(explain(settings, opened.error()));
  auto socket = std::make_shared<ListeningSocket>();
  socket->id = ++last_id_;
  socket->acceptor = acceptor;
  socket->settings = settings;
  socket->dual_stack = dual_stack;
  socket->socket = std::move(*opened);
  return socket;
}

tl::expected<std::shared_ptr<const ListeningSocket>, std::string> Listeners::take_one(
    const ListeningSocket& other, std::uint32_t acceptor) {
  auto socket = std::make_shared<ListeningSocket>();
  socket->id = ++last_id_;
  socket->acceptor = acceptor;
  socket->settings = other.settings;
  socket->dual_stack = other.dual_stack;
  socket->socket = platform::duplicate(other.socket.get());
  if (!socket->socket) return tl::unexpected(std::string("no descriptor is left for a listener"));
  return socket;
}

std::string_view to_string(config::ListenerProtocol protocol) {
  switch (protocol) {
    case config::ListenerProtocol::http:
      return "http";
    case config::ListenerProtocol::socks5:
      return "socks";
    case config::ListenerProtocol::mixed:
      return "mixed";
  }
  return "";
}

wire::Endpoint endpoint_of(const config::Listener& listener) {
  return {listener.address, listener.port};
}

}  // namespace bulkhead::supervisor

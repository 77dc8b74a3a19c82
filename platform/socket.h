// Network sockets as small free functions. Every descriptor made here is close-on-exec and
// non-blocking. Nothing here blocks, retries or allocates.
#pragma once

#include <chrono>
#include <optional>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"
#include "wire/address.h"

namespace bulkhead::platform {

struct ListenOptions {
  int backlog = 1024;
  bool reuse_port = true;  // several sockets on one port, the kernel spreads the connections
  // For an IPv6 endpoint only: also take IPv4 connections (only meaningful on ::). Always set
  // explicitly, so that the system's default does not matter.
  bool dual_stack = false;
};

// A bound and listening TCP socket (SO_REUSEADDR). Port 0 picks one: see local_endpoint().
tl::expected<UniqueFd, Error> listen_tcp(const wire::Endpoint& endpoint,
                                         const ListenOptions& options = {});

struct Accepted {
  UniqueFd socket;
  wire::Endpoint peer;
};
// The next connection. EAGAIN when there is none; ECONNABORTED and the network errors accept(2)
// passes on mean "try again", EMFILE and ENFILE mean "wait".
tl::expected<Accepted, Error> accept_tcp(int listener);

// Unbound sockets of the family of endpoint's address.
tl::expected<UniqueFd, Error> create_tcp(const wire::IpAddress& family);
tl::expected<UniqueFd, Error> create_udp(const wire::IpAddress& family);
// For ICMP echoes and nothing else. EACCES unless the system allows this process's group to make
// one (net.ipv4.ping_group_range, for both families).
tl::expected<UniqueFd, Error> create_ping(const wire::IpAddress& family);

// Binds to a local endpoint, without SO_REUSEPORT; port 0 picks one.
tl::expected<void, Error> bind_socket(int socket, const wire::Endpoint& local);
tl::expected<void, Error> start_listening(int socket, int backlog);

enum class ConnectStart {
  connected,    // done already: UDP, and sometimes TCP on loopback
  in_progress,  // wait until writable, then ask socket_error()
};
tl::expected<ConnectStart, Error> start_connect(int socket, const wire::Endpoint& peer);

// SO_ERROR: why a connect failed or a connection broke, or an empty code. Reading it clears it.
std::error_code socket_error(int socket);

// On a listening socket these three hold for what is accepted from then on.
tl::expected<void, Error> set_no_delay(int socket, bool on);
// Probes after idle, then every interval, and gives up after count unanswered ones. Whole seconds,
// at least 1.
tl::expected<void, Error> set_keepalive(int socket, std::chrono::seconds idle,
                                        std::chrono::seconds interval, int count);
tl::expected<void, Error> clear_keepalive(int socket);
// Makes close() send a reset instead of a FIN.
tl::expected<void, Error> set_reset_on_close(int socket);

tl::expected<wire::Endpoint, Error> local_endpoint(int socket);
tl::expected<wire::Endpoint, Error> peer_endpoint(int socket);

// Where a socket listens that somebody else made; nothing if it is no listening TCP socket.
struct Listening {
  wire::Endpoint local;
  bool dual_stack = false;
};
std::optional<Listening> describe_listener(int socket);

// Half-close: sends a FIN, reading goes on. ENOTCONN when the connection is gone already.
tl::expected<void, Error> shutdown_write(int socket);

tl::expected<void, Error> set_non_blocking(int descriptor);

}  // namespace bulkhead::platform

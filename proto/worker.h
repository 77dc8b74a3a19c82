// The conversation between the supervisor and a worker.
//
// worker: Hello, once, from inside its sandbox. Then for each generation of the configuration,
// supervisor: Listener* (new sockets), Prepare; worker: Prepared; supervisor: Commit or Abort. A
// worker serves nothing before its first Commit. Drain ends it: it stops accepting, waits for its
// connections, says Drained and exits.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

enum class LayerState : std::uint8_t { on, off, unavailable, end_ };

struct SandboxLayer {
  Text<32> name;
  LayerState state = LayerState::off;
  Text<200> detail;
  static auto fields(auto& self) { return std::tie(self.name, self.state, self.detail); }
};

struct Hello {
  static constexpr MessageType type = MessageType::hello;
  std::uint16_t version = protocol_version;
  Party role = Party::acceptor;
  std::uint32_t uid = 0;
  bool sandbox_complete = false;
  List<SandboxLayer, 16> layers;
  static auto fields(auto& self) {
    return std::tie(self.version, self.role, self.uid, self.sandbox_complete, self.layers);
  }
};

enum class ListenerProtocol : std::uint8_t { http, socks, mixed, end_ };

// A listening socket (one descriptor). id is unique for the supervisor's life.
struct Listener {
  static constexpr MessageType type = MessageType::listener;
  std::uint32_t id = 0;
  Text<64> name;
  ListenerProtocol protocol = ListenerProtocol::http;
  bool proxy_protocol = false;
  // Serve it now, not with the next generation: it is that of an acceptor that is not coming back
  // at once.
  bool at_once = false;
  wire::Endpoint address;
  static auto fields(auto& self) {
    return std::tie(self.id, self.name, self.protocol, self.proxy_protocol, self.at_once,
                    self.address);
  }
};

// A new generation: the sealed memfd with this role's projection of the configuration (one
// descriptor), and all listeners that it is to serve; a listener it has and that is not named is
// closed at the commit.
struct Prepare {
  static constexpr MessageType type = MessageType::prepare;
  std::uint32_t generation = 0;
  List<std::uint32_t, 256> listeners;
  static auto fields(auto& self) { return std::tie(self.generation, self.listeners); }
};

struct Prepared {
  static constexpr MessageType type = MessageType::prepared;
  std::uint32_t generation = 0;
  bool ok = false;
  Text<1000> error;
  static auto fields(auto& self) { return std::tie(self.generation, self.ok, self.error); }
};

struct Commit {
  static constexpr MessageType type = MessageType::commit;
  std::uint32_t generation = 0;
  static auto fields(auto& self) { return std::tie(self.generation); }
};

struct Abort {
  static constexpr MessageType type = MessageType::abort;
  std::uint32_t generation = 0;
  static auto fields(auto& self) { return std::tie(self.generation); }
};

// An acceptor's channel to the egress, or to the vault: the other worker's end (one descriptor),
// one for each acceptor. The supervisor keeps that end as well, and hands it to that worker's
// successor: what an acceptor asks meanwhile waits in the kernel. index is the acceptor's, to the
// vault its number as a holder (vault.h).
struct Peer {
  static constexpr MessageType type = MessageType::peer;
  Party role = Party::acceptor;
  std::uint32_t index = 0;
  static auto fields(auto& self) { return std::tie(self.role, self.index); }
};

// To an acceptor: the egress or the vault at the other end of its channel is a new one. What the
// old egress had taken and not answered is to be asked again; what the old vault held is to be held
// anew.
struct PeerRestarted {
  static constexpr MessageType type = MessageType::peer_restarted;
  Party role = Party::egress;
  static auto fields(auto& self) { return std::tie(self.role); }
};

// Where access log lines go (one descriptor, opened for appending); replaces an earlier one.
struct AccessLog {
  static constexpr MessageType type = MessageType::access_log;
  static auto fields(auto&) { return std::tie(); }
};

// Shared memory (one descriptor, see platform/shared_memory.h), sent before the first Prepare and
// again when it is replaced. The layouts are in ipc/page/. owner is the index of the worker that
// writes it, where each worker has one of its own.
enum class PageKind : std::uint8_t {
  backends,  // to acceptors; owner: the column of the process (ipc/page/columns.h)
  counters,
  limits,  // to acceptors; owner: the column of the process
  bans,    // to acceptors, for reading
  health,  // the egress may write it
  flows,
  copy_buffers,
  recorder,
  end_
};

struct Page {
  static constexpr MessageType type = MessageType::page;
  PageKind kind = PageKind::counters;
  std::uint32_t owner = 0;
  static auto fields(auto& self) { return std::tie(self.kind, self.owner); }
};

struct Drain {
  static constexpr MessageType type = MessageType::drain;
  std::uint32_t timeout_ms = 0;  // then what is left is closed
  // An acceptor lets go of its raw flows first and says Relinquished (vault.h): another one goes on
  // with them.
  bool hand_over = false;
  // A connection on which nothing is under way may send one more request within this time, whose
  // answer closes it: another acceptor serves the same address, so no client need notice. 0: it is
  // closed at once.
  std::uint32_t idle_ms = 0;
  static auto fields(auto& self) { return std::tie(self.timeout_ms, self.hand_over, self.idle_ms); }
};

struct Drained {
  static constexpr MessageType type = MessageType::drained;
  std::uint32_t cut = 0;  // connections that had to be closed at the end
  static auto fields(auto& self) { return std::tie(self.cut); }
};

struct ConnectionRow {
  static constexpr MessageType type = MessageType::connection_row;
  std::uint64_t id = 0;
  std::uint16_t worker = 0;
  wire::Endpoint client;
  Text<64> user;
  Text<16> protocol;
  Text<300> destination;
  Text<64> backend;
  Text<128> rule;
  Text<24> state;
  std::uint64_t age_ms = 0, up = 0, down = 0;
  static auto fields(auto& self) {
    return std::tie(self.id, self.worker, self.client, self.user, self.protocol, self.destination,
                    self.backend, self.rule, self.state, self.age_ms, self.up, self.down);
  }
};

struct QueryConnections {
  static constexpr MessageType type = MessageType::query_connections;
  static auto fields(auto&) { return std::tie(); }
};

// Part of the answer; the last part says so.
struct Connections {
  static constexpr MessageType type = MessageType::connections;
  bool last = false;
  List<ConnectionRow, 64> rows;
  static auto fields(auto& self) { return std::tie(self.last, self.rows); }
};

// Ends one connection, or with id 0 all.
struct CloseConnections {
  static constexpr MessageType type = MessageType::close_connections;
  std::uint64_t id = 0;
  static auto fields(auto& self) { return std::tie(self.id); }
};

}  // namespace bulkhead::proto

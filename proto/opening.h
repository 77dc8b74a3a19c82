// What an acceptor asks of an egress: sockets. Each request is answered by Opened (one descriptor)
// or Refused.
//
// The egress decides: it resolves, checks the resolved address against the destination policy and
// connects. A request names a backend; for a parent proxy the egress connects to the parent's
// configured address whatever the host.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"
#include "proto/refusal.h"

namespace bulkhead::proto {

// What each request for a way to a host says.
struct OpeningRequest {
  Text<64> backend;
  Text<wire::max_host_length> host;
  std::uint16_t port = 0;
  std::uint32_t timeout_ms = 0;
  static auto fields(auto& self) {
    return std::tie(self.backend, self.host, self.port, self.timeout_ms);
  }
};

struct OpenTcp : OpeningRequest {
  static constexpr MessageType type = MessageType::open_tcp;
};

// A UDP socket connected to the destination.
struct OpenUdp : OpeningRequest {
  static constexpr MessageType type = MessageType::open_udp;
};

// SOCKS BIND: a listening TCP socket that expects a connection from the host (resolved and checked
// like a destination; all-zero address: from anywhere the policy allows). Opened::local is what to
// tell the client.
struct BindTcp : OpeningRequest {
  static constexpr MessageType type = MessageType::bind_tcp;
};

// SOCKS UDP ASSOCIATE: an unconnected UDP socket on the address that the client's TCP connection
// (one descriptor) came in on.
struct OpenUdpClient {
  static constexpr MessageType type = MessageType::open_udp_client;
  static auto fields(auto&) { return std::tie(); }
};

// Connects that socket (second descriptor) to the client's datagram source, if its address is that
// of the TCP connection's peer (first descriptor). Answered by Opened with the same socket.
struct PinUdpClient {
  static constexpr MessageType type = MessageType::pin_udp_client;
  wire::Endpoint source;
  static auto fields(auto& self) { return std::tie(self.source); }
};

// SOCKS BIND from anybody: whether the destination policy allows the peer of an accepted connection
// (one descriptor). Answered by Opened with the same socket.
struct AdmitPeer {
  static constexpr MessageType type = MessageType::admit_peer;
  static auto fields(auto&) { return std::tie(); }
};

struct Opened {
  static constexpr MessageType type = MessageType::opened;
  wire::Endpoint local, remote;
  std::uint32_t resolve_us = 0, connect_us = 0;
  static auto fields(auto& self) {
    return std::tie(self.local, self.remote, self.resolve_us, self.connect_us);
  }
};

struct Refused {
  static constexpr MessageType type = MessageType::refused;
  Refusal reason = Refusal::internal_error;
  Text<200> detail;  // for the log; never sent to the client
  static auto fields(auto& self) { return std::tie(self.reason, self.detail); }
};

// What connections through a backend told an acceptor that the egress does not know yet: that it
// cannot be reached (so many failed in a row that nothing is sent there for a while), or that it
// works. There is no answer.
struct BackendReport {
  static constexpr MessageType type = MessageType::backend_report;
  Text<64> backend;
  bool works = false;
  Text<200> detail;
  static auto fields(auto& self) { return std::tie(self.backend, self.works, self.detail); }
};

// The request of that id is no longer wanted. There is no answer; one already on its way is dropped
// by the asker.
struct Cancel {
  static constexpr MessageType type = MessageType::cancel;
  std::uint32_t request = 0;
  static auto fields(auto& self) { return std::tie(self.request); }
};

}  // namespace bulkhead::proto

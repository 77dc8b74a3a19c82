// All that is known about a connection beyond its bytes, in a flow's record (flow_page.h): enough
// for whoever carries the flow last to show it, to relay it under the same terms and to write its
// access log line. Encoded as messages are (proto/codec.h): what is read back is whole and within
// its bounds, or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "proto/codec.h"

namespace bulkhead::ipc {

struct FlowHeader {
  proto::Text<64> name;
  proto::Text<512> value;
  static auto fields(auto& self) { return std::tie(self.name, self.value); }
};

struct FlowTerms {
  wire::Endpoint client;    // as announced, which need not be the socket's peer
  wire::Endpoint upstream;  // port 0: not known
  proto::Text<64> listener;
  proto::Text<16> protocol;
  proto::Text<256> user;
  proto::Text<32> method;
  proto::Text<wire::max_host_length> host;
  std::uint16_t port = 0;
  std::uint16_t status = 0;
  proto::Text<128> rule;
  proto::Text<64> backend;
  std::int64_t started_us = 0;                       // system clock
  std::uint64_t bytes_received = 0, bytes_sent = 0;  // before the tunnel
  std::uint64_t connect_us = 0;
  std::uint64_t idle_ms = 0, write_ms = 0;
  std::uint32_t keepalive_s = 0;
  // From here on left out, the last first, when there is no room.
  proto::Text<8> version;
  proto::Text<2048> path;
  proto::Text<512> user_agent, referer;
  proto::List<FlowHeader, 64> headers;

  static auto fields(auto& self) {
    return std::tie(self.client, self.upstream, self.listener, self.protocol, self.user,
                    self.method, self.host, self.port, self.status, self.rule, self.backend,
                    self.started_us, self.bytes_received, self.bytes_sent, self.connect_us,
                    self.idle_ms, self.write_ms, self.keepalive_s, self.version, self.path,
                    self.user_agent, self.referer, self.headers);
  }
};

// Writes the terms into `room`, shortened if need be; returns how many octets, 0 if they do not fit
// at all.
std::size_t write_terms(FlowTerms terms, std::span<std::uint8_t> room);

// Nothing if they are not what write_terms() writes.
std::optional<FlowTerms> read_terms(std::span<const std::uint8_t> octets);

}  // namespace bulkhead::ipc

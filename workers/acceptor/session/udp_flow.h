// One destination of a UDP association: its socket, and what waits for it to be opened.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/datagram.h"
#include "runtime/gate.h"
#include "wire/socks/address.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/traffic.h"

namespace bulkhead::acceptor {

// What the flows of an association share. Lives as long as they.
struct UdpPeers {
  Client& client;
  runtime::Socket client_socket;  // connected to the client once pinned
  runtime::Gate gate;
  std::uint64_t up = 0, down = 0;  // payload octets
};

class UdpFlow : public std::enable_shared_from_this<UdpFlow> {
 public:
  // Datagrams kept while the socket is being opened.
  static constexpr std::size_t max_waiting = 16;

  UdpFlow(UdpPeers& peers, wire::socks::Address destination);

  // Opens the socket and carries answers back until nothing has moved for the idle time or the
  // scope is cancelled.
  runtime::Task<void> run();

  // From the client to the destination.
  void send(std::span<const std::uint8_t> data);

  bool ended() const { return ended_; }
  // It was refused, or called off: asking again at once would be refused, and logged, again.
  bool refused() const { return ended_ && !carried_; }
  runtime::Deadline last_use() const { return last_use_; }

 private:
  runtime::Task<bool> open(AccessRecord& record);
  runtime::Task<void> carry_back(std::optional<wire::Endpoint> source);
  void answer(std::span<const std::byte> data, const wire::socks::Address& source);
  void put(std::span<const std::uint8_t> data);
  // Datagrams above the pace are dropped, as a narrow link would.
  static bool may_pass(runtime::Meter& meter, std::size_t bytes);

  UdpPeers& peers_;
  wire::socks::Address destination_;
  std::unique_ptr<runtime::Socket> socket_;  // none for the echo backend
  std::shared_ptr<const Generation> generation_;
  std::deque<std::vector<std::uint8_t>> waiting_;
  std::optional<MeteredTraffic> traffic_;  // while run() carries
  Place place_;                            // of the backend
  runtime::Deadline last_use_;
  std::uint64_t up_ = 0, down_ = 0;
  bool echo_ = false;
  bool ended_ = false;
  bool carried_ = false;
};

}  // namespace bulkhead::acceptor

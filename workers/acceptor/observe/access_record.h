// What the access log can tell about one request, tunnel or UDP flow. Text from the client is kept
// as it came; the log's formats escape it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/refusal.h"
#include "wire/address.h"

namespace bulkhead::acceptor {

struct AccessRecord {
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::uint64_t id = 0;
  wire::Endpoint client;
  std::string listener;
  std::string protocol;  // http, connect, socks4, socks5, udp
  std::string username;
  std::string method;
  wire::HostPort destination;
  std::string path;
  std::string version;  // of the request line, for the Apache forms
  int status =
      0;  // what the client was told: HTTP status, or the HTTP status a SOCKS reply corresponds to
  std::optional<proto::Refusal> refusal;
  std::string detail;                                    // more about the refusal, for the log only
  std::uint64_t bytes_sent = 0;                          // to the client
  std::uint64_t bytes_received = 0;                      // from the client
  std::uint64_t counted_sent = 0, counted_received = 0;  // of these: counted while they moved
  std::chrono::microseconds connect_time{0};
  // Plain HTTP: until the first octet of the response went to the client; 0: none did.
  std::chrono::microseconds first_byte{0};
  std::string rule;
  std::string backend;
  std::optional<wire::Endpoint> upstream;  // the address connected to
  std::string user_agent;
  std::string referer;
  std::vector<std::pair<std::string, std::string>> headers;  // only if the log asks for them
};

}  // namespace bulkhead::acceptor

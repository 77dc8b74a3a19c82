// One question to the DNS servers, one answer: c-ares under our loop.
//
// Names are asked for as absolute: no search domains, no hosts file, no localhost. c-ares retries,
// goes on to the next server, and falls back to TCP when an answer is truncated. A question is
// given up after `timeout`, all tries together. Dies with questions open: their callbacks are then
// dropped uncalled.
#pragma once

#include <ares.h>
#include <chrono>
#include <event2/event.h>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/loop.h"
#include "wire/address.h"

namespace bulkhead::egress {

enum class AddressFamily { ipv4, ipv6 };

struct DnsAnswer {
  enum class Status {
    found,
    no_name,    // NXDOMAIN
    no_data,    // the name is there, but without an address of this family
    timed_out,  // no server answered in time
    failed,     // SERVFAIL, REFUSED, garbage, no server reachable
  };
  Status status = Status::failed;
  std::vector<wire::IpAddress> addresses;  // at most max_addresses, only when found
  std::chrono::seconds ttl{0};             // the smallest of the answer, only when found
  std::string detail;                      // for the log, when not found
};

class DnsClient : private runtime::TimerNode {
 public:
  static constexpr int max_addresses = 16;
  using Callback = std::function<void(DnsAnswer)>;

  // servers empty: the system's, from /etc/resolv.conf as it is now. Uses Loop::current().
  DnsClient(const std::vector<wire::Endpoint>& servers, std::chrono::milliseconds timeout);
  ~DnsClient();

  // callback is called once, perhaps before this returns, and must not destroy the client.
  void query(const std::string& name, AddressFamily family, Callback callback);

 private:
  struct Question;
  struct EventDeleter {
    void operator()(event* watch) const { event_free(watch); }
  };

  static void on_socket_state(void* self, ares_socket_t socket, int readable, int writable);
  static void on_socket_ready(evutil_socket_t socket, short what, void* self);
  static void on_answer(void* question, int status, int timeouts, unsigned char* octets, int size);
  void watch(ares_socket_t socket, bool readable, bool writable);
  void on_timeout() override;
  void process(ares_socket_t readable, ares_socket_t writable);
  void arm_timer();
  void use_servers(const std::vector<wire::Endpoint>& servers);

  ares_channel channel_ = nullptr;
  int init_status_ = ARES_SUCCESS;
  bool closing_ = false;
  std::map<ares_socket_t, std::unique_ptr<event, EventDeleter>> watches_;
};

}  // namespace bulkhead::egress

#include "egress/dns_client.h"

#include <algorithm>
#include <arpa/nameser.h>
#include <array>
#include <cstring>
#include <netdb.h>
#include <utility>

namespace bulkhead::egress {
namespace {

// Two rounds over the servers, the second with twice the patience: with n servers a question takes
// 3 * n of these.
constexpr int tries = 2;
int try_timeout(std::size_t servers, std::chrono::milliseconds timeout) {
  const auto shares = static_cast<std::int64_t>(3 * std::max<std::size_t>(servers, 1));
  return static_cast<int>(std::clamp<std::int64_t>(timeout.count() / shares, 10, 60'000));
}

DnsAnswer::Status status_of(int ares_status) {
  switch (ares_status) {
    case ARES_ENOTFOUND:
      return DnsAnswer::Status::no_name;
    case ARES_ENODATA:
      return DnsAnswer::Status::no_data;
    case ARES_ETIMEOUT:
      return DnsAnswer::Status::timed_out;
    default:
      return DnsAnswer::Status::failed;
  }
}

DnsAnswer no_answer(int ares_status) {
  return {status_of(ares_status), {}, std::chrono::seconds(0), ares_strerror(ares_status)};
}

template <typename Record, typename ToAddress>
DnsAnswer found(std::span<const Record> records, ToAddress to_address) {
  DnsAnswer answer{DnsAnswer::Status::found, {}, std::chrono::seconds::max(), {}};
  for (const Record& record : records) {
    answer.addresses.push_back(to_address(record));
    answer.ttl = std::min(answer.ttl, std::chrono::seconds(std::max(record.ttl, 0)));
  }
  return answer;
}

DnsAnswer parse_ipv4(const unsigned char* octets, int size) {
  std::array<ares_addrttl, DnsClient::max_addresses> records{};
  int count = DnsClient::max_addresses;
  const int status = ares_parse_a_reply(octets, size, nullptr, records.data(), &count);
  if (status != ARES_SUCCESS) return no_answer(status);
  if (count <= 0) return no_answer(ARES_ENODATA);
  const auto given = std::span<const ares_addrttl>(records).first(static_cast<std::size_t>(count));
  return found(given, [](const ares_addrttl& record) {
    return wire::IpAddress::v4(ntohl(record.ipaddr.s_addr));
  });
}

DnsAnswer parse_ipv6(const unsigned char* octets, int size) {
  std::array<ares_addr6ttl, DnsClient::max_addresses> records{};
  int count = DnsClient::max_addresses;
  const int status = ares_parse_aaaa_reply(octets, size, nullptr, records.data(), &count);
  if (status != ARES_SUCCESS) return no_answer(status);
  if (count <= 0) return no_answer(ARES_ENODATA);
  const auto given = std::span<const ares_addr6ttl>(records).first(static_cast<std::size_t>(count));
  return found(given, [](const ares_addr6ttl& record) {
    return wire::IpAddress::v6(std::span<const std::uint8_t, 16>(record.ip6addr._S6_un._S6_u8));
  });
}

}  // namespace

struct DnsClient::Question {
  DnsClient& client;
  AddressFamily family;
  Callback callback;
};

DnsClient::DnsClient(const std::vector<wire::Endpoint>& servers,
                     std::chrono::milliseconds timeout) {
  ares_options options{};
  options.timeout = try_timeout(servers.empty() ? 2 : servers.size(), timeout);
  options.tries = tries;
  options.sock_state_cb = &DnsClient::on_socket_state;
  options.sock_state_cb_data = this;
  std::array<char, 2> dns_only{"b"};
  options.lookups = dns_only.data();
  init_status_ = ares_init_options(&channel_, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                                       ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS);
  if (init_status_ != ARES_SUCCESS) {
    channel_ = nullptr;
    return;
  }
  if (!servers.empty()) use_servers(servers);
}

void DnsClient::use_servers(const std::vector<wire::Endpoint>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto octets = servers[i].address.bytes();
    nodes[i].next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    nodes[i].family = servers[i].address.is_v4() ? AF_INET : AF_INET6;
    std::memcpy(&nodes[i].addr, octets.data(), octets.size());
    nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
  }
  init_status_ = ares_set_servers_ports(channel_, nodes.data());
}

DnsClient::~DnsClient() {
  closing_ = true;
  if (channel_ != nullptr) ares_destroy(channel_);
}

void DnsClient::query(const std::string& name, AddressFamily family, Callback callback) {
  if (init_status_ != ARES_SUCCESS) return callback(no_answer(init_status_));
  auto question = std::make_unique<Question>(Question{*this, family, std::move(callback)});
  const int type = family == AddressFamily::ipv4 ? ns_t_a : ns_t_aaaa;
  ares_query(channel_, name.c_str(), ns_c_in, type, &DnsClient::on_answer, question.release());
  arm_timer();
}

void DnsClient::on_answer(void* argument, int status, int, unsigned char* octets, int size) {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  if (question->client.closing_) return;
  if (status != ARES_SUCCESS) return question->callback(no_answer(status));
  question->callback(question->family == AddressFamily::ipv4 ? parse_ipv4(octets, size)
                                                             : parse_ipv6(octets, size));
}

void DnsClient::on_socket_state(void* self, ares_socket_t socket, int readable, int writable) {
  static_cast<DnsClient*>(self)->watch(socket, readable != 0, writable != 0);
}

void DnsClient::watch(ares_socket_t socket, bool readable, bool writable) {
  watches_.erase(socket);
  if (closing_ || (!readable && !writable)) return;
  const auto what =
      static_cast<short>(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
  event* made =
      event_new(runtime::Loop::current().base(), socket, what, &DnsClient::on_socket_ready, this);
  watches_[socket].reset(made);
  event_add(made, nullptr);
}

void DnsClient::on_socket_ready(evutil_socket_t socket, short what, void* self) {
  static_cast<DnsClient*>(self)->process((what & EV_READ) != 0 ? socket : ARES_SOCKET_BAD,
                                         (what & EV_WRITE) != 0 ? socket : ARES_SOCKET_BAD);
}

void DnsClient::on_timeout() {
  process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void DnsClient::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  arm_timer();
}

void DnsClient::arm_timer() {
  timeval next{};
  if (ares_timeout(channel_, nullptr, &next) == nullptr) return disarm();
  arm(runtime::Clock::now() + std::chrono::seconds(next.tv_sec) +
      std::chrono::microseconds(next.tv_usec));
}

}  // namespace bulkhead::egress

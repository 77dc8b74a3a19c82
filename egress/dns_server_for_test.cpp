#include "egress/dns_server_for_test.h"

#include <array>
#include <sys/socket.h>

#include "runtime/timer.h"

namespace bulkhead::egress::testing {
namespace {

constexpr std::size_t header = 12;

struct Asked {
  std::string name;
  std::uint16_t type = 0;
  std::size_t end = header;  // behind the question
};

Asked question_of(const std::string& query) {
  Asked asked;
  while (asked.end < query.size() && query[asked.end] != 0) {
    const auto length = static_cast<std::size_t>(query[asked.end]);
    if (!asked.name.empty()) asked.name += '.';
    asked.name += query.substr(asked.end + 1, length);
    asked.end += 1 + length;
  }
  asked.type = static_cast<std::uint8_t>(query.at(asked.end + 2));
  asked.end += 5;
  return asked;
}

void put(std::string& out, std::uint32_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::string build(const std::string& query, const Asked& asked, const DnsRecords& records,
                  bool truncated) {
  std::string body;
  std::uint32_t count = 0;
  for (const std::string& text : records.addresses) {
    const auto address = ip(text);
    if (truncated || address.is_v4() != (asked.type == 1)) continue;
    const auto octets = address.bytes();
    put(body, 0xc00c, 2);
    put(body, asked.type, 2);
    put(body, 1, 2);
    put(body, records.ttl, 4);
    put(body, static_cast<std::uint32_t>(octets.size()), 2);
    body.append(octets.begin(), octets.end());
    ++count;
  }
  std::string out = query.substr(0, 2);
  put(out, 0x8180u | (truncated ? 0x0200u : 0u) | static_cast<unsigned>(records.rcode), 2);
  put(out, 1, 2);
  put(out, count, 2);
  put(out, 0, 4);
  return out + query.substr(header, asked.end - header) + body;
}

}  // namespace

DnsServer::DnsServer(runtime::Loop& loop) : background_(loop) {
  TestListener listener;
  endpoint_ = listener.endpoint;
  tcp_.emplace(std::move(listener.socket));
  auto udp = platform::create_udp(endpoint_.address);
  EXPECT_TRUE(platform::bind_socket(udp->get(), endpoint_));
  udp_.emplace(std::move(*udp));
  background_.start(serve_udp());
  background_.start(serve_tcp());
}

runtime::Task<void> DnsServer::serve_udp() {
  std::array<char, 1500> buffer;
  while (true) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const auto got = ::recvfrom(udp_->fd(), buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
    if (got > 0) {
      const auto client = wire::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&from), length);
      background_.start(
          answer_one(std::string(buffer.data(), static_cast<std::size_t>(got)), *client));
      continue;
    }
    const auto status = co_await runtime::ready(*udp_, runtime::Direction::read);
    if (status != runtime::IoStatus::ok) co_return;
  }
}

runtime::Task<void> DnsServer::answer_one(std::string query, wire::Endpoint client) {
  const Asked asked_for = question_of(query);
  ++asked[asked_for.name + (asked_for.type == 1 ? " A" : " AAAA")];
  DnsRecords records;
  records.rcode = 3;
  if (const auto found = names.find(asked_for.name); found != names.end()) records = found->second;
  if (records.silent || (records.silent_ipv6 && asked_for.type != 1)) co_return;
  if (records.delay.count() > 0) {
    const bool slept = co_await runtime::sleep_for(records.delay);
    if (!slept) co_return;
  }
  const std::string reply = build(query, asked_for, records, records.truncate);
  sockaddr_storage to{};
  const socklen_t length = client.to_sockaddr(to);
  ::sendto(udp_->fd(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&to), length);
}

runtime::Task<void> DnsServer::serve_tcp() {
  while (true) {
    platform::UniqueFd connection = co_await accept_one(*tcp_);
    if (!connection) co_return;
    background_.start(answer_tcp(std::move(connection)));
  }
}

runtime::Task<void> DnsServer::answer_tcp(platform::UniqueFd connection) {
  runtime::SocketStream stream(std::move(connection));
  while (true) {
    const std::string size = co_await read_until(stream, "", 2);
    if (size.size() < 2) co_return;
    const auto octets = static_cast<std::size_t>(static_cast<std::uint8_t>(size[0]) << 8 |
                                                 static_cast<std::uint8_t>(size[1]));
    const std::string query = co_await read_until(stream, "", octets);
    if (query.size() < octets) co_return;
    ++asked_over_tcp;
    const Asked asked_for = question_of(query);
    const std::string reply = build(query, asked_for, names[asked_for.name], false);
    std::string framed;
    put(framed, static_cast<std::uint32_t>(reply.size()), 2);
    framed += reply;
    const auto sent = co_await runtime::write_all(stream, framed, runtime::never);
    if (!sent.ok()) co_return;
  }
}

}  // namespace bulkhead::egress::testing

#include "workers/egress/health/ping.h"

#include <array>
#include <chrono>
#include <openssl/rand.h>
#include <unistd.h>

#include "platform/socket.h"
#include "runtime/datagram.h"
#include "wire/icmp/echo.h"

namespace bulkhead::egress_worker {
namespace {

using wire::icmp::Echo;
using wire::icmp::Family;
using Verdict = ProbeResult::Verdict;

// What is lost is not known to be: it is asked again after this time.
constexpr runtime::Duration patience{1'000};

ProbeResult impossible(const platform::Error& error) {
  const bool forbidden = error.code.value() == EACCES || error.code.value() == EPERM;
  if (!forbidden) return {Verdict::impossible, 0, error.to_string()};
  return {Verdict::impossible, 0,
          "the system forbids ICMP: sysctl net.ipv4.ping_group_range must include group " +
              std::to_string(::getegid())};
}

ProbeResult fails(std::string problem) {
  return {Verdict::fails, 0, std::move(problem)};
}

Echo fresh_echo() {
  Echo echo;
  RAND_bytes(reinterpret_cast<unsigned char*>(&echo.token), sizeof(echo.token));
  return echo;
}

// The reply to one of our echoes: the sequence number tells which. Anything else is passed over.
// problem: why none will come.
runtime::Task<std::optional<std::uint16_t>> receive(runtime::Socket& socket, Family family,
                                                    std::uint64_t token, std::string& problem,
                                                    runtime::Deadline deadline) {
  std::array<std::byte, 256> buffer;
  while (true) {
    const runtime::Datagram got = runtime::try_receive(socket, buffer);
    if (got.status == runtime::IoStatus::would_block) {
      const auto status = co_await runtime::ready(socket, runtime::Direction::read, deadline);
      if (status != runtime::IoStatus::ok) co_return std::nullopt;
      continue;
    }
    if (got.status != runtime::IoStatus::ok) {
      problem = "cannot be reached";
      co_return std::nullopt;
    }
    const auto octets = std::as_bytes(std::span(buffer)).first(got.bytes);
    const auto echo = parse_echo_reply(
        family, {reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
    if (echo && echo->token == token) co_return echo->sequence;
  }
}

}  // namespace

runtime::Task<ProbeResult> ping(wire::IpAddress address, runtime::Deadline deadline) {
  auto made = platform::create_ping(address);
  if (!made) co_return impossible(made.error());
  runtime::Socket socket(std::move(*made));
  const auto connected = platform::start_connect(socket.fd(), {address, 0});
  if (!connected) co_return fails(connected.error().to_string());
  const Family family = address.is_v4() ? Family::v4 : Family::v6;
  Echo echo = fresh_echo();
  std::string problem;
  std::array<runtime::Deadline, 64> sent{};
  while (runtime::Clock::now() < deadline) {
    sent[echo.sequence % sent.size()] = runtime::Clock::now();
    const auto message = build_echo_request(family, echo);
    runtime::try_send(socket, std::as_bytes(message.octets()));
    const auto wait = std::min<runtime::Deadline>(deadline, runtime::Clock::now() + patience);
    const auto answered = co_await receive(socket, family, echo.token, problem, wait);
    if (answered && *answered <= echo.sequence) {
      const auto took = runtime::Clock::now() - sent[*answered % sent.size()];
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
      co_return ProbeResult{Verdict::works, static_cast<std::uint32_t>(us), {}};
    }
    const runtime::CancelScope* scope = co_await runtime::current_scope();
    if (!problem.empty() || (scope != nullptr && scope->cancelled())) break;
    ++echo.sequence;
  }
  co_return fails(address.to_string() + ": " + (problem.empty() ? "no answer" : problem));
}

}  // namespace bulkhead::egress_worker

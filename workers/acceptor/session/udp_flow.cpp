#include "workers/acceptor/session/udp_flow.h"

#include <array>
#include <utility>

#include "runtime/timer.h"
#include "runtime/turn.h"
#include "wire/socks/udp.h"
#include "workers/acceptor/outbound/backend_choice.h"

namespace bulkhead::acceptor {
namespace {

// No UDP payload is longer.
constexpr std::size_t max_datagram = 65'536;
constexpr int max_failures = 16;  // in a row: an ICMP error is one, a broken socket is without end
thread_local std::array<std::byte, max_datagram> scratch;

bool carries_datagrams(const config::Backend& backend) {
  using config::BackendType;
  return backend.via.empty() &&
         (backend.type == BackendType::direct || backend.type == BackendType::echo);
}

tl::expected<Route, Failure> udp_route(Client& client, std::shared_ptr<const Generation> generation,
                                       AccessRecord& record, Place& place) {
  auto routed =
      route(client, std::move(generation), record.destination, config::MatchProtocol::udp, record);
  if (!routed) return routed;
  if (routed->redirect != nullptr)
    return tl::unexpected(Failure{proto::Refusal::rule_blocked, "a redirect needs HTTP"});
  BackendChoice choice(client.acceptor.balancer, routed->generation, *routed->rule,
                       client.entry.client.address, client.entry.user().get());
  auto taken = choice.take_one(carries_datagrams, "UDP needs a direct backend");
  if (!taken) return tl::unexpected(taken.error());
  place = std::move(taken->place);
  routed->backend = taken->backend;
  record.backend = routed->backend->name;
  return routed;
}

}  // namespace

UdpFlow::UdpFlow(UdpPeers& peers, wire::socks::Address destination)
    : peers_(peers),
      destination_(std::move(destination)),
      generation_(peers.client.acceptor.generation),
      last_use_(runtime::Loop::current().now()) {}

runtime::Task<void> UdpFlow::run() {
  const auto self = shared_from_this();
  const runtime::Gate::Pass pass = peers_.gate.enter();
  AccessRecord record = peers_.client.new_record("udp");
  record.method = "UDP";
  record.destination = wire::socks::to_host_port(destination_);
  const bool opened = co_await open(record);
  if (opened) {
    record.status = 200;
    carried_ = true;
    traffic_.emplace(peers_.client, record);
    for (const auto& data : std::exchange(waiting_, {})) put(data);
    co_await carry_back(record.upstream);
    traffic_.reset();
  }
  place_ = {};
  ended_ = true;
  if (!carried_) last_use_ = runtime::Loop::current().now();
  record.bytes_received = up_;
  record.bytes_sent = down_;
  peers_.client.acceptor.record(*generation_, record);
}

runtime::Task<bool> UdpFlow::open(AccessRecord& record) {
  const auto routed = udp_route(peers_.client, generation_, record, place_);
  if (!routed) {
    set_refusal(record, routed.error());
    co_return false;
  }
  echo_ = routed->backend->type == config::BackendType::echo;
  if (echo_) co_return true;
  const auto timeout = generation_->config->network.timeouts.connect;
  proto::OpenUdp ask;
  ask.backend = routed->backend->name;
  ask.host = record.destination.host;
  ask.port = record.destination.port;
  ask.timeout_ms = static_cast<std::uint32_t>(timeout.count());
  auto opened =
      co_await peers_.client.acceptor.egress.ask(ask, runtime::Loop::current().after(timeout));
  if (!opened) {
    set_refusal(record, opened.error());
    co_return false;
  }
  record.upstream = opened->terms.remote;
  socket_ = std::make_unique<runtime::Socket>(std::move(opened->socket));
  co_return true;
}

void UdpFlow::send(std::span<const std::uint8_t> data) {
  if (ended_) return;
  last_use_ = runtime::Loop::current().now();
  if (socket_ || echo_) return put(data);
  if (waiting_.size() < max_waiting) waiting_.emplace_back(data.begin(), data.end());
}

void UdpFlow::put(std::span<const std::uint8_t> data) {
  if (!traffic_ || !may_pass(traffic_->up(), data.size())) return;
  up_ += data.size();
  traffic_->up().passed(data.size());
  peers_.up += data.size();
  if (echo_) return answer(std::as_bytes(data), destination_);
  runtime::try_send(*socket_, std::as_bytes(data));
}

runtime::Task<void> UdpFlow::carry_back(std::optional<wire::Endpoint> source) {
  const runtime::Duration idle = generation_->config->network.timeouts.idle;
  int failures = 0;
  runtime::Turn turn;
  while (true) {
    co_await turn.pass();
    if (socket_) {
      const runtime::Datagram got = runtime::try_receive(*socket_, scratch);
      if (got.status == runtime::IoStatus::ok && !got.truncated) {
        failures = 0;
        last_use_ = runtime::Loop::current().now();
        answer(std::span(scratch).first(got.bytes), *source);
        continue;
      }
      // An ICMP error of an earlier datagram ends nothing: the next one may arrive.
      if (got.status == runtime::IoStatus::failed && ++failures > max_failures) co_return;
      if (got.status != runtime::IoStatus::would_block) continue;
    }
    runtime::IoStatus status = runtime::IoStatus::timed_out;
    if (socket_) {
      status = co_await runtime::ready(*socket_, runtime::Direction::read, last_use_ + idle);
    } else {
      const bool slept = co_await runtime::sleep_until(last_use_ + idle);
      if (!slept) status = runtime::IoStatus::cancelled;
    }
    if (status == runtime::IoStatus::cancelled) co_return;
    if (status == runtime::IoStatus::timed_out && last_use_ + idle <= runtime::Clock::now())
      co_return;
  }
}

bool UdpFlow::may_pass(runtime::Meter& meter, std::size_t bytes) {
  if (meter.allowance() == 0) return false;
  meter.took(bytes);
  return true;
}

// Header and data in one datagram, to the client.
void UdpFlow::answer(std::span<const std::byte> data, const wire::socks::Address& source) {
  const auto header = wire::socks::build_datagram_header(source);
  if (!header || header->size() + data.size() > max_datagram) return;
  std::vector<std::byte> datagram;
  datagram.reserve(header->size() + data.size());
  const auto head = std::as_bytes(header->octets());
  datagram.insert(datagram.end(), head.begin(), head.end());
  datagram.insert(datagram.end(), data.begin(), data.end());
  if (!traffic_ || !may_pass(traffic_->down(), data.size())) return;
  if (!runtime::try_send(peers_.client_socket, datagram)) return;
  down_ += data.size();
  traffic_->down().passed(data.size());
  peers_.down += data.size();
}

}  // namespace bulkhead::acceptor

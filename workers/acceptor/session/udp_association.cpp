#include "workers/acceptor/session/udp_association.h"

#include <array>
#include <map>

#include "runtime/both.h"
#include "runtime/turn.h"
#include "wire/socks/udp.h"
#include "workers/acceptor/policy/client_policy.h"
#include "workers/acceptor/session/udp_flow.h"

namespace bulkhead::acceptor {
namespace {

constexpr std::size_t max_flows = 256;  // destinations of one association at a time
// A destination that was refused is not asked for again, nor logged, for so long.
constexpr runtime::Duration refusal_holds{5'000};
constexpr std::size_t max_datagram = 65'536;
constexpr int max_failures = 16;  // in a row: an ICMP error is one, a broken socket is without end
thread_local std::array<std::byte, max_datagram> scratch;

class Association {
 public:
  Association(Client& client, platform::UniqueFd socket, wire::Endpoint announced,
              runtime::CancelScope& scope)
      : peers_{client, runtime::Socket(std::move(socket)), {}, 0, 0},
        announced_(announced),
        scope_(scope) {}

  // Carries datagrams from the client until cancelled; then waits for the flows.
  runtime::Task<void> run() {
    peers_.client.entry.live_up = &peers_.up;
    peers_.client.entry.live_down = &peers_.down;
    int failures = 0;
    runtime::Turn turn;
    while (!scope_.cancelled()) {
      co_await turn.pass();
      const runtime::Datagram got = runtime::try_receive(peers_.client_socket, scratch);
      if (got.status == runtime::IoStatus::would_block) {
        co_await runtime::ready(peers_.client_socket, runtime::Direction::read);
        continue;
      }
      if (got.status != runtime::IoStatus::ok && ++failures > max_failures) break;
      if (got.status != runtime::IoStatus::ok || got.truncated) continue;
      failures = 0;
      if (!is_from_client(got.source)) continue;
      if (!pinned_) {
        // The scratch buffer is others' while we wait.
        const std::vector<std::byte> first(
            scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(got.bytes));
        pinned_source_ = got.source;
        pinned_ = co_await pin(got.source);
        if (pinned_) pass_on(first);
        continue;
      }
      pass_on(std::span(scratch).first(got.bytes));
    }
    scope_.cancel();
    co_await peers_.gate.empty_uncancelled();
    peers_.client.entry.live_up = peers_.client.entry.live_down = nullptr;
  }

 private:
  // RFC 1928 section 7: only the client's own address, and the port it announced if it did. Once
  // pinned, the kernel sees to it.
  bool is_from_client(const wire::Endpoint& source) const {
    // connect() leaves in the queue what strangers sent before it, so the kernel's word is not
    // enough.
    if (pinned_) return source == pinned_source_;
    if (source.address != peers_.client.peer_address.address) return false;
    return announced_.port == 0 || announced_.port == source.port;
  }

  runtime::Task<bool> pin(wire::Endpoint source) {
    proto::PinUdpClient ask;
    ask.source = source;
    const auto timeout = peers_.client.acceptor.generation->config->network.timeouts.handshake;
    // Named: GCC 12 mistakes a braced list inside a co_await expression for an array.
    std::vector<int> passed{peers_.client.stream->socket().fd(), peers_.client_socket.fd()};
    const auto pinned = co_await peers_.client.acceptor.egress.ask(
        ask, runtime::Loop::current().after(timeout), std::move(passed));
    co_return pinned.has_value();
  }

  // Fragments are dropped: nobody sends them, and reassembling them is a way to be made to hold
  // memory.
  void pass_on(std::span<const std::byte> datagram) {
    const std::span<const std::uint8_t> octets(
        reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size());
    const auto parsed = wire::socks::parse_datagram(octets);
    if (!parsed || parsed->fragment != 0) return;
    const auto flow = flow_to(parsed->address);
    if (flow) flow->send(parsed->data);
  }

  std::shared_ptr<UdpFlow> flow_to(const wire::socks::Address& destination) {
    const std::string key = wire::socks::to_host_port(destination).to_string();
    const auto found = flows_.find(key);
    if (found != flows_.end() && !is_over(*found->second)) return found->second;
    if (found == flows_.end() && flows_.size() >= max_flows && !forget_ended()) {
      tell_full(destination);
      return nullptr;
    }
    auto flow = std::make_shared<UdpFlow>(peers_, destination);
    flows_[key] = flow;
    runtime::spawn(flow->run(), &scope_);
    return flow;
  }

  bool forget_ended() {
    return std::erase_if(flows_, [](const auto& entry) { return is_over(*entry.second); }) != 0;
  }

  static bool is_over(const UdpFlow& flow) {
    const bool holds =
        flow.refused() && runtime::Loop::current().now() < flow.last_use() + refusal_holds;
    return flow.ended() && !holds;
  }

  // Once for an association: what else it asks for meanwhile is dropped in silence.
  void tell_full(const wire::socks::Address& destination) {
    if (std::exchange(told_full_, true)) return;
    AccessRecord record = peers_.client.new_record("udp");
    record.method = "UDP";
    record.destination = wire::socks::to_host_port(destination);
    set_refusal(record, {proto::Refusal::overloaded, "more than " + std::to_string(max_flows) +
                                                         " destinations of one association"});
    peers_.client.acceptor.record(*peers_.client.acceptor.generation, record);
  }

  UdpPeers peers_;
  wire::Endpoint announced_;
  runtime::CancelScope& scope_;
  std::map<std::string, std::shared_ptr<UdpFlow>> flows_;
  wire::Endpoint pinned_source_;
  bool pinned_ = false;
  bool told_full_ = false;
};

// The TCP connection is the association's lifeline: whatever is said on it is ignored, its end ends
// everything.
runtime::Task<void> cancel_at_end(Client& client, runtime::CancelScope& association) {
  while (true) {
    client.buffer.consume(client.buffer.view().size());
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, runtime::never);
    if (got.ok()) continue;
    association.cancel();
    co_return;
  }
}

runtime::Task<void> run(Client& client, platform::UniqueFd socket, wire::Endpoint announced) {
  runtime::CancelScope* parent = co_await runtime::current_scope();
  runtime::CancelScope scope(parent);
  Association association(client, std::move(socket), announced, scope);
  co_await both(association.run().under(scope), cancel_at_end(client, scope).under(scope));
}

}  // namespace

runtime::Task<void> run_udp_association(Client& client, SocksRequest request) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  const config::Timeouts& timeouts = generation->config->network.timeouts;
  std::optional<Failure> refused;
  if (const auto reason = objection_to(client, *generation->config)) {
    refused = Failure{*reason, {}};
  } else {
    refused = admit(client, client.new_record("udp"));
  }
  if (refused) {
    AccessRecord record = client.new_record("udp");
    co_await refuse_socks(client, generation, request.version, *refused, std::move(record));
    co_return;
  }
  std::vector<int> passed{client.stream->socket().fd()};
  const proto::OpenUdpClient ask;
  auto opened = co_await client.acceptor.egress.ask(
      ask, runtime::Loop::current().after(timeouts.connect), std::move(passed));
  if (!opened) {
    AccessRecord record = client.new_record("udp");
    co_await refuse_socks(client, generation, request.version, opened.error(), std::move(record));
    co_return;
  }
  client.entry.set_protocol("udp");
  client.entry.set_unprotected(ipc::Unprotected::udp);
  client.entry.state = "associated";
  const bool told = co_await send_answer(
      client, socks_granted(request.version, opened->terms.local), timeouts.write);
  if (!told) co_return;
  const auto* announced = std::get_if<wire::Endpoint>(&request.address);
  co_await run(client, std::move(opened->socket),
               announced != nullptr ? *announced : wire::Endpoint{});
}

}  // namespace bulkhead::acceptor

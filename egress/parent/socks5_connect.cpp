// Three exchanges, each a message sent and one message awaited: method, name and password if the
// parent chose so, request.
#include "egress/parent/socks5_connect.h"

#include <array>
#include <functional>
#include <optional>

#include "wire/host_name.h"
#include "wire/socks/socks5_client.h"

namespace bulkhead::egress {
namespace {

namespace socks = wire::socks;
using proto::Refusal;
using Outcome = tl::expected<void, Failure>;
using Octets = std::span<const std::uint8_t>;

Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

tl::unexpected<Failure> failure_of(socks::Error error) {
  const bool authentication = error == socks::Error::no_acceptable_method;
  return failed(
      authentication ? Refusal::parent_authentication_failed : Refusal::parent_protocol_error,
      "the parent's answer: " + std::string(to_string(error)));
}

// Awaits one message. parse is called with all that has been received, until it needs no more.
template <typename Message>
runtime::Task<tl::expected<Message, Failure>> await_message(
    Handshake& handshake, std::function<wire::Parsed<Message, socks::Error>(Octets)> parse) {
  while (true) {
    const auto parsed = parse(octets_of(handshake.received()));
    if (parsed.is_error()) co_return failure_of(parsed.error());
    if (parsed.is_complete()) {
      Message message = parsed.message();
      handshake.use_up(parsed.consumed());
      co_return message;
    }
    Outcome more = co_await handshake.receive_more();
    if (!more) co_return tl::unexpected(std::move(more.error()));
  }
}

runtime::Task<Outcome> authenticate(Handshake& handshake, const ParentCredentials& credentials) {
  wire::OctetBuffer<socks::max_client_message> message;
  if (!socks::build_auth_request(credentials.username, octets_of(credentials.password), message)) {
    co_return failed(Refusal::parent_authentication_failed,
                     "name and password must have 1 to 255 octets");
  }
  const Outcome sent = co_await handshake.send(wire::as_text(message.octets()));
  message.wipe();
  if (!sent) co_return sent;
  std::function<wire::Parsed<bool, socks::Error>(Octets)> parse = socks::parse_auth_reply;
  auto accepted = co_await await_message<bool>(handshake, std::move(parse));
  if (!accepted) co_return tl::unexpected(std::move(accepted.error()));
  if (!*accepted) {
    co_return failed(Refusal::parent_authentication_failed, "the parent refused name and password");
  }
  co_return Outcome{};
}

runtime::Task<Outcome> negotiate(Handshake& handshake, const ParentCredentials* credentials) {
  constexpr std::array methods{socks::Method::no_auth, socks::Method::username_password};
  const auto offered = std::span(methods).first(credentials != nullptr ? 2 : 1);
  const auto greeting = socks::build_greeting(offered);
  const Outcome sent = co_await handshake.send(wire::as_text(greeting.octets()));
  if (!sent) co_return sent;
  std::function<wire::Parsed<socks::Method, socks::Error>(Octets)> parse =
      [offered](Octets octets) { return socks::parse_method_reply(octets, offered); };
  auto method = co_await await_message<socks::Method>(handshake, std::move(parse));
  if (!method) co_return tl::unexpected(std::move(method.error()));
  if (*method != socks::Method::username_password) co_return Outcome{};
  Outcome authenticated = co_await authenticate(handshake, *credentials);
  co_return authenticated;
}

Refusal refusal_for(socks::ReplyCode code) {
  switch (code) {
    case socks::ReplyCode::network_unreachable:
      return Refusal::network_unreachable;
    case socks::ReplyCode::ttl_expired:
    case socks::ReplyCode::host_unreachable:
      return Refusal::host_unreachable;
    case socks::ReplyCode::connection_refused:
      return Refusal::connection_refused;
    default:
      return Refusal::parent_refused;
  }
}

std::optional<socks::Address> address_of(const wire::HostPort& target) {
  if (const auto literal = target.literal()) return wire::Endpoint{*literal, target.port};
  const auto name = wire::to_ascii_name(target.host);
  if (!name) return std::nullopt;
  return wire::HostPort{*name, target.port};
}

runtime::Task<Outcome> request(Handshake& handshake, socks::Address target) {
  const auto message = socks::build_request(socks::Command::connect, target);
  if (!message) co_return failed(Refusal::bad_request, "no target for SOCKS5");
  const Outcome sent = co_await handshake.send(wire::as_text(message->octets()));
  if (!sent) co_return sent;
  std::function<wire::Parsed<socks::Reply, socks::Error>(Octets)> parse = socks::parse_reply;
  auto reply = co_await await_message<socks::Reply>(handshake, std::move(parse));
  if (!reply) co_return tl::unexpected(std::move(reply.error()));
  if (reply->code == socks::ReplyCode::succeeded) co_return Outcome{};
  const auto code = std::to_string(static_cast<unsigned>(reply->code));
  co_return failed(refusal_for(reply->code), "the parent answered with SOCKS5 reply " + code);
}

}  // namespace

runtime::Task<tl::expected<void, Failure>> connect_through_socks5(
    runtime::Stream& stream, wire::HostPort target, const ParentCredentials* credentials,
    std::string& received, runtime::Deadline deadline, bool* asked) {
  auto address = address_of(target);
  if (!address) co_return failed(Refusal::bad_request, "no target for SOCKS5");
  Handshake handshake(stream, received, deadline);
  Outcome outcome = co_await negotiate(handshake, credentials);
  if (!outcome) co_return outcome;
  if (asked != nullptr) *asked = true;
  Outcome answer = co_await request(handshake, std::move(*address));
  co_return answer;
}

}  // namespace bulkhead::egress

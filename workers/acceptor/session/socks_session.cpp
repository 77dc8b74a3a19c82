#include "workers/acceptor/session/socks_session.h"

#include <array>

#include "workers/acceptor/policy/client_policy.h"
#include "workers/acceptor/session/login.h"
#include "workers/acceptor/session/socks_request.h"
#include "workers/acceptor/session/udp_association.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;
namespace socks = wire::socks;

// Best first. A credential that is presented counts even where none is needed.
std::span<const socks::Method> offered_methods(const Client& client, const config::Config& config) {
  static constexpr std::array open{socks::Method::no_auth};
  static constexpr std::array either{socks::Method::username_password, socks::Method::no_auth};
  static constexpr std::array closed{socks::Method::username_password};
  if (!config.server.auth.required()) return open;
  if (needs_no_login(client, config)) return either;
  return closed;
}

// Reads until the parser has a whole message or an error. Parse: octets → wire::Parsed. Only the
// verdict is returned; the message is parsed again from the buffer by whoever uses it, because it
// may point into it.
enum class Arrival { complete, error, gone, late };

template <typename Parse>
runtime::Task<Arrival> await_message(Client& client, Parse parse, runtime::Deadline deadline) {
  while (true) {
    const auto parsed = parse(client.buffer.octets());
    if (parsed.is_complete()) co_return Arrival::complete;
    if (parsed.is_error()) co_return Arrival::error;
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, deadline);
    if (got.status == runtime::IoStatus::timed_out) co_return Arrival::late;
    if (!got.ok()) co_return Arrival::gone;
  }
}

std::string_view protocol_name(std::uint8_t version) {
  return version == socks::version4 ? "socks4" : "socks5";
}

// Records a negotiation that led nowhere. A client that merely closes has refused itself: no line.
void record_failure(Client& client, const Generation& generation, std::uint8_t version,
                    const Failure& failure) {
  AccessRecord record = client.new_record(protocol_name(version));
  set_refusal(record, failure);
  client.acceptor.record(generation, record);
}

// RFC 1929: a name and a password, or a name and one of its tokens. True if the client is known
// now.
runtime::Task<bool> sub_negotiate(Client& client, std::shared_ptr<const Generation> generation,
                                  runtime::Deadline deadline) {
  const auto write_time = generation->config->network.timeouts.write;
  const Arrival arrival = co_await await_message(client, socks::parse_auth_request, deadline);
  std::optional<AuthFailure> refused;
  if (arrival == Arrival::gone) co_return false;
  if (arrival == Arrival::late)
    refused = AuthFailure{Refusal::header_timeout, "credentials incomplete", 0};
  if (arrival == Arrival::error) {
    refused = AuthFailure{Refusal::authentication_failed, "malformed", 0, true};
    co_await hold_back(refused->free);
  }
  if (arrival == Arrival::complete) {
    Presented presented;
    std::size_t consumed = 0;
    {
      const auto parsed = socks::parse_auth_request(client.buffer.octets());
      presented.user = parsed.message().username;
      presented.secret = platform::Secret(wire::as_text(parsed.message().password));
      consumed = parsed.consumed();
    }
    client.buffer.consume_secret(consumed);
    refused = co_await log_in_socks(client, std::move(presented));
  }
  const std::string answer(wire::as_text(socks::build_auth_reply(!refused).octets()));
  const bool sent = co_await send_answer(client, answer, write_time);
  if (!refused) co_return sent;
  record_failure(client, *generation, 5, {refused->reason, refused->detail});
  client.stream->shutdown_write();
  co_return false;
}

// RFC 1928 section 3: the method, before any request. True if the client may go on.
runtime::Task<bool> negotiate(Client& client, std::shared_ptr<const Generation> generation,
                              runtime::Deadline deadline) {
  const auto write_time = generation->config->network.timeouts.write;
  const Arrival arrival = co_await await_message(client, socks::parse_greeting, deadline);
  if (arrival != Arrival::complete) {
    if (arrival == Arrival::late)
      record_failure(client, *generation, 5, {Refusal::header_timeout, "greeting incomplete"});
    if (arrival == Arrival::error)
      record_failure(client, *generation, 5, {Refusal::bad_request, "wrong_version"});
    co_return false;
  }
  const auto greeting = socks::parse_greeting(client.buffer.octets());
  socks::Method method =
      socks::choose_method(greeting.message(), offered_methods(client, *generation->config));
  client.buffer.consume(greeting.consumed());
  // Nobody's credentials are looked at who may not come in anyway.
  const auto objection = method == socks::Method::username_password
                             ? objection_to(*generation->config, client.entry.client.address)
                             : std::nullopt;
  if (objection) method = socks::Method::none_acceptable;
  const bool sent = co_await send_answer(
      client, std::string(wire::as_text(socks::build_method_reply(method).octets())), write_time);
  if (method == socks::Method::username_password && sent) {
    const bool known = co_await sub_negotiate(client, generation, deadline);
    co_return known;
  }
  if (method != socks::Method::none_acceptable) co_return sent;
  record_failure(client, *generation, 5,
                 {objection.value_or(Refusal::no_acceptable_authentication), {}});
  client.stream->shutdown_write();
  co_return false;
}

Refusal refusal_of(socks::Error error) {
  switch (error) {
    case socks::Error::unknown_command:
      return Refusal::unsupported_command;
    case socks::Error::unknown_address_type:
      return Refusal::unsupported_address_type;
    default:
      return Refusal::bad_request;
  }
}

runtime::Task<void> refuse_request(Client& client, std::shared_ptr<const Generation> generation,
                                   std::uint8_t version, socks::Error error) {
  const Failure failure{refusal_of(error), std::string(to_string(error))};
  if (error == socks::Error::wrong_version) {
    record_failure(client, *generation, version, failure);
    co_return;
  }
  co_await refuse_socks(client, generation, version, failure,
                        client.new_record(protocol_name(version)));
}

runtime::Task<void> dispatch(Client& client, SocksRequest request) {
  switch (request.command) {
    case socks::Command::connect:
      co_await run_socks_connect(client, std::move(request));
      break;
    case socks::Command::bind:
      co_await run_socks_bind(client, std::move(request));
      break;
    case socks::Command::udp_associate:
      co_await run_udp_association(client, std::move(request));
      break;
  }
}

}  // namespace

runtime::Task<void> serve_socks5(Client& client) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  const auto deadline =
      runtime::Loop::current().after(generation->config->network.timeouts.handshake);
  client.entry.set_protocol("socks5");
  const bool agreed = co_await negotiate(client, generation, deadline);
  if (!agreed) co_return;
  const Arrival arrival = co_await await_message(client, socks::parse_request, deadline);
  if (arrival == Arrival::late)
    record_failure(client, *generation, 5, {Refusal::header_timeout, "request incomplete"});
  if (arrival == Arrival::late || arrival == Arrival::gone) co_return;
  const auto parsed = socks::parse_request(client.buffer.octets());
  if (arrival == Arrival::error) {
    co_await refuse_request(client, generation, socks::version5, parsed.error());
    co_return;
  }
  SocksRequest request{socks::version5, parsed.message().command, parsed.message().address};
  client.buffer.consume(parsed.consumed());
  co_await dispatch(client, std::move(request));
}

runtime::Task<void> serve_socks4(Client& client) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  const auto deadline =
      runtime::Loop::current().after(generation->config->network.timeouts.handshake);
  client.entry.set_protocol("socks4");
  const Arrival arrival = co_await await_message(client, socks::parse_request_v4, deadline);
  if (arrival == Arrival::late)
    record_failure(client, *generation, 4, {Refusal::header_timeout, "request incomplete"});
  if (arrival == Arrival::late || arrival == Arrival::gone) co_return;
  const auto parsed = socks::parse_request_v4(client.buffer.octets());
  if (arrival == Arrival::error) {
    co_await refuse_request(client, generation, socks::version4, parsed.error());
    co_return;
  }
  SocksRequest request{socks::version4, parsed.message().command, parsed.message().address};
  client.buffer.consume(parsed.consumed());
  co_await dispatch(client, std::move(request));
}

}  // namespace bulkhead::acceptor

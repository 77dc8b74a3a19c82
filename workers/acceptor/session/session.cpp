#include "workers/acceptor/session/session.h"

#include <array>

#include "platform/socket.h"
#include "runtime/log.h"
#include "runtime/turn.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/http_session.h"
#include "workers/acceptor/session/recognise.h"
#include "workers/acceptor/session/socks_session.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

// How long a client that has been told no and still sends is read from: closing with octets unread
// would make the kernel send a reset, which can overtake the answer.
constexpr runtime::Duration linger_time = 1s;

runtime::Task<void> speak(Client& client) {
  const auto protocol = co_await recognise(client);
  if (!protocol) co_return;
  switch (*protocol) {
    case FrontProtocol::http:
      co_await serve_http(client);
      break;
    case FrontProtocol::socks4:
      co_await serve_socks4(client);
      break;
    case FrontProtocol::socks5:
      co_await serve_socks5(client);
      break;
  }
}

runtime::Task<void> linger(Client& client) {
  client.entry.state = "closing";
  client.buffer.take();
  client.stream->shutdown_write();
  const auto deadline = runtime::Loop::current().after(linger_time);
  runtime::Turn turn;
  while (true) {
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, deadline);
    client.buffer.take();
    co_await turn.pass();
    if (!got.ok() || runtime::Clock::now() >= deadline) co_return;
  }
}

runtime::Task<void> serve(std::unique_ptr<Client> client) {
  try {
    co_await speak(*client);
  } catch (const std::exception& error) {
    // A defect or no memory: this connection ends, the others go on.
    runtime::log::error("a session failed", {{"id", client->entry.id()}, {"error", error.what()}});
  }
  co_await linger(*client);
}

void set_options(int socket, const config::Keepalive& keepalive) {
  platform::set_no_delay(socket, true);
  if (!keepalive.enabled) return;
  const auto interval = std::chrono::duration_cast<std::chrono::seconds>(keepalive.interval);
  platform::set_keepalive(socket, interval, interval, 3);
}

}  // namespace

void start_session(Acceptor& acceptor, const proto::Listener& listener, platform::UniqueFd socket,
                   wire::Endpoint peer) {
  set_options(socket.get(), acceptor.generation->config->network.keepalive);
  auto client = std::make_unique<Client>(acceptor, listener, std::move(socket), peer);
  if (runtime::log::level() == runtime::log::Level::debug) {
    runtime::log::debug("accepted", {{"id", client->entry.id()},
                                     {"client", peer.to_string()},
                                     {"listener", listener.name.value}});
  }
  runtime::CancelScope& scope = client->entry.scope();
  runtime::spawn(serve(std::move(client)), &scope);
}

}  // namespace bulkhead::acceptor

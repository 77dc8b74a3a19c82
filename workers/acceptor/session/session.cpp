#include "workers/acceptor/session/session.h"

#include <array>
#include <utility>

#include "ipc/page/flight_recorder.h"
#include "runtime/frame_slabs.h"
#include "runtime/log.h"
#include "runtime/timer.h"
#include "runtime/turn.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/http_session.h"
#include "workers/acceptor/session/recognise.h"
#include "workers/acceptor/session/socks_session.h"
#include "workers/acceptor/session/tunnel.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

// How long a client that has been told no and still sends is read from: closing with octets unread
// would make the kernel send a reset, which can overtake the answer.
constexpr runtime::Duration linger_time = 1s;

// Sessions that began together leave room behind when they end or have become flows, which need no
// frames. Looked after as long as there is any.
constexpr runtime::Duration trim_interval = 250ms;
thread_local bool trimming = false;

runtime::Task<void> trim_frames() {
  bool more = true;
  while (more) {
    co_await runtime::sleep_for(trim_interval);
    more = runtime::trim_frame_pool();
  }
  trimming = false;
}

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

// True if the client knows that the connection is over, so that there is no answer to protect.
bool is_told(runtime::RelayEnd end) {
  return end == runtime::RelayEnd::closed || end == runtime::RelayEnd::client_failed;
}

runtime::Task<void> serve(std::unique_ptr<Client> client) {
  bool told = false;
  try {
    co_await speak(*client);
    if (client->tunnel) {
      const runtime::RelayEnd end = co_await run_tunnel(*client);
      if (end == runtime::RelayEnd::settled) {
        Acceptor& acceptor = client->acceptor;
        co_return acceptor.flows.carry(std::move(client));
      }
      told = is_told(end);
    }
  } catch (const std::exception& error) {
    // A defect or no memory: this connection ends, the others go on.
    ipc::note(ipc::Happening::session_failed, client->entry.id());
    runtime::log::error("a session failed", {{"id", client->entry.id()}, {"error", error.what()}});
  }
  if (!told) co_await linger(*client);
}

runtime::Task<void> take_leave(std::unique_ptr<Client> client) {
  co_await linger(*client);
}

}  // namespace

void end_session(std::unique_ptr<Client> client, runtime::RelayEnd end) {
  if (is_told(end)) return;
  runtime::CancelScope& scope = client->entry.scope();
  runtime::spawn(take_leave(std::move(client)), &scope);
}

void start_session(Acceptor& acceptor, const proto::Listener& listener, platform::UniqueFd socket,
                   wire::Endpoint peer, ClientPlace place, std::optional<Failure> refused) {
  auto client =
      std::make_unique<Client>(acceptor, listener, std::move(socket), peer, std::move(place));
  if (refused) client->refuse(std::move(*refused));
  if (runtime::log::level() == runtime::log::Level::debug) {
    runtime::log::debug("accepted", {{"id", client->entry.id()},
                                     {"client", peer.to_string()},
                                     {"listener", listener.name.value}});
  }
  if (!std::exchange(trimming, true)) runtime::spawn(trim_frames());
  runtime::CancelScope& scope = client->entry.scope();
  runtime::spawn(serve(std::move(client)), &scope);
}

}  // namespace bulkhead::acceptor

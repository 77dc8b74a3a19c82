#include "supervisor/control/server.h"

#include <optional>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "runtime/both.h"
#include "runtime/event.h"
#include "runtime/log.h"
#include "runtime/socket.h"
#include "runtime/timer.h"
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

constexpr runtime::Duration accept_pause{100};

runtime::Task<void> run(ipc::Channel& channel, runtime::Event& over, std::string& violation) {
  const ipc::ChannelEnd end = co_await channel.run();
  if (end.violation) {
    violation = end.reason;
    log::warn("control connection broke the rules", {{"reason", end.reason}});
  }
  over.set();
}

}  // namespace

struct ControlServer::Client {
  Client(platform::UniqueFd socket, platform::PeerCredentials who)
      : channel(std::move(socket), proto::Party::supervisor, proto::Party::proxyctl), peer(who) {
    channel.on<proto::Command>([this](proto::Command message, ipc::Envelope&) {
      command = std::move(message);
      asked.set();
    });
  }

  ipc::Channel channel;
  platform::PeerCredentials peer;
  std::optional<proto::Command> command;
  runtime::Event asked;   // or the connection is over
  std::string violation;  // of the rules of the channel, if there was one
};

ControlServer::ControlServer(Supervisor& supervisor, std::string path)
    : supervisor_(supervisor), path_(std::move(path)) {}

ControlServer::~ControlServer() = default;

std::string ControlServer::listen() {
  auto listener = platform::listen_message_socket(path_, 0600);
  if (!listener) return path_ + ": " + listener.error().to_string();
  listen_on(std::move(*listener));
  return {};
}

void ControlServer::listen_on(platform::UniqueFd listener) {
  listener_ = std::move(listener);
  runtime::spawn(accept_clients(), &scope_);
}

void ControlServer::take_on(platform::UniqueFd socket, Function function) {
  runtime::spawn(converse_on(std::move(socket), std::move(function)), &scope_);
}

runtime::Task<void> ControlServer::converse_on(platform::UniqueFd socket, Function function) {
  const runtime::Gate::Pass pass = tasks_.enter();
  // Whoever asked the program before this one was admitted by it.
  const auto peer = platform::peer_credentials(socket.get());
  Client client(std::move(socket), peer.value_or(platform::PeerCredentials{}));
  client.channel.resume();
  co_await runtime::both(run(client.channel, client.asked, client.violation),
                         answer_on(client, std::move(function)));
}

runtime::Task<void> ControlServer::answer_on(Client& client, Function function) {
  Answer answer(client.channel, client.peer);
  co_await function(answer);
  if (!answer.is_done()) answer.done(0);
  co_await client.channel.sent(runtime::Loop::current().after(Answer::unread_timeout));
  client.channel.close("answered");
}

runtime::Task<void> ControlServer::close() {
  if (listener_) ::unlink(path_.c_str());
  scope_.cancel();
  co_await tasks_.empty();
}

runtime::Task<void> ControlServer::accept_clients() {
  const runtime::Gate::Pass pass = tasks_.enter();
  runtime::Socket socket(platform::duplicate(listener_.get()));
  while (!scope_.cancelled()) {
    auto accepted = platform::accept_message_socket(socket.fd());
    if (accepted) {
      admit(std::move(*accepted));
    } else if (accepted.error().code == std::errc::resource_unavailable_try_again) {
      const auto status = co_await runtime::ready(socket, runtime::Direction::read);
      if (status != runtime::IoStatus::ok) co_return;
    } else {
      log::warn("control socket", {{"reason", accepted.error().to_string()}});
      co_await runtime::sleep_for(accept_pause);
    }
  }
}

void ControlServer::admit(platform::UniqueFd socket) {
  const auto peer = platform::peer_credentials(socket.get());
  if (!peer || (peer->uid != 0 && peer->uid != ::geteuid())) {
    const std::string uid = peer ? std::to_string(peer->uid) : "unknown";
    log::warn("control connection refused", {{"uid", uid}});
    supervisor_.workforce().audit("control_refused", "uid " + uid, {});
  } else if (clients_.count() >= max_clients) {
    log::warn("control connection refused: too many", {{"uid", peer->uid}, {"pid", peer->pid}});
  } else {
    runtime::spawn(converse(std::move(socket), *peer), &scope_);
  }
}

runtime::Task<void> ControlServer::converse(platform::UniqueFd socket,
                                            platform::PeerCredentials peer) {
  const runtime::Gate::Pass pass = tasks_.enter();
  const runtime::Gate::Pass place = clients_.enter();
  Client client(std::move(socket), peer);
  co_await runtime::both(run(client.channel, client.asked, client.violation), answer(client));
  if (!client.violation.empty())
    supervisor_.workforce().audit("ipc_refused", "proxyctl of uid " + std::to_string(peer.uid),
                                  client.violation);
}

runtime::Task<void> ControlServer::answer(Client& client) {
  const auto deadline = runtime::Loop::current().after(command_timeout);
  co_await client.asked.wait(deadline);
  if (client.command) {
    Answer answer(client.channel, client.peer);
    const CommandFunction function = find_command(client.command->name);
    if (client.command->version != proto::protocol_version) {
      answer.done(1, "proxyctl and the daemon are of different versions");
    } else if (function == nullptr) {
      answer.done(1, "the daemon does not know this command");
    } else {
      co_await function(supervisor_, *client.command, answer);
    }
    if (!answer.is_done()) answer.done(0);
    co_await client.channel.sent(runtime::Loop::current().after(Answer::unread_timeout));
  }
  client.channel.close("answered");
}

}  // namespace bulkhead::supervisor

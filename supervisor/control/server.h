// The control socket: who may speak to the daemon, and one conversation a connection. Root and the
// user that the daemon runs as; a bounded number at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "platform/unique_fd.h"
#include "proto/command.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "supervisor/control/answer.h"

namespace bulkhead::supervisor {

class Supervisor;

class ControlServer {
 public:
  static constexpr std::size_t max_clients = 32;
  static constexpr runtime::Duration command_timeout{10'000};  // from connecting to the command

  ControlServer(Supervisor& supervisor, std::string path);
  ~ControlServer();  // after close(), if listen() was called
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Begins to serve. The error is for a person.
  std::string listen();
  // The same on a socket that the program before this one in this process listened on.
  void listen_on(platform::UniqueFd listener);
  int descriptor() const { return listener_.get(); }

  // A client of that program whose command is answered by `function`.
  using Function = std::function<runtime::Task<void>(Answer&)>;
  void take_on(platform::UniqueFd socket, Function function);
  // Removes the socket, ends all conversations and waits for their end.
  runtime::Task<void> close();

 private:
  struct Client;

  runtime::Task<void> accept_clients();
  void admit(platform::UniqueFd socket);
  runtime::Task<void> converse(platform::UniqueFd socket, platform::PeerCredentials peer);
  runtime::Task<void> answer(Client& client);
  runtime::Task<void> converse_on(platform::UniqueFd socket, Function function);
  runtime::Task<void> answer_on(Client& client, Function function);

  Supervisor& supervisor_;
  std::string path_;
  platform::UniqueFd listener_;
  runtime::CancelScope scope_;
  runtime::Gate clients_, tasks_;
};

}  // namespace bulkhead::supervisor

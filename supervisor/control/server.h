// The control socket: who may speak to the daemon, and one conversation a connection. Root and the
// user that the daemon runs as; a bounded number at a time.
#pragma once

#include <cstddef>
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
  // Removes the socket, ends all conversations and waits for their end.
  runtime::Task<void> close();

 private:
  struct Client;

  runtime::Task<void> accept_clients();
  void admit(platform::UniqueFd socket);
  runtime::Task<void> converse(platform::UniqueFd socket);
  runtime::Task<void> answer(Client& client);

  Supervisor& supervisor_;
  std::string path_;
  platform::UniqueFd listener_;
  runtime::CancelScope scope_;
  runtime::Gate clients_, tasks_;
};

}  // namespace bulkhead::supervisor

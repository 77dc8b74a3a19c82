// Accepts on one listening socket until told to stop, starting a session for each connection.
#pragma once

#include <memory>

#include "proto/worker.h"
#include "runtime/socket.h"
#include "runtime/task.h"
#include "workers/acceptor/acceptor.h"

namespace bulkhead::acceptor {

class Listening {
 public:
  Listening(Acceptor& acceptor, proto::Listener listener, platform::UniqueFd socket);

  // Begins to accept. self keeps the object alive until the accepting has ended.
  static void start(const std::shared_ptr<Listening>& self);

  // The TCP options of all connections that are accepted from now on.
  void set_options(const config::Keepalive& keepalive);

  // Takes what is queued already, then closes.
  void stop();

  const proto::Listener& listener() const { return listener_; }

 private:
  static runtime::Task<void> accept_all(std::shared_ptr<Listening> self);
  // False when nothing more is queued.
  bool accept_one();
  void warn_exhausted(const std::string& what);
  void serve(platform::UniqueFd socket, wire::Endpoint peer);

  Acceptor& acceptor_;
  proto::Listener listener_;
  runtime::Socket socket_;
  runtime::CancelScope scope_;
  runtime::Deadline next_warning_;
  bool pause_ = false;  // out of descriptors: wait before the next accept
};

}  // namespace bulkhead::acceptor

// Accepts on one listening socket until told to stop, starting a session for each connection.
#pragma once

#include <memory>

#include "proto/worker.h"
#include "runtime/socket.h"
#include "runtime/task.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/policy/client_place.h"

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
  // Why the connection gets no place.
  std::optional<Failure> admit(ClientPlace& place, const wire::IpAddress& peer);
  void serve(platform::UniqueFd socket, wire::Endpoint peer);
  void turn_away(const Failure& failure);
  bool turn_away_newest();
  void warn_exhausted(const std::string& what);

  Acceptor& acceptor_;
  proto::Listener listener_;
  runtime::Socket socket_;
  runtime::CancelScope scope_;
  runtime::Deadline next_warning_;
  bool pause_ = false;  // nothing can be accepted: wait before the next attempt
};

}  // namespace bulkhead::acceptor

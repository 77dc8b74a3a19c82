// What the egress does for acceptors: proto/opening.h.
//
// Each request is a coroutine of its own; Cancel and the channel's end stop it. At most
// RequestSet::max_requests are under way on one channel, more are refused as overloaded. A request
// keeps the configuration it began with.
#pragma once

#include <memory>

#include "ipc/channel.h"
#include "proto/opening.h"
#include "workers/egress/generation.h"
#include "workers/egress/health/prober.h"
#include "workers/egress/request_set.h"

namespace bulkhead::egress_worker {

class EgressService {
 public:
  // config is the egress's projection. Uses Loop::current(). What acceptors report of backends goes
  // to the prober, which must outlive this.
  EgressService(std::shared_ptr<const config::Config> config, Prober& prober);

  // For requests that come in from now on. Connections are not touched: they are the acceptors'.
  void reconfigure(std::shared_ptr<const config::Config> config);

  const GenerationPtr& generation() const { return generation_; }

  // Serves an acceptor: registers the handlers, runs the channel, and ends when the channel has
  // ended and so have all its requests. Channel and service must outlive it; cancel its scope to
  // stop.
  runtime::Task<ipc::ChannelEnd> serve(ipc::Channel& acceptor);

 private:
  // One acceptor's channel and what it asked for.
  struct Client {
    ipc::Channel& channel;
    RequestSet requests;
  };
  template <typename Request>
  void on_opening(Client& client);
  void register_handlers(Client& client);
  void begin(Client& client, std::uint32_t id, runtime::Task<void> work);

  GenerationPtr generation_;
  Prober& prober_;
};

}  // namespace bulkhead::egress_worker

// The acceptor's way to the egress: one channel for the acceptor's whole life, at a descriptor
// number that the sandbox knows. When the egress is replaced, its successor gets the other end:
// requests that nobody had taken are still queued there, and those that died with the predecessor
// are asked again. An opened socket that nobody has got yet is no loss.
#pragma once

#include <functional>
#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "egress/failure.h"
#include "ipc/channel.h"
#include "proto/opening.h"

namespace bulkhead::acceptor {

using egress::Failure;

struct OpenedSocket {
  platform::UniqueFd socket;
  proto::Opened terms;
};

class EgressLink {
 public:
  static constexpr runtime::Duration grace{500};

  explicit EgressLink(platform::UniqueFd socket);

  // Until the channel ends, which an egress brings about only if this process broke the rules.
  runtime::Task<ipc::ChannelEnd> run() { return channel_.run(); }

  void close() { channel_.close("drained"); }

  // The egress is a new one.
  void ask_again() { channel_.forget_calls(); }

  // What connections told of a backend.
  void report(std::string_view backend, bool works, std::string_view detail) {
    proto::BackendReport message;
    message.backend = backend;
    message.works = works;
    message.detail = detail;
    channel_.send(message);
  }

  // deadline is the egress's too; its own answer that it passed tells more than our silence, so it
  // gets a little longer. descriptors stay the caller's and must stay open until the end.
  template <typename Request>
  runtime::Task<tl::expected<OpenedSocket, Failure>> ask(Request request,
                                                         runtime::Deadline deadline,
                                                         std::vector<int> descriptors = {}) {
    while (true) {
      std::optional<ipc::Envelope> reply =
          co_await channel_.call(request, deadline + grace, descriptors);
      if (reply) co_return read(std::move(*reply));
      const runtime::CancelScope* scope = co_await runtime::current_scope();
      if (scope != nullptr && scope->cancelled()) {
        co_return tl::unexpected(Failure{proto::Refusal::shutting_down, "cancelled"});
      }
      if (channel_.ended())
        co_return tl::unexpected(Failure{proto::Refusal::egress_unavailable, "no channel"});
      if (runtime::Clock::now() >= deadline) {
        co_return tl::unexpected(Failure{proto::Refusal::egress_unavailable, "no answer in time"});
      }
    }
  }

 private:
  static tl::expected<OpenedSocket, Failure> read(ipc::Envelope reply);

  ipc::Channel channel_;
};

}  // namespace bulkhead::acceptor

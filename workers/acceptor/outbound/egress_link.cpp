#include "workers/acceptor/outbound/egress_link.h"

namespace bulkhead::acceptor {

EgressLink::EgressLink(platform::UniqueFd socket)
    : channel_(std::move(socket), proto::Party::acceptor, proto::Party::egress) {
  channel_.set_abandoned_handler([this](std::uint32_t request) {
    proto::Cancel cancel;
    cancel.request = request;
    channel_.send(cancel);
  });
}

tl::expected<OpenedSocket, Failure> EgressLink::read(ipc::Envelope reply) {
  if (const auto refused = reply.as<proto::Refused>()) {
    return tl::unexpected(Failure{refused->reason, refused->detail.value});
  }
  const auto opened = reply.as<proto::Opened>();
  if (opened && reply.descriptors.empty()) {
    return tl::unexpected(Failure{proto::Refusal::overloaded, "no descriptor left"});
  }
  if (!opened) {
    return tl::unexpected(
        Failure{proto::Refusal::internal_error, "unexpected answer of the egress"});
  }
  return OpenedSocket{std::move(reply.descriptors.front()), *opened};
}

}  // namespace bulkhead::acceptor

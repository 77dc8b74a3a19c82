#include "workers/acceptor/session/way_out.h"

#include "workers/acceptor/outbound/backend_choice.h"

namespace bulkhead::acceptor {
runtime::Task<tl::expected<Upstream, Failure>> open_way_out(Client& client, Route& route,
                                                            AccessRecord& record,
                                                            std::string came_via) {
  Acceptor& acceptor = client.acceptor;
  const auto time = route.generation->config->network.timeouts.connect;
  BackendChoice choice(acceptor.balancer, route.generation, *route.rule,
                       client.entry.client.address, client.entry.user().get());
  while (true) {
    auto chosen = co_await choice.next();
    if (!chosen) co_return tl::unexpected(std::move(chosen.error()));
    note_backend(client, route, record, *chosen->backend);
    if (chosen->backend->type == config::BackendType::echo) {
      Upstream nothing;
      nothing.place = std::move(chosen->place);
      co_return nothing;
    }
    OpenRequest ask{route.generation, route.backend, record.destination, false,
                    record.id,        came_via};
    OpenReport report;
    auto opened = co_await open_upstream(acceptor.egress, acceptor.backends, std::move(ask),
                                         runtime::Loop::current().after(time), report);
    if (opened) {
      choice.succeeded(report);
      opened->place = std::move(chosen->place);
      record.upstream = opened->remote;
      record.connect_time = opened->connect_time;
      co_return opened;
    }
    if (!choice.failed(opened.error(), report)) co_return opened;
  }
}

}  // namespace bulkhead::acceptor

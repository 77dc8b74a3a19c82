#include "workers/acceptor/flows/inheritance.h"

#include <algorithm>
#include <chrono>

#include "ipc/page/flight_recorder.h"
#include "platform/descriptor.h"
#include "platform/shared_memory.h"
#include "runtime/log.h"
#include "runtime/turn.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/flows/carried_flow.h"
#include "workers/acceptor/flows/flow_keeper.h"
#include "workers/acceptor/flows/terms.h"
#include "workers/acceptor/session/tunnel.h"

namespace bulkhead::acceptor {
namespace {

namespace log = runtime::log;
using Verdict = runtime::Recovery::Verdict;
using Access = platform::SharedMapping::Access;

runtime::Deadline to_time(std::int64_t nanoseconds) {
  return runtime::Deadline(std::chrono::nanoseconds(nanoseconds));
}

// What is taken over leaves this many numbers for pipes, channels and what is under way.
constexpr std::uint64_t kept_descriptors = 128;

bool has_room(const std::vector<platform::UniqueFd>& taken) {
  const std::uint64_t limit = platform::open_files_limit();
  return std::none_of(taken.begin(), taken.end(), [limit](const platform::UniqueFd& descriptor) {
    return static_cast<std::uint64_t>(descriptor.get()) + kept_descriptors >= limit;
  });
}

std::int64_t now_ns() {
  return std::chrono::nanoseconds(runtime::Clock::now().time_since_epoch()).count();
}

}  // namespace

// At once, so that there is always room for the next one: it may be refused as well, but this
// process keeps what it needs for the flows it has.
void Inheritance::take_flow(std::uint64_t flow, std::vector<platform::UniqueFd> sockets) {
  if (!has_room(sockets)) {
    refused_.insert(flow);
    return;
  }
  flows_[flow] = {std::move(sockets[0]), std::move(sockets[1])};
}

void Inheritance::take_pipe(std::uint64_t pipe, std::vector<platform::UniqueFd> ends) {
  if (!has_room(ends)) return;
  pipes_[pipe] = {std::move(ends[0]), std::move(ends[1]), pipe};
}

ipc::FoundFlows Inheritance::read_pages() {
  const auto page =
      platform::SharedMapping::map(pages_[0].get(), sizeof(ipc::FlowPage), Access::read_only);
  auto copies =
      platform::SharedMapping::map(pages_[1].get(), runtime::CopyMemory::size, Access::read_only);
  if (!page || !copies) {
    log::error("the pages of another acceptor cannot be read", {{"holder", report_.from}});
    return {};
  }
  remains_.emplace(std::move(*copies));
  return read_flow_page(page->as<ipc::FlowPage>(), now_ns());
}

runtime::Task<proto::Inherited> Inheritance::settle() {
  const auto began = runtime::Clock::now();
  const ipc::FoundFlows found = read_pages();
  runtime::Turn turn;
  for (const ipc::FoundFlow& flow : found.flows) {
    adopt(flow);
    co_await turn.pass();
  }
  report_.unrecorded = static_cast<std::uint32_t>(flows_.size());
  if (!alive_) count_unprotected(found);
  ipc::Channel& vault = keeper_.vault_.channel();
  vault.send(proto::AdoptEnd{report_.from});
  co_await vault.sent(runtime::Loop::current().after(std::chrono::seconds(5)));
  for (const std::uint64_t id : continued_) {
    const auto flow = keeper_.flows_.find(id);
    if (flow != keeper_.flows_.end()) flow->second->start();
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(runtime::Clock::now() - began);
  log::info("went on with another acceptor's flows", {{"holder", report_.from},
                                                      {"adopted", report_.adopted},
                                                      {"ended", report_.ended},
                                                      {"torn", report_.torn},
                                                      {"unvaulted", report_.unvaulted},
                                                      {"unrecorded", report_.unrecorded},
                                                      {"refused", report_.refused},
                                                      {"starting", report_.starting},
                                                      {"http", report_.http},
                                                      {"young", report_.young},
                                                      {"opaque", report_.opaque},
                                                      {"udp", report_.udp},
                                                      {"overflow", report_.overflow},
                                                      {"took_us", took.count()}});
  co_return report_;
}

void Inheritance::count_unprotected(const ipc::FoundFlows& found) {
  const auto count = [&](ipc::Unprotected kind) {
    return found.unprotected[static_cast<std::size_t>(kind)];
  };
  report_.starting = count(ipc::Unprotected::starting);
  report_.http = count(ipc::Unprotected::http);
  report_.young = count(ipc::Unprotected::young);
  report_.opaque = count(ipc::Unprotected::opaque);
  report_.udp = count(ipc::Unprotected::udp);
  report_.overflow = count(ipc::Unprotected::overflow);
}

void Inheritance::adopt(const ipc::FoundFlow& flow) {
  auto node = flows_.extract(flow.flow);
  if (node.empty() && refused_.contains(flow.flow))
    return write_off(flow, "no descriptors were left when its process died", report_.refused);
  if (node.empty())
    return write_off(flow, "its process died before it was vaulted", report_.unvaulted);
  Sockets sockets = std::move(node.mapped());
  if (keeper_.acceptor_.connections.contains(flow.flow))
    return write_off(flow, "its record is damaged", report_.torn);
  const int client = sockets.client.get(), upstream = sockets.upstream.get();
  const Side up = recover(flow.up, client, upstream);
  const Side down = recover(flow.down, upstream, client);
  const auto either = [&](Verdict verdict) {
    return up.found.verdict == verdict || down.found.verdict == verdict;
  };
  if (either(Verdict::ended)) return write_off(flow, "closed", report_.ended);
  if (either(Verdict::torn) || (up.pipe != 0 && up.pipe == down.pipe)) {
    ipc::note(ipc::Happening::torn, flow.flow);
    return write_off(flow, "torn when its process died", report_.torn);
  }
  continue_flow(flow, std::move(sockets), up, down);
}

Inheritance::Side Inheritance::recover(const runtime::FoundPlace& place, int from, int to) {
  const auto pipe = place.pipe == 0 ? pipes_.end() : pipes_.find(place.pipe);
  const int read_end = pipe == pipes_.end() ? -1 : pipe->second.read_end.get();
  Side side;
  side.found = runtime::recover(place, from, to, read_end, *remains_);
  if (side.found.in_pipe != 0) side.pipe = place.pipe;
  return side;
}

// Our record is complete before the vault hears of it.
void Inheritance::continue_flow(const ipc::FoundFlow& flow, Sockets sockets, const Side& up,
                                const Side& down) {
  Acceptor& acceptor = keeper_.acceptor_;
  const runtime::Deadline began = to_time(flow.began_ns);
  proto::Listener listener;
  listener.name = flow.terms.listener;
  auto client = std::make_unique<Client>(acceptor, listener, std::move(sockets.client),
                                         flow.terms.client, flow.flow, began);
  AccessRecord record = record_of(flow.terms, flow.flow, began);
  // The former holder has counted these.
  record.counted_received = up.found.moved;
  record.counted_sent = down.found.moved;
  const std::shared_ptr<User> user =
      record.username.empty() ? nullptr : acceptor.authenticator.adopt(record.username);
  client->place.force(flow.terms.client.address, record.username, user ? user->terms() : nullptr);
  client->entry.set_protocol(record.protocol);
  if (user) client->entry.inherit(user, up.found.moved, down.found.moved);
  client->entry.destination = record.destination.to_string();
  client->entry.rule = record.rule;
  client->entry.backend = record.backend;
  Route route;
  route.generation = acceptor.generation;
  client->tunnel = std::make_unique<Tunnel>(
      Tunnel{std::move(route),
             std::make_unique<runtime::SocketStream>(std::move(sockets.upstream)),
             BackendCounters::Use::taken_over(acceptor.backends.of(record.backend)),
             acceptor.balancer.claim(*acceptor.generation->config, record.backend),
             std::move(record),
             {},
             {}});
  RecordLease lease(acceptor.book);
  lease->flow = flow.flow;
  lease->began_ns = flow.began_ns;
  lease->terms_bytes = static_cast<std::uint32_t>(write_terms(flow.terms, lease->terms));
  runtime::Stream& near = *client->stream;
  runtime::Stream& far = *client->tunnel->upstream;
  runtime::RawFlow upward = take_up(up, flow.up, lease->up, near, far);
  runtime::RawFlow downward = take_up(down, flow.down, lease->down, far, near);
  auto carried = std::make_unique<CarriedFlow>(keeper_, std::move(client), std::move(lease),
                                               std::move(upward), std::move(downward), &flow.terms);
  CarriedFlow& adopted = *carried;
  keeper_.add(std::move(carried));
  adopted.set_protected(adopted.in_book());
  if (adopted.in_book()) {
    adopted.record().state.store(ipc::FlowRecord::carried, std::memory_order_release);
    keeper_.vault_.channel().send(proto::Adopt{report_.from, flow.flow, up.pipe, down.pipe});
  }
  continued_.push_back(flow.flow);
  ++report_.adopted;
  ipc::note(ipc::Happening::adopted, flow.flow, 0, report_.from);
}

runtime::RawFlow Inheritance::take_up(const Side& side, const runtime::FoundPlace& before,
                                      runtime::FlowPlace& place, runtime::Stream& from,
                                      runtime::Stream& to) {
  place.consumed_base = before.consumed_base;
  place.enqueued_base = before.enqueued_base;
  place.moved = side.found.moved;
  runtime::RawFlow flow(from, to, place, relay_mode(*keeper_.acceptor_.generation->config));
  flow.hold(side.found.bytes);
  if (side.pipe != 0) {
    auto pipe = pipes_.extract(side.pipe);
    keeper_.vault_.take_in(pipe.mapped());
    flow.hold(runtime::PipePool::current().adopt(std::move(pipe.mapped()), side.found.in_pipe));
  }
  return flow;
}

// It cannot be continued: its line in the access log is ours to write.
void Inheritance::write_off(const ipc::FoundFlow& flow, std::string_view why,
                            std::uint32_t& count) {
  ++count;
  AccessRecord record = record_of(flow.terms, flow.flow, to_time(flow.began_ns));
  record.bytes_received += flow.up.moved;
  record.bytes_sent += flow.down.moved;
  record.counted_received = flow.up.moved;
  record.counted_sent = flow.down.moved;
  record.detail = why;
  keeper_.acceptor_.record(*keeper_.acceptor_.generation, record);
}

}  // namespace bulkhead::acceptor

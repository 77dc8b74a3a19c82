#include "workers/acceptor/flows/carried_flow.h"

#include <utility>

#include "workers/acceptor/flows/flow_keeper.h"
#include "workers/acceptor/flows/terms.h"

namespace bulkhead::acceptor {

RecordLease::RecordLease(FlowBook& book) : book_(&book), record_(book.claim()) {
  if (record_ != nullptr) return;
  own_ = std::make_unique<ipc::FlowRecord>();
  record_ = own_.get();
}

RecordLease::RecordLease(RecordLease&& other) noexcept
    : book_(other.book_),
      own_(std::move(other.own_)),
      record_(std::exchange(other.record_, nullptr)) {}

RecordLease::~RecordLease() {
  if (record_ != nullptr && own_ == nullptr) book_->free(*record_);
}

CarriedFlow::CarriedFlow(FlowKeeper& keeper, std::unique_ptr<Client> client, RecordLease record,
                         runtime::RawFlow up, runtime::RawFlow down, const ipc::FlowTerms* terms)
    : keeper_(keeper),
      client_(std::move(client)),
      record_(std::move(record)),
      watch_(*client_, client_->tunnel->record),
      relay_(*this, std::move(up), std::move(down), options(terms)) {
  client_->entry.live_up = &record_->up.moved;
  client_->entry.live_down = &record_->down.moved;
  client_->entry.state = "relaying";
}

runtime::RelayOptions CarriedFlow::options(const ipc::FlowTerms* terms) {
  runtime::RelayOptions options = watch_.options(client_->tunnel->route);
  if (terms != nullptr) apply(*terms, options);
  return options;
}

std::array<int, 2> CarriedFlow::sockets() const {
  return {client_->stream->socket().fd(), client_->tunnel->upstream->socket().fd()};
}

void CarriedFlow::set_protected(bool on) {
  protected_ = on;
  if (on) {
    client_->entry.set_unprotected(std::nullopt);
  } else {
    client_->entry.set_unprotected(ipc::Unprotected::overflow);
  }
}

// Never ends inline: whoever carries it is still at it.
void CarriedFlow::start() {
  if (relay_.start(&client_->entry.scope())) return;
  runtime::Loop::current().post([&keeper = keeper_, flow = id()] { keeper.on_end(flow); });
}

void CarriedFlow::let_go() {
  relay_.up().let_go();
  relay_.down().let_go();
  record_.forsake();
}

std::unique_ptr<Client> CarriedFlow::take_client() {
  client_->tunnel->counters = {record_->up.moved, record_->down.moved};
  hide_counters(client_->entry, client_->tunnel->counters);
  return std::move(client_);
}

void CarriedFlow::Relay::ended() {
  owner_.keeper_.on_end(owner_.id());
}

}  // namespace bulkhead::acceptor

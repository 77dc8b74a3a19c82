// A raw tunnel that has settled: relayed without a coroutine, and written down in a record so that
// another acceptor can go on with it. Owns the client with all that belongs to it.
#pragma once

#include <memory>

#include "ipc/page/flow_page.h"
#include "runtime/raw_relay.h"
#include "workers/acceptor/flows/flow_book.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/tunnel.h"

namespace bulkhead::acceptor {

class FlowKeeper;

// A record of the book, or one of our own when the book is full: then nobody else will read it.
class RecordLease {
 public:
  explicit RecordLease(FlowBook& book);
  RecordLease(RecordLease&& other) noexcept;
  RecordLease& operator=(RecordLease&&) = delete;
  ~RecordLease();

  ipc::FlowRecord& operator*() const { return *record_; }
  ipc::FlowRecord* operator->() const { return record_; }
  bool shared() const { return own_ == nullptr; }
  // It stays as it is, for whoever goes on with the flow.
  void forsake() { record_ = nullptr; }

 private:
  FlowBook* book_;
  std::unique_ptr<ipc::FlowRecord> own_;
  ipc::FlowRecord* record_;
};

class CarriedFlow {
 public:
  // The client has a tunnel to a plain socket; the flows' places are those of the record.
  CarriedFlow(FlowKeeper& keeper, std::unique_ptr<Client> client, RecordLease record,
              runtime::RawFlow up, runtime::RawFlow down, const ipc::FlowTerms* terms);
  CarriedFlow(const CarriedFlow&) = delete;
  CarriedFlow& operator=(const CarriedFlow&) = delete;

  std::uint64_t id() const { return client_->entry.id(); }
  Client& client() { return *client_; }
  ipc::FlowRecord& record() { return *record_; }
  bool in_book() const { return record_.shared(); }
  std::array<int, 2> sockets() const;

  // Another acceptor could go on with it: its record is complete and the vault was given its
  // sockets.
  void set_protected(bool on);
  bool is_protected() const { return protected_; }

  void start();
  // Between two steps; start() goes on.
  void stop() { relay_.stop(); }
  // Leaves everything to whoever goes on with it. Nothing but the destructor may follow.
  void let_go();
  // After the relay's end: the client, whose tunnel's counters are final.
  std::unique_ptr<Client> take_client();
  runtime::RelayEnd end() const { return relay_.end(); }

 private:
  class Relay final : public runtime::RawRelay {
   public:
    Relay(CarriedFlow& owner, runtime::RawFlow up, runtime::RawFlow down,
          const runtime::RelayOptions& options)
        : RawRelay(std::move(up), std::move(down), options), owner_(owner) {}

   private:
    void ended() override;
    CarriedFlow& owner_;
  };

  runtime::RelayOptions options(const ipc::FlowTerms* terms);

  FlowKeeper& keeper_;
  std::unique_ptr<Client> client_;
  RecordLease record_;
  TunnelWatch watch_;
  Relay relay_;
  bool protected_ = false;
};

}  // namespace bulkhead::acceptor

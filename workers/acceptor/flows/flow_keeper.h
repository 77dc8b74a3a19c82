// Keeps the raw tunnels that have lived a while: carries them without the frames of their sessions,
// writes each down in the flow page, has the vault hold its sockets, and so lets another acceptor
// go on when this one dies or lets go. Takes over what others leave in the same way.
//
// A tunnel comes here when its first relay settles (after settle_time); short connections never pay
// for any of this.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "ipc/channel.h"
#include "proto/vault.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/relay.h"
#include "workers/acceptor/flows/vault_link.h"

namespace bulkhead::acceptor {

struct Acceptor;
struct Client;
class CarriedFlow;
class Inheritance;

class FlowKeeper {
 public:
  static constexpr runtime::Duration settle_time{250};

  FlowKeeper(Acceptor& acceptor, std::uint32_t holder, platform::UniqueFd vault_channel);
  ~FlowKeeper();
  FlowKeeper(const FlowKeeper&) = delete;
  FlowKeeper& operator=(const FlowKeeper&) = delete;

  // Registers the handlers for what the supervisor says, and begins to talk to the vault. The
  // channel outlives this.
  void attach(ipc::Channel& control);
  // The pages of this incarnation. The error is for the log.
  std::string take_flow_page(platform::UniqueFd memory);
  std::string take_copy_memory(platform::UniqueFd memory);
  // A generation is in force, so that flows can be inherited.
  void go_on();
  // The vault is a new one, and knows nothing.
  void vault_restarted();

  // A raw relay under these options is handed on here when it has lived a while.
  void let_settle(runtime::RelayOptions& options);
  // The client's tunnel has settled.
  void carry(std::unique_ptr<Client> client);

  // All raw flows are let go, except those that the vault does not hold.
  runtime::Task<void> relinquish(runtime::Deadline deadline);

  // The supervisor is gone: waits until the vault says that another one wants our flows (true), or
  // there is no vault any more that could, or the deadline (false).
  runtime::Task<bool> wanted_elsewhere(runtime::Deadline deadline);

  // Waits until nothing of this is under way; the channel to the vault ends.
  runtime::Task<void> end();

  std::size_t size() const { return flows_.size(); }

 private:
  friend class CarriedFlow;
  friend class Inheritance;

  runtime::Task<void> talk();
  runtime::Task<void> refill();
  runtime::Task<void> catch_up();
  void on_not_held(std::uint64_t flow);
  void on_end(std::uint64_t flow);
  void add(std::unique_ptr<CarriedFlow> flow);
  void protect(CarriedFlow& flow);
  runtime::Task<bool> wait_until_settled(runtime::Deadline deadline);
  runtime::Task<bool> wait_until_held(runtime::Deadline deadline);
  proto::Relinquished let_go();
  Inheritance& estate(std::uint32_t holder);
  void settle_estate(std::uint32_t holder);
  runtime::Task<void> inherit(std::unique_ptr<Inheritance> estate);
  void warn_full();

  Acceptor& acceptor_;
  VaultLink vault_;
  ipc::Channel* control_ = nullptr;
  platform::UniqueFd copy_memory_;
  runtime::CancelScope settle_scope_;
  std::map<std::uint64_t, std::unique_ptr<CarriedFlow>> flows_;
  std::map<std::uint32_t, std::unique_ptr<Inheritance>> estates_;  // not complete yet
  runtime::Gate tasks_;
  runtime::Gate inheriting_;
  runtime::Deadline next_warning_;
  runtime::Event parting_;  // the vault asked for our flows, or is gone
  bool asked_ = false, relinquishing_ = false, relinquished_ = false, ended_ = false;
};

}  // namespace bulkhead::acceptor

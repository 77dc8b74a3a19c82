// Where the next supervisor finds the vault of one that is gone (proto/vault.h: TakeOver). Nobody
// is listened to while our own supervisor lives.
//
// The way there is a path that root alone, or in a rootless daemon its user, may connect to; who it
// is is looked at again here, as the kernel tells it.
#pragma once

#include <memory>

#include "ipc/channel.h"
#include "platform/unique_fd.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "workers/vault/vault.h"

namespace bulkhead::vault {

class Rendezvous {
 public:
  // The vault outlives this.
  explicit Rendezvous(Vault& vault) : vault_(vault) {}
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // The listening socket; a later one replaces it.
  void use(platform::UniqueFd listener) { listener_ = std::move(listener); }

  // Serves who comes, one after the other, until its scope is cancelled.
  runtime::Task<void> serve();
  // Until nobody is there, or the deadline.
  runtime::Event::Wait quiet(runtime::Deadline deadline) { return visits_.empty(deadline); }

 private:
  struct Visit;

  bool admits(int socket) const;
  runtime::Task<void> converse(platform::UniqueFd socket);
  runtime::Task<void> run(Visit& visit);
  runtime::Task<void> take_over(Visit& visit);

  Vault& vault_;
  platform::UniqueFd listener_;
  runtime::Gate visits_;
};

}  // namespace bulkhead::vault

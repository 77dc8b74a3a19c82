// The vault: proto/vault.h from its side. Keeps what acceptors hold here, and gives the estate of
// one that has died or let go to the heir that the supervisor names.
//
// An estate changes hands only when all that its holder has said is taken in: when its channel has
// ended, or when it has said Relinquished. The same holds for an heir that died: what it has
// adopted by its last words is its own. Whatever the vault does not know is no error: messages of a
// channel outlive the vault that they were meant for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "ipc/channel.h"
#include "proto/vault.h"
#include "proto/worker.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "workers/vault/holdings.h"

namespace bulkhead::vault {

class Vault {
 public:
  // descriptors: how many the process may have open.
  explicit Vault(std::uint64_t descriptors) : limit_(descriptors) {}
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // An acceptor's channel; a later one of the same holder replaces it.
  void connect(std::uint32_t holder, platform::UniqueFd channel);

  // to 0: nobody wants it.
  void bequeath(std::uint32_t from, std::uint32_t to);
  // Our supervisor is gone, and with it whoever would name heirs: from now on what an acceptor
  // leaves or lets go of goes to one that talks to us. Until convey().
  void go_on_alone();

  // Our supervisor is gone and another one wants what is here: asks the acceptors to let go, and
  // sends what they have let go of at the deadline to the vault at the other end (conveyance.cpp).
  runtime::Task<proto::TakenOver> convey(platform::UniqueFd to, runtime::Deadline deadline);
  // The same, at once, of what those have left who talk no more and that was given to nobody yet:
  // for the vault of a program that takes the place of ours.
  runtime::Task<proto::TakenOver> convey_left(platform::UniqueFd to);
  // The other side of both. received: called for each holder when everything has come.
  using Received = std::function<void(std::uint32_t holder, const Holdings& holdings)>;
  void receive(platform::UniqueFd from, Received received);
  // Ends the conversations with all acceptors.
  void send_clients_away();
  // Until no acceptor talks and no flow is held; flows that nobody talks for are held that long.
  runtime::Task<void> unneeded(runtime::Deadline deadline, runtime::Duration keep);

  // Listening sockets, so that they outlive the supervisor: these become those that are held, and
  // what was held before is closed.
  struct Listener {
    proto::Listener message;
    platform::UniqueFd socket;
  };
  void hold_listeners(std::vector<Listener> listeners) { listeners_ = std::move(listeners); }
  const std::vector<Listener>& listeners() const { return listeners_; }

  proto::VaultState state() const;

  // An acceptor said what it must not say.
  std::function<void(std::uint32_t holder, const std::string& reason)> on_violation;

  // Ends all channels and waits for what is under way. What is held stays until the object goes.
  runtime::Task<void> end();

 private:
  // An acceptor's conversation. Kept alive by the coroutine that runs it.
  struct Client {
    Client(std::uint32_t number, platform::UniqueFd socket)
        : holder(number), channel(std::move(socket), proto::Party::vault, proto::Party::acceptor) {}
    std::uint32_t holder;
    ipc::Channel channel;
    runtime::CancelScope scope;
  };
  struct Holder {
    Holdings holdings;
    std::shared_ptr<Client> client;  // null when the channel has ended, or there never was one
    bool relinquished = false;
    std::uint32_t heir = 0;  // who may adopt from it; 0: nobody
    std::uint32_t next_heir = 0;
    bool due = false;  // to be given to the next heir as soon as that can be done
    bool settled() const { return client == nullptr || relinquished; }
  };

  struct Donor;

  runtime::Task<void> serve(std::shared_ptr<Client> client);
  void register_handlers(Client& client);
  void hold_pages(Client& client, std::vector<platform::UniqueFd> descriptors);
  void hold_flow(Client& client, std::uint64_t flow, std::vector<platform::UniqueFd> descriptors);
  void hold_pipe(Client& client, std::uint64_t pipe, std::vector<platform::UniqueFd> descriptors);
  void release(std::uint32_t holder, const proto::Release& message);
  void adopt(std::uint32_t heir, const proto::Adopt& message);
  bool is_heir(std::uint32_t holder, std::uint32_t from) const;
  void settle(std::uint32_t from);
  void settle_all();
  bool is_talking(std::uint32_t holder) const;
  void drop(std::uint32_t holder);
  void find_heirs();
  std::uint32_t any_heir() const;
  runtime::Task<void> send_estate(std::uint32_t from, std::shared_ptr<Client> heir);
  std::size_t flows() const;
  void note_holder(std::uint32_t holder);
  runtime::Task<void> until_let_go(runtime::Deadline deadline);
  runtime::Task<proto::TakenOver> convey(std::vector<std::uint32_t> holders, platform::UniqueFd to);
  runtime::Task<void> convey_all(ipc::Channel& other, std::vector<std::uint32_t> holders,
                                 proto::TakenOver& report);
  runtime::Task<bool> convey_one(ipc::Channel& other, std::uint32_t holder,
                                 const Holdings& holdings);
  runtime::Task<void> receive_all(std::shared_ptr<Donor> donor, Received received);
  void listen_to(Donor& donor);

  std::uint64_t limit_;
  std::uint32_t last_holder_ = 0;  // the highest number that was ever heard of
  std::map<std::uint32_t, Holder> holders_;
  std::vector<Listener> listeners_;
  std::uint64_t refused_ = 0;
  bool alone_ = false;
  runtime::Event changed_;  // an acceptor let go or ended, or an estate went
  runtime::CancelScope donors_scope_;
  runtime::Gate tasks_;
};

}  // namespace bulkhead::vault

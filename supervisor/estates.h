// The flows of acceptors that are gone: each estate is given to an acceptor that serves, which goes
// on with them (proto/vault.h).
//
// The heir is the successor in the same place, so that the load stays spread. When that is not
// about to serve (its start has to wait or takes long, or its place is given up), it is any other
// acceptor. An heir that dies leaves the estate to the next one, together with its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/channel.h"
#include "proto/vault.h"
#include "runtime/task.h"
#include "supervisor/tenure.h"

namespace bulkhead::supervisor {

class Estates {
 public:
  // How long a place's successor may take to serve before its estate goes to another.
  static constexpr runtime::Duration patience{1'000};

  // How long an heir may take to say what became of an estate. Then it is dropped: nobody keeps
  // what nobody goes on with.
  static constexpr runtime::Duration settling_time{10'000};

  // Estates that wait or are being settled. A vault that was broken into must not be able to have
  // descriptors without end kept for it; what is beyond is closed.
  static constexpr std::size_t most_unsettled = 1'024;

  // An acceptor that serves and is going to.
  struct Heir {
    std::uint32_t holder = 0, place = 0;
    std::string name;
    ipc::Channel* channel = nullptr;
  };
  // Asked anew each time; channels are used at once.
  struct Surroundings {
    std::function<std::vector<Heir>()> heirs;
    std::function<ipc::Channel*()> vault;  // null: there is none
  };
  explicit Estates(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}
  Estates(const Estates&) = delete;
  Estates& operator=(const Estates&) = delete;

  // How a holder came to leave its flows.
  enum class Leaving {
    died,           // and a successor is being started in its place
    died_for_good,  // its place is given up
    let_go,         // it goes on with its other connections
  };
  void leave(std::shared_ptr<const Tenure> tenure, Leaving how);
  // The place stays empty for a while, or for good.
  void give_up_place(std::uint32_t place);
  // A holder that carried nothing any more has ended; the vault may forget it.
  void forget(const Tenure& tenure);

  // Somebody began to serve, died, or the vault is a new one.
  void settle();
  void vault_restarted();
  // Or it has let go of everything: it goes on with nothing that was not settled.
  void heir_died(std::uint32_t holder);
  void inherited(std::uint32_t heir, const proto::Inherited& report);

  // Nobody shall inherit any more.
  void close();

  // For status: what is not settled yet, what became of all that is, and how many estates nobody
  // went on with.
  std::size_t unsettled() const { return estates_.size(); }
  const proto::Inherited& totals() const { return totals_; }
  std::uint32_t given_up() const { return given_up_; }
  // What the program that ran in this process before has counted.
  void go_on_counting(const proto::Inherited& totals, std::uint32_t given_up) {
    totals_ = totals;
    given_up_ = given_up;
  }

 private:
  struct Estate {
    std::shared_ptr<const Tenure> tenure;
    bool awaits_place = false;
    bool alive = false;      // see Leaving::let_go
    std::uint32_t heir = 0;  // holder; 0: not given yet
  };

  std::optional<Heir> heir_of(const Estate& estate) const;
  void give(Estate& estate, const Heir& heir);
  void tell_vault(std::uint32_t from, std::uint32_t to) const;
  runtime::Task<void> lose_patience(std::uint32_t holder);
  runtime::Task<void> drop_unsettled(std::uint32_t holder, std::uint32_t heir);

  Surroundings surroundings_;
  std::vector<Estate> estates_;
  proto::Inherited totals_;
  std::uint32_t given_up_ = 0;
  std::size_t last_heir_ = 0;  // so that several estates go to several heirs
  bool closed_ = false;
  runtime::CancelScope scope_;
};

}  // namespace bulkhead::supervisor

// How fast the bytes of one connection may go, by every scope that limits them: the connection, its
// address, its user, all together; each direction for itself.
//
// How it works. A direction that has used up its portion asks every scope for the next one. A scope
// answers with the time at which all that was asked for before will have been sent, so those who
// share it queue up; the direction waits for the latest of these times. A portion is a few
// milliseconds' worth of the slowest scope, and shrinks while the queue is long. What was asked for
// and not used is given back at the end.
#pragma once

#include <array>

#include "runtime/loop.h"
#include "workers/acceptor/policy/client_place.h"

namespace bulkhead::acceptor {

class Pace {
 public:
  enum class Way { up, down };

  // The place outlives this.
  Pace(ClientPlace& place, Way way) : place_(place), way_(way) {}
  ~Pace() { give_back(); }
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

  // As in runtime/meter.h.
  std::size_t allowance();
  runtime::Deadline resume_at() const;
  // May be more than was allowed: the next portion is then later.
  void took(std::size_t bytes);

 private:
  // One scope, as far as it applies now.
  struct Scope {
    ipc::RateCell* cell = nullptr;
    const ByteTerms* terms = nullptr;
  };
  using Scopes = std::array<Scope, 4>;

  Scopes scopes(std::uint64_t now);
  std::uint64_t charge(const Scopes& scopes, std::uint64_t bytes, std::uint64_t now) const;
  void next_portion();
  void give_back();

  ClientPlace& place_;
  Way way_;
  std::uint32_t portion_ = 0;  // of the last time
  std::uint32_t left_ = 0;     // may go now, or from start_ on
  std::uint64_t start_ = 0;
  ipc::RateCell own_{};  // the connection's
};

// Both directions of a connection: made when bytes are limited for the first time, because most
// connections never need it.
struct Paces {
  explicit Paces(ClientPlace& place) : up(place, Pace::Way::up), down(place, Pace::Way::down) {}
  Pace up, down;
};

}  // namespace bulkhead::acceptor

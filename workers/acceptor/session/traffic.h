// The bytes of one tunnel, request or UDP flow: counted as they move, and held to the pace that the
// limits allow.
#pragma once

#include "runtime/meter.h"
#include "runtime/task.h"
#include "runtime/timer.h"
#include "workers/acceptor/observe/live_bytes.h"
#include "workers/acceptor/policy/pace.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

class MeteredTraffic {
 public:
  // Client and record outlive this. The record's protocol and backend are known.
  MeteredTraffic(Client& client, AccessRecord& record)
      : client_(client), bytes_(client.acceptor.counters, record) {}
  MeteredTraffic(const MeteredTraffic&) = delete;
  MeteredTraffic& operator=(const MeteredTraffic&) = delete;

  runtime::Meter& up() { return up_; }
  runtime::Meter& down() { return down_; }

 private:
  template <Pace::Way way>
  class Direction final : public runtime::Meter {
   public:
    explicit Direction(MeteredTraffic& traffic) : traffic_(traffic) {}
    std::size_t allowance() override {
      Pace* const pace = traffic_.pace(way);
      return pace == nullptr ? unlimited : pace->allowance();
    }
    runtime::Deadline resume_at() const override { return traffic_.pace(way)->resume_at(); }
    void took(std::size_t bytes) override {
      if (Pace* const pace = traffic_.pace(way)) pace->took(bytes);
    }
    void passed(std::size_t bytes) override {
      if constexpr (way == Pace::Way::up) {
        traffic_.bytes_.up(bytes);
      } else {
        traffic_.bytes_.down(bytes);
      }
    }

   private:
    MeteredTraffic& traffic_;
  };

  // Null as long as nothing is or was limited.
  Pace* pace(Pace::Way way) {
    if (!client_.paces) {
      if (!client_.place.limits_bytes()) return nullptr;
      client_.paces = std::make_unique<Paces>(client_.place);
    }
    return way == Pace::Way::up ? &client_.paces->up : &client_.paces->down;
  }

  Client& client_;
  LiveBytes bytes_;
  Direction<Pace::Way::up> up_{*this};
  Direction<Pace::Way::down> down_{*this};
};

// Waits until something may be taken; false if the scope was cancelled first. Ask allowance()
// before: nearly always there is nothing to wait for.
inline runtime::Task<bool> await_allowance(runtime::Meter& meter) {
  while (meter.allowance() == 0) {
    const bool slept = co_await runtime::sleep_until(meter.resume_at());
    if (!slept) co_return false;
  }
  co_return true;
}

}  // namespace bulkhead::acceptor

// A relay between two plain sockets: two flows, driven by the sockets' readiness rather than by
// coroutines of their own, so that passing a message on costs its system calls and little else.
//
//   RelayEnd end = co_await RawRelay(client, upstream, options, counters);
//
// One coarse timer serves all deadlines. It is not moved when bytes move: it fires at the earliest
// time that any deadline could pass, and looks. While bytes are moving it also fires once a second
// or so to verify what a short read left open (see runtime/socket.h).
#pragma once

#include "runtime/raw_flow.h"

namespace bulkhead::runtime {

class RawRelay final : Waiter, TimerNode {
 public:
  RawRelay(Stream& client, Stream& upstream, RelayOptions options, RelayCounters& counters);

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(self, self.promise().scope);
  }
  RelayEnd await_resume() const noexcept { return end_; }

 private:
  // One direction, and how it ends the relay.
  struct Side final : Socket::Listener {
    Side(RawRelay& owner, RawFlow&& carried, Meter* watched_by, RelayEnd when_from_failed,
         RelayEnd when_to_failed)
        : relay(owner),
          flow(std::move(carried)),
          meter(watched_by),
          from_failed(when_from_failed),
          to_failed(when_to_failed) {}
    bool on_ready() override { return relay.woken(*this); }
    // Before and after the flow moves; nothing without a meter.
    void ask_meter() {
      if (meter == nullptr) return;
      allowed = meter->allowance();
      flow.allow(allowed);
    }
    void tell_meter(std::size_t passed) {
      if (meter == nullptr) return;
      if (allowed != Meter::unlimited) meter->took(allowed - flow.allowance());
      if (passed != 0) meter->passed(passed);
    }

    RawRelay& relay;
    RawFlow flow;
    Meter* meter;
    std::size_t allowed = Meter::unlimited;  // by the meter's last word
    RelayEnd from_failed, to_failed;
    RawFlow::State state = RawFlow::State::wants_read;
    Deadline moved_at;  // when it last moved a byte or became blocked, or the relay began
  };
  using Move = RawFlow::State (RawFlow::*)();

  bool start(std::coroutine_handle<> coroutine, CancelScope* scope);
  void begin(Side& side);
  bool woken(Side& side);
  void drive(Side& side, Move move);
  bool settle(Side& side);
  void visit(Side& side);
  void visit_throttled(Side& side);
  void finish(RelayEnd end);
  void resume();

  Deadline check_wanted_by(const Side& side) const;
  void check_by(Deadline when);
  void check_deadlines();
  void on_timeout() override;
  void on_cancel() noexcept override;

  RelayOptions options_;
  Side up_, down_;
  std::coroutine_handle<> coroutine_;
  Deadline checked_by_ = never;      // when the timer fires
  Deadline keepalive_from_ = never;  // when the upstream is to be probed; never: not, or already
  RelayEnd end_ = RelayEnd::closed;
  bool finished_ = false;
};

}  // namespace bulkhead::runtime

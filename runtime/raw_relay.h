// A relay between two plain sockets: two flows, driven by the sockets' readiness rather than by
// coroutines of their own, so that passing a message on costs its system calls and little else.
//
//   AwaitedRelay relay(client, upstream, options, counters);
//   RelayEnd end = co_await relay;
//
// One coarse timer serves all deadlines. It is not moved when bytes move: it fires at the earliest
// time that any deadline could pass, and looks. While bytes are moving it also fires once a second
// or so to verify what a short read left open (see runtime/socket.h).
//
// A relay that has lived for options.settle_after ends as `settled`, with its flows as they are:
// somebody who needs no coroutine may go on with them, in another RawRelay.
#pragma once

#include "runtime/raw_flow.h"

namespace bulkhead::runtime {

class RawRelay : Waiter, TimerNode {
 public:
  // The flows: client to upstream, and back. Their streams outlive the relay.
  RawRelay(RawFlow up, RawFlow down, RelayOptions options);

  // False if it has ended already; else ended() will be called, never inline. scope may be null.
  // May be called again after stop().
  bool start(CancelScope* scope);
  // Ends it in silence. The flows are whole: between two steps.
  void stop() { finish(end_); }

  RelayEnd end() const { return end_; }
  RawFlow& up() { return up_.flow; }
  RawFlow& down() { return down_.flow; }

 protected:
  ~RawRelay() = default;
  // The relay has ended; it is not touched any more when this returns.
  virtual void ended() = 0;

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

  // Told to settle from outside.
  struct Settling final : Waiter {
    explicit Settling(RawRelay& owner) : relay(owner) {}
    void on_cancel() noexcept override { relay.end_later(RelayEnd::settled); }
    using Waiter::link;
    using Waiter::unlink;
    RawRelay& relay;
  };

  void begin(Side& side);
  bool woken(Side& side);
  void drive(Side& side, Move move);
  bool settle(Side& side);
  void visit(Side& side);
  void visit_throttled(Side& side);
  void finish(RelayEnd end);
  void end_later(RelayEnd end) noexcept;

  Deadline check_wanted_by(const Side& side) const;
  void check_by(Deadline when);
  void check_deadlines();
  void on_timeout() override;
  void on_cancel() noexcept override { end_later(RelayEnd::cancelled); }

  RelayOptions options_;
  Side up_, down_;
  Settling settling_{*this};
  Deadline checked_by_ = never;      // when the timer fires
  Deadline keepalive_from_ = never;  // when the upstream is to be probed; never: not, or already
  Deadline settles_at_ = never;
  RelayEnd end_ = RelayEnd::closed;
  bool finished_ = false;
  bool told_ = false;  // ended() is due, by the timer
};

class AwaitedRelay final : public RawRelay {
 public:
  AwaitedRelay(Stream& client, Stream& upstream, RelayOptions options, RelayCounters& counters)
      : RawRelay(RawFlow(client, upstream, counters.up, options.mode),
                 RawFlow(upstream, client, counters.down, options.mode), options) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    coroutine_ = self;
    return start(self.promise().scope);
  }
  RelayEnd await_resume() const noexcept { return end(); }

 private:
  void ended() override {
    const auto coroutine = coroutine_;
    coroutine.resume();
  }

  std::coroutine_handle<> coroutine_;
};

}  // namespace bulkhead::runtime

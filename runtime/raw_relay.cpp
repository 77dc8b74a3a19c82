#include "runtime/raw_relay.h"

#include <algorithm>

namespace bulkhead::runtime {
namespace {

using State = RawFlow::State;

constexpr Duration verify_interval{1000};

}  // namespace

RawRelay::RawRelay(RawFlow up, RawFlow down, RelayOptions options)
    : options_(options),
      up_(*this, std::move(up), options.up, RelayEnd::client_failed, RelayEnd::upstream_failed),
      down_(*this, std::move(down), options.down, RelayEnd::upstream_failed,
            RelayEnd::client_failed) {}

bool RawRelay::start(CancelScope* scope) {
  finished_ = told_ = false;
  end_ = RelayEnd::closed;
  checked_by_ = keepalive_from_ = settles_at_ = never;
  if (scope != nullptr && scope->cancelled()) {
    end_ = RelayEnd::cancelled;
    return false;
  }
  link(scope);
  const Loop& loop = Loop::current();
  up_.moved_at = down_.moved_at = loop.now();
  if (options_.keepalive.count() > 0) {
    keepalive_from_ = up_.moved_at + options_.keepalive;
    check_by(keepalive_from_);
  }
  if (options_.settle_after > Duration{0}) {
    settles_at_ = loop.after(options_.settle_after);
    settling_.link(options_.settle_scope);
    check_by(settles_at_);
  }
  begin(up_);
  if (!finished_) begin(down_);
  return !finished_;
}

// A socket that the loop does not know yet is not asked: registering it tells what there is.
void RawRelay::begin(Side& side) {
  if (side.flow.from().registered()) return drive(side, &RawFlow::advance);
  side.flow.from().listen(Direction::read, &side);
  check_by(check_wanted_by(side));
}

// The listener was taken off before the call. Nothing may be touched after ended().
bool RawRelay::woken(Side& side) {
  drive(side, &RawFlow::advance);
  if (finished_) ended();
  return true;
}

void RawRelay::drive(Side& side, Move move) {
  do {
    const std::uint64_t moved_before = side.flow.moved();
    const State before = side.state;
    side.ask_meter();
    side.state = (side.flow.*move)();
    const std::uint64_t moved = side.flow.moved() - moved_before;
    side.tell_meter(moved);
    const bool newly_blocked = side.state == State::wants_write && before != State::wants_write;
    if (newly_blocked || moved != 0) side.moved_at = Loop::current().now();
  } while (!settle(side));
}

// False if an edge came in before we listened, so that the flow must try again.
bool RawRelay::settle(Side& side) {
  Socket& from = side.flow.from();
  Socket& to = side.flow.to();
  switch (side.state) {
    case State::wants_read:
      if (from.consume_edge(Direction::read)) return false;
      from.listen(Direction::read, &side);
      break;
    case State::wants_write:
      if (to.consume_edge(Direction::write)) return false;
      to.listen(Direction::write, &side);
      break;
    case State::yielded:
    case State::throttled:
      break;
    case State::ended:
      // The second end need not be passed on: both connections are closed now.
      if (up_.state == State::ended && down_.state == State::ended) {
        finish(RelayEnd::closed);
      } else {
        side.flow.pass_end_on();
      }
      return true;
    case State::from_failed:
      finish(side.from_failed);
      return true;
    case State::to_failed:
      finish(side.to_failed);
      return true;
  }
  check_by(check_wanted_by(side));
  return true;
}

void RawRelay::finish(RelayEnd end) {
  finished_ = true;
  end_ = end;
  unlink();
  settling_.unlink();
  disarm();
  up_.flow.from().forget(Direction::read);
  up_.flow.to().forget(Direction::write);
  down_.flow.from().forget(Direction::read);
  down_.flow.to().forget(Direction::write);
}

// By the timer, which has nothing else to do any more.
void RawRelay::end_later(RelayEnd end) noexcept {
  if (finished_) return;
  finish(end);
  told_ = true;
  arm(Loop::current().now());
}

// The earliest time at which this side may need the timer, as far as it can tell by itself.
Deadline RawRelay::check_wanted_by(const Side& side) const {
  const Loop& loop = Loop::current();
  const Deadline idle = loop.after(options_.idle);
  switch (side.state) {
    case State::yielded:
      return loop.now();
    case State::throttled:
      return side.meter->resume_at();
    case State::wants_write:
      return std::min(idle, loop.after(options_.write));
    case State::wants_read:
      return side.flow.verified() ? idle : std::min(idle, loop.after(verify_interval));
    default:
      return idle;
  }
}

void RawRelay::check_by(Deadline when) {
  if (when >= checked_by_) return;
  checked_by_ = when;
  arm(when);
}

// Moves on a side that gave way to others or was held back, and asks a quiet one whether it missed
// a reset.
void RawRelay::visit(Side& side) {
  if (side.state == State::throttled) return visit_throttled(side);
  if (side.state == State::yielded) return drive(side, &RawFlow::advance);
  if (side.state == State::wants_read && !side.flow.verified()) drive(side, &RawFlow::verify);
}

// Being held back is not being idle.
void RawRelay::visit_throttled(Side& side) {
  side.moved_at = Loop::current().now();
  const Deadline resume_at = side.meter->resume_at();
  if (resume_at > side.moved_at) return check_by(resume_at);
  drive(side, &RawFlow::advance);
}

void RawRelay::on_timeout() {
  if (told_) return ended();
  checked_by_ = never;
  visit(up_);
  if (!finished_) visit(down_);
  if (!finished_) check_deadlines();
  if (finished_) ended();
}

void RawRelay::check_deadlines() {
  const Deadline now = Loop::current().now();
  if (now >= keepalive_from_) {
    keep_alive(up_.flow.to(), options_.keepalive);
    keepalive_from_ = never;
  }
  check_by(keepalive_from_);
  if (now >= settles_at_) return finish(RelayEnd::settled);
  check_by(settles_at_);
  const Deadline quiet_since = std::max(up_.moved_at, down_.moved_at);
  if (now - quiet_since >= options_.idle) return finish(RelayEnd::idle);
  check_by(quiet_since + options_.idle);
  for (const Side* side : {&up_, &down_}) {
    if (side->state != State::wants_write) continue;
    if (now - side->moved_at >= options_.write) return finish(RelayEnd::write_timed_out);
    check_by(side->moved_at + options_.write);
  }
}

}  // namespace bulkhead::runtime

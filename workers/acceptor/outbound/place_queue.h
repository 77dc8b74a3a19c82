// Requests that wait for a place of a backend whose connections are all in use. In the order they
// came, each for a bounded time.
//
// A place that this process gives back is passed on in the next round; those of other processes are
// looked for by a timer, as long as anybody waits.
#pragma once

#include <functional>
#include <list>

#include "runtime/event.h"
#include "runtime/task.h"

namespace bulkhead::acceptor {

class PlaceQueue {
 public:
  static constexpr runtime::Duration look_again{5};

  ~PlaceQueue() { scope_.cancel(); }

  // attempt tells whether it got what it waits for; it is called until it says so. False at the
  // deadline and when cancelled. kind: those of one kind wait for the same, so that when one does
  // not get it the others of its kind need not be asked.
  runtime::Task<bool> wait(std::uint32_t kind, std::function<bool()> attempt,
                           runtime::Deadline deadline);

  // Those of that kind are in front of whoever comes now.
  bool has_waiting(std::uint32_t kind) const;
  std::size_t size() const { return waiters_.size(); }

  // Something was given back.
  void look();

 private:
  struct Waiter {
    std::uint32_t kind = 0;
    std::function<bool()> attempt;
    runtime::Event served;
  };
  class Enrolled;

  runtime::Task<void> look_now_and_then();
  void serve();

  std::list<Waiter*> waiters_;
  runtime::CancelScope scope_;
  bool looking_ = false;  // look_now_and_then() runs
  bool posted_ = false;   // serve() will be called
};

}  // namespace bulkhead::acceptor

// What a suspended operation is, and how a whole tree of them is called off.
//
// Every coroutine runs under a CancelScope (task.h hands it down from caller to callee). A
// suspended operation links itself into its scope; CancelScope::cancel() makes each of them finish
// with "cancelled", now and for every operation begun later. Coroutines therefore always run to
// their end and their destructors do the cleaning up; nothing is ever destroyed while suspended.
#pragma once

namespace bulkhead::runtime {

class CancelScope;

// A suspended operation. Linked into at most one scope; unlinks itself on destruction.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 protected:
  ~Waiter() { unlink(); }

  // Called once, already unlinked. Must not resume a coroutine inline: post it to the loop.
  virtual void on_cancel() noexcept = 0;

  void link(CancelScope* scope);  // scope may be null: never cancelled
  void unlink();

 private:
  friend class CancelScope;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

// Must outlive every operation begun under it. A scope made with a parent is cancelled with it.
class CancelScope : private Waiter {
 public:
  CancelScope();
  explicit CancelScope(CancelScope* parent);
  ~CancelScope();

  void cancel();
  bool cancelled() const { return cancelled_; }

 private:
  friend class Waiter;

  // The list's fixed element; never called.
  class Anchor : public Waiter {
    friend class CancelScope;
    friend class Waiter;
    void on_cancel() noexcept override {}
  };

  void on_cancel() noexcept override { cancel(); }

  Anchor anchor_;
  bool cancelled_ = false;
};

}  // namespace bulkhead::runtime

#include "runtime/waiter.h"

namespace bulkhead::runtime {

void Waiter::link(CancelScope* scope) {
  if (scope == nullptr) return;
  Waiter& anchor = scope->anchor_;
  previous_ = anchor.previous_;
  next_ = &anchor;
  previous_->next_ = this;
  anchor.previous_ = this;
}

void Waiter::unlink() {
  if (next_ == nullptr || next_ == this) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

CancelScope::CancelScope() {
  Waiter& anchor = anchor_;
  anchor.previous_ = anchor.next_ = &anchor;
}

CancelScope::CancelScope(CancelScope* parent) : CancelScope() {
  if (parent == nullptr) return;
  cancelled_ = parent->cancelled();
  link(parent);
}

CancelScope::~CancelScope() {
  Waiter& anchor = anchor_;
  anchor.previous_ = anchor.next_ = nullptr;
}

void CancelScope::cancel() {
  cancelled_ = true;
  Waiter& anchor = anchor_;
  while (anchor.next_ != &anchor) {
    Waiter* waiter = anchor.next_;
    waiter->unlink();
    waiter->on_cancel();
  }
}

}  // namespace bulkhead::runtime

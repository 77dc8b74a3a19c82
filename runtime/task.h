// Task<T>: a lazy coroutine, started when awaited, that hands its CancelScope down to whatever it
// awaits. spawn() starts one that nobody awaits. Single-threaded: a task lives and dies on its
// loop's thread.
//
// Control passes without symmetric transfer, on which the stack grows with every await wherever the
// compiler makes no tail calls (no optimisation, sanitizers): an awaited task is started inside
// await_suspend; if it ends there, its awaiter was never suspended and simply goes on, so a loop of
// awaits that need not wait runs on one level of stack.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/frame_pool.h"
#include "runtime/waiter.h"

namespace bulkhead::runtime {

// The part of every promise that awaitables may rely on.
struct PromiseBase {
  std::coroutine_handle<> continuation;
  CancelScope* scope = nullptr;
  std::exception_ptr exception;
  bool awaiter_waits = false;  // it is suspended: resume it at the end
  bool finished = false;       // ended before its awaiter was suspended

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    release_frame(frame, size);
  }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      promise.finished = true;
      // The awaiter destroys this coroutine: nothing may follow.
      if (promise.awaiter_waits) promise.continuation.resume();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <typename T>
class Task;

template <typename T>
struct TaskPromise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct TaskPromise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const {
    if (exception) std::rethrow_exception(exception);
  }
};

// Owns its coroutine. Move-only; awaited at most once.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Makes the task run under a scope other than its awaiter's.
  Task&& under(CancelScope& scope) && {
    handle_.promise().scope = &scope;
    return std::move(*this);
  }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    promise_type& promise = handle_.promise();
    promise.continuation = parent;
    if (promise.scope == nullptr) promise.scope = parent.promise().scope;
    handle_.resume();
    if (promise.finished) return false;
    promise.awaiter_waits = true;
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(Task<T>::Handle::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(Task<void>::Handle::from_promise(*this));
}

// The scope that the awaiting coroutine runs under (may be null): CancelScope* scope = co_await
// current_scope();
struct CurrentScope {
  CancelScope* scope = nullptr;
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    scope = self.promise().scope;
    return false;
  }
  CancelScope* await_resume() const noexcept { return scope; }
};
inline CurrentScope current_scope() {
  return {};
}

namespace detail {

// A coroutine that starts at once and frees itself. An exception that reaches it is a defect in our
// own code: the process ends, and the supervisor starts a clean one.
struct Detached {
  struct promise_type {
    CancelScope* scope = nullptr;
    promise_type() = default;
    template <typename First, typename... Rest>
    explicit promise_type(First&, CancelScope* under, Rest&...) : scope(under) {}
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
      release_frame(frame, size);
    }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

inline Detached run_detached(Task<void> task, CancelScope*) {
  co_await std::move(task);
}

}  // namespace detail

// Starts task now, on this stack, up to its first suspension. scope (may be null) must outlive it.
inline void spawn(Task<void> task, CancelScope* scope = nullptr) {
  detail::run_detached(std::move(task), scope);
}

}  // namespace bulkhead::runtime

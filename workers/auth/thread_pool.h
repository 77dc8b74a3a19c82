// Threads for work that blocks or computes for long, beside the event loop: hashing, databases,
// directories. Jobs begin in the order they came.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "platform/unique_fd.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/socket.h"
#include "runtime/task.h"

namespace bulkhead::auth {

class ThreadPool {
 public:
  // Jobs that wait beyond this are refused.
  static constexpr std::size_t max_queued = 4096;

  // nice: beyond 0, how far the threads give way to the data path (platform/scheduling.h).
  ThreadPool(unsigned threads, int nice);
  // Every job under way is waited for; those that have not begun are dropped.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs work on one of the threads; to be called, and resumed, on the loop's. Nothing when the
  // queue was full, or when the deadline passed or the scope was cancelled first: then the work may
  // still run, and its result is dropped. work must own what it uses.
  template <typename Result>
  runtime::Task<std::optional<Result>> run(std::function<Result()> work,
                                           runtime::Deadline deadline = runtime::never) {
    auto result = std::make_shared<std::optional<Result>>();
    const auto job = std::make_shared<Job>();
    job->work = [result, work = std::move(work)] { result->emplace(work()); };
    if (!submit(job)) co_return std::nullopt;
    const auto waited = co_await job->done.wait(deadline);
    if (waited != runtime::Event::Result::set) {
      job->abandoned = true;
      co_return std::nullopt;
    }
    co_return std::move(*result);
  }

  std::size_t waiting() const;

 private:
  struct Job {
    std::function<void()> work;
    runtime::Event done;                 // the loop's thread alone looks at it
    std::atomic<bool> abandoned{false};  // nobody waits: need not begin
  };

  // Outlives the pool for as long as the coroutine that collects results needs it.
  struct Shared {
    Shared();
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::shared_ptr<Job>> queue;
    std::vector<std::shared_ptr<Job>> done;
    bool stopping = false;
    runtime::Socket signal;  // readable when there is something in done
    runtime::CancelScope scope;
  };

  bool submit(std::shared_ptr<Job> job);
  static void work(Shared& shared, int nice);
  static runtime::Task<void> collect(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace bulkhead::auth

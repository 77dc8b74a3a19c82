#include "workers/auth/thread_pool.h"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/scheduling.h"

namespace bulkhead::auth {

ThreadPool::Shared::Shared()
    : signal(platform::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {}

ThreadPool::ThreadPool(unsigned threads, int nice) : shared_(std::make_shared<Shared>()) {
  for (unsigned each = 0; each < threads; ++each)
    threads_.emplace_back([this, nice] { work(*shared_, nice); });
  runtime::spawn(collect(shared_), &shared_->scope);
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->queue.clear();
  }
  shared_->wake.notify_all();
  for (std::thread& thread : threads_) thread.join();
  shared_->scope.cancel();
}

std::size_t ThreadPool::waiting() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->queue.size();
}

bool ThreadPool::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() >= max_queued) return false;
    shared_->queue.push_back(std::move(job));
  }
  shared_->wake.notify_one();
  return true;
}

void ThreadPool::work(Shared& shared, int nice) {
  if (nice != 0) platform::give_way(nice);
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(shared.mutex);
      shared.wake.wait(lock, [&shared] { return shared.stopping || !shared.queue.empty(); });
      if (shared.stopping) return;
      job = std::move(shared.queue.front());
      shared.queue.pop_front();
    }
    if (!job->abandoned) job->work();
    // What it held is freed here and not on the loop's thread.
    job->work = nullptr;
    const std::lock_guard lock(shared.mutex);
    shared.done.push_back(std::move(job));
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(shared.signal.fd(), &one, sizeof one);
  }
}

runtime::Task<void> ThreadPool::collect(std::shared_ptr<Shared> shared) {
  for (;;) {
    std::uint64_t count = 0;
    while (::read(shared->signal.fd(), &count, sizeof count) > 0) {
      std::vector<std::shared_ptr<Job>> finished;
      {
        const std::lock_guard lock(shared->mutex);
        finished.swap(shared->done);
      }
      for (const auto& job : finished) job->done.set();
    }
    const auto status = co_await runtime::ready(shared->signal, runtime::Direction::read);
    if (status == runtime::IoStatus::cancelled) co_return;
  }
}

}  // namespace bulkhead::auth

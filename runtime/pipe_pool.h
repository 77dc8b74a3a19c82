// Pipes for relays that splice: bytes go from socket to pipe to socket without entering user space.
//
// A relay borrows a pipe while bytes are on their way through it, so a few serve many connections.
// One that comes back empty is kept for the next borrower; one with bytes in it is closed. Not
// thread-safe: one pool a thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "platform/unique_fd.h"

namespace bulkhead::runtime {

struct Pipe {
  platform::UniqueFd read_end, write_end;
};

class PipePool {
 public:
  static constexpr int pipe_bytes = 256 * 1024;  // room in a pipe, in whole pages
  static constexpr std::size_t max_lent = 512;   // two descriptors each
  static constexpr std::size_t max_kept = 32;

  // A borrowed pipe; gives itself back. Move-only; must not outlive its pool.
  class Loan {
   public:
    Loan(PipePool& pool, Pipe pipe) : pool_(&pool), pipe_(std::move(pipe)) {}
    Loan(Loan&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          pipe_(std::move(other.pipe_)),
          bytes_(other.bytes_) {}
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (pool_ != nullptr) pool_->take_back(std::move(pipe_), bytes_ == 0);
    }

    int read_end() const { return pipe_.read_end.get(); }
    int write_end() const { return pipe_.write_end.get(); }
    std::size_t bytes() const { return bytes_; }  // in the pipe now
    void filled(std::size_t bytes) { bytes_ += bytes; }
    void drained(std::size_t bytes) { bytes_ -= bytes; }

   private:
    PipePool* pool_;
    Pipe pipe_;
    std::size_t bytes_ = 0;
  };

  // This thread's pool.
  static PipePool& current();

  PipePool();

  // None when too many are lent, or the system has no more (descriptors, or this user's share of
  // pipe memory).
  std::optional<Loan> borrow();

  std::size_t lent() const { return lent_; }
  std::size_t kept() const { return kept_.size(); }

 private:
  static std::optional<Pipe> make();
  void take_back(Pipe pipe, bool empty);

  std::vector<Pipe> kept_;
  std::size_t lent_ = 0;
};

}  // namespace bulkhead::runtime

// Pipes for relays that splice: bytes go from socket to pipe to socket without entering user space.
//
// A relay borrows a pipe while bytes are on their way through it, so a few serve many connections.
// One that comes back empty is kept for the next borrower; one with bytes in it is closed. Not
// thread-safe: one pool a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "platform/unique_fd.h"

namespace bulkhead::runtime {

struct Pipe {
  platform::UniqueFd read_end, write_end;
  std::uint64_t id = 0;  // the registry's; 0: not registered
  bool large = false;    // one of the pool's few
};

class PipePool {
 public:
  static constexpr int pipe_bytes = 256 * 1024;  // room in a pipe, in whole pages
  // A few are larger, and are lent first: a receiver that keeps up needs a third of the system
  // calls with them, and gives them back at once. Not all are, since the kernel gives a user 64 MiB
  // of such room before it gives no more pipes that are of use.
  static constexpr int large_pipe_bytes = 1024 * 1024;
  static constexpr std::size_t max_large = 8;
  static constexpr std::size_t max_lent = 512;  // two descriptors each
  static constexpr std::size_t max_kept = 32;

  // Told of each pipe that is made and discarded, so that somebody else can hold it as well.
  class Registry {
   public:
    virtual std::uint64_t made(int read_end, int write_end) = 0;  // returns its id, not 0
    virtual void discarded(std::uint64_t id) = 0;  // before its descriptors are closed

   protected:
    ~Registry() = default;
  };

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

    // Closes our ends and leaves the pipe, with all that is in it, to whoever else holds it.
    void forsake() && {
      if (pool_ != nullptr) std::exchange(pool_, nullptr)->forsaken(pipe_);
      pipe_ = {};
    }

    int read_end() const { return pipe_.read_end.get(); }
    int write_end() const { return pipe_.write_end.get(); }
    std::uint64_t id() const { return pipe_.id; }
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

  // Takes in a pipe that was another process's, with what is in it, as if it had been borrowed
  // here.
  Loan adopt(Pipe pipe, std::size_t bytes);

  // Null, or it outlives the pool's use. Pipes made before are not registered.
  void set_registry(Registry* registry) { registry_ = registry; }

  std::size_t lent() const { return lent_; }
  std::size_t kept() const { return kept_.size(); }

 private:
  std::optional<Pipe> make();
  void take_back(Pipe pipe, bool empty);
  void forsaken(const Pipe& pipe);
  void discard(Pipe pipe);

  std::vector<Pipe> kept_;  // the large ones last
  Registry* registry_ = nullptr;
  std::size_t lent_ = 0;
  std::size_t large_ = 0;  // lent or kept
};

}  // namespace bulkhead::runtime

// The memory through which relays copy: one scratch buffer that every step of the thread may use,
// and blocks for what a receiver did not take. It may be shared memory that outlives the process,
// so that nothing in it is lost (runtime/flow_place.h); until it is, it is memory of the process.
//
// The scratch has a label: which direction took it last, and at which of its stream positions the
// first byte lies. A direction writes it before it receives. Bytes are in the scratch only within
// one step, so the label is that of the only direction that can have bytes there.
//
// One a thread; not thread-safe. Blocks and the scratch are gone when it is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "platform/shared_memory.h"

namespace bulkhead::runtime {

class CopyMemory {
 public:
  static constexpr std::size_t block_bytes = std::size_t{64} * 1024;
  static constexpr std::uint32_t blocks = 1024;  // numbered from 1
  // A page for the label, the scratch, the blocks. Untouched memory costs nothing.
  static constexpr std::size_t size = 4096 + block_bytes * (1 + blocks);

  // Room for what a receiver did not take. When the shared blocks are used up it is memory of the
  // process: number 0, lost with the process. Gives itself back; move-only.
  class Block {
   public:
    Block() = default;
    Block(Block&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          number_(std::exchange(other.number_, 0)),
          own_(std::move(other.own_)) {}
    Block& operator=(Block&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(number_, other.number_);
      std::swap(own_, other.own_);
      return *this;
    }
    ~Block();

    std::uint32_t number() const { return number_; }
    // Never used again in this process: somebody else may still read it.
    void forsake() { owner_ = nullptr; }
    std::byte* data();  // block_bytes of them; null for one that was never taken
    explicit operator bool() const { return number_ != 0 || own_ != nullptr; }

   private:
    friend class CopyMemory;
    explicit Block(std::unique_ptr<std::byte[]> own) : own_(std::move(own)) {}
    Block(CopyMemory& owner, std::uint32_t number) : owner_(&owner), number_(number) {}
    CopyMemory* owner_ = nullptr;
    std::uint32_t number_ = 0;
    std::unique_ptr<std::byte[]> own_;
  };

  // This thread's.
  static CopyMemory& current();

  CopyMemory();

  // From now on the memory is this one, of exactly `size` bytes. No block may be lent.
  void use(platform::SharedMapping shared);

  // Says whose the scratch is from now on. tag 0: of somebody who leaves nothing behind.
  void label_scratch(std::uint64_t tag, std::uint64_t at) {
    label_->tag.store(tag, std::memory_order_relaxed);
    label_->at.store(at, std::memory_order_release);
  }
  std::span<std::byte> scratch() { return {scratch_, block_bytes}; }

  Block take();

  std::uint32_t lent() const { return lent_; }

  // Copy memory that another process has left; read-only.
  class Remains {
   public:
    explicit Remains(platform::SharedMapping memory) : memory_(std::move(memory)) {}
    // Bytes [from, to) of the direction's stream if the scratch is labelled with its tag and can
    // hold them; else nothing.
    std::span<const std::byte> in_scratch(std::uint64_t tag, std::uint64_t from,
                                          std::uint64_t to) const;
    // The first bytes of a block; nothing if there is no such block, or it is not that large.
    std::span<const std::byte> in_block(std::uint32_t number, std::size_t bytes) const;

   private:
    const std::byte* at(std::size_t offset) const;
    platform::SharedMapping memory_;
  };

 private:
  struct Label {
    std::atomic<std::uint64_t> tag, at;
  };
  static constexpr std::size_t scratch_offset = 4096;
  static constexpr std::size_t block_offset(std::uint32_t number) {
    return scratch_offset + block_bytes * number;
  }
  void lay_out();
  void give_back(std::uint32_t number);

  platform::SharedMapping memory_;
  Label* label_ = nullptr;
  std::byte* scratch_ = nullptr;
  std::vector<std::uint32_t> free_;  // given back, used again first
  std::uint32_t touched_ = 0;        // blocks above have never been used
  std::uint32_t lent_ = 0;
};

}  // namespace bulkhead::runtime

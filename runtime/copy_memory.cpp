#include "runtime/copy_memory.h"

#include <new>

namespace bulkhead::runtime {
namespace {

// Blocks above this many give their memory back to the system when they are not used.
constexpr std::uint32_t kept_warm = 16;

}  // namespace

CopyMemory& CopyMemory::current() {
  thread_local CopyMemory memory;
  return memory;
}

CopyMemory::CopyMemory() {
  auto own = platform::SharedMapping::of_this_process(size);
  if (!own) throw std::bad_alloc();
  memory_ = std::move(*own);
  lay_out();
}

void CopyMemory::use(platform::SharedMapping shared) {
  memory_ = std::move(shared);
  free_.clear();
  touched_ = 0;
  lay_out();
}

void CopyMemory::lay_out() {
  label_ = &memory_.as<Label>();
  scratch_ = &memory_.as<std::byte>() + scratch_offset;
}

CopyMemory::Block CopyMemory::take() {
  std::uint32_t number = 0;
  if (!free_.empty()) {
    number = free_.back();
    free_.pop_back();
  } else if (touched_ < blocks) {
    number = ++touched_;
  } else {
    return Block(std::make_unique_for_overwrite<std::byte[]>(block_bytes));
  }
  ++lent_;
  return {*this, number};
}

void CopyMemory::give_back(std::uint32_t number) {
  --lent_;
  if (number > kept_warm) memory_.discard(block_offset(number), block_bytes);
  free_.push_back(number);
}

CopyMemory::Block::~Block() {
  if (owner_ != nullptr) owner_->give_back(number_);
}

std::byte* CopyMemory::Block::data() {
  if (owner_ == nullptr) return own_.get();
  return &owner_->memory_.as<std::byte>() + block_offset(number_);
}

const std::byte* CopyMemory::Remains::at(std::size_t offset) const {
  return &memory_.as<std::byte>() + offset;
}

std::span<const std::byte> CopyMemory::Remains::in_scratch(std::uint64_t tag, std::uint64_t from,
                                                           std::uint64_t to) const {
  if (!memory_ || memory_.size() != size) return {};
  const auto& label = memory_.as<Label>();
  const std::uint64_t begin = label.at.load(std::memory_order_acquire);
  if (tag == 0 || label.tag.load(std::memory_order_relaxed) != tag) return {};
  if (from < begin || to < from || to - begin > block_bytes) return {};
  return {at(scratch_offset + (from - begin)), to - from};
}

std::span<const std::byte> CopyMemory::Remains::in_block(std::uint32_t number,
                                                         std::size_t bytes) const {
  if (!memory_ || memory_.size() != size) return {};
  if (number == 0 || number > blocks || bytes > block_bytes) return {};
  return {at(block_offset(number)), bytes};
}

}  // namespace bulkhead::runtime

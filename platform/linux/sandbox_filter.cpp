// Building and installing a seccomp filter: see sandbox_filter.h.
#include "platform/linux/sandbox_filter.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace bulkhead::platform {
namespace {

// A sanitizer's runtime makes calls of its own, which differ between versions: there a forbidden
// call fails instead of killing, so that the sanitizer can still say what it found.
#ifdef BULKHEAD_SANITIZED
constexpr std::uint32_t default_action = SCMP_ACT_ERRNO(EPERM);
#else
constexpr std::uint32_t default_action = SCMP_ACT_KILL_PROCESS;
#endif

void split(const AlignedBlock& block, std::span<const int> numbers,
           std::vector<AlignedBlock>& blocks) {
  const auto inside = [&block](int number) {
    const auto value = static_cast<std::uint32_t>(number);
    return value >= block.first && value - block.first < block.size;
  };
  if (std::none_of(numbers.begin(), numbers.end(), inside)) {
    blocks.push_back(block);
  } else if (block.size > 1) {
    const std::uint64_t half = block.size / 2;
    split({block.first, half}, numbers, blocks);
    split({static_cast<std::uint32_t>(block.first + half), half}, numbers, blocks);
  }
}

}  // namespace

SystemCallFilter::SystemCallFilter() : context_(seccomp_init(default_action)) {
  if (context_ == nullptr) {
    failure_ = ENOMEM;
    failed_ = "seccomp_init";
    return;
  }
  seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1);
  // A binary tree over the system calls' numbers: the cost of a call does not grow with the list.
  seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

SystemCallFilter::~SystemCallFilter() {
  if (context_ != nullptr) seccomp_release(context_);
}

void SystemCallFilter::allow(const char* name, Conditions conditions) {
  add(SCMP_ACT_ALLOW, name, conditions);
}

void SystemCallFilter::allow(std::span<const char* const> names) {
  for (const char* name : names) allow(name);
}

void SystemCallFilter::refuse(const char* name, int error, Conditions conditions) {
  add(SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), name, conditions);
}

void SystemCallFilter::refuse(std::span<const char* const> names, int error) {
  for (const char* name : names) refuse(name, error);
}

void SystemCallFilter::add(std::uint32_t action, const char* name, Conditions conditions) {
  // libseccomp refuses a rule that does what happens anyway.
  if (failure_ != 0 || action == default_action) return;
  const int number = seccomp_syscall_resolve_name(name);
  if (number < 0) return;
  const int added = seccomp_rule_add_array(
      context_, action, number, static_cast<unsigned>(conditions.size()), conditions.begin());
  if (added == 0) {
    ++rules_;
  } else {
    failure_ = -added;
    failed_ = name;
  }
}

std::string SystemCallFilter::install() {
  if (failure_ == 0) {
    failure_ = -seccomp_load(context_);
    failed_ = "seccomp_load";
  }
  if (failure_ == 0) return {};
  return failed_ + ": " + std::error_code(failure_, std::generic_category()).message();
}

std::vector<AlignedBlock> everything_but(std::span<const int> numbers) {
  std::vector<AlignedBlock> blocks;
  split({0, 1ULL << 32}, numbers, blocks);
  return blocks;
}

}  // namespace bulkhead::platform

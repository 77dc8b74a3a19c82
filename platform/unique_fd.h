// A file descriptor with one owner, closed when the owner dies. Move only. Never throws.
#pragma once

#include <utility>

namespace bulkhead::platform {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int descriptor)
      : descriptor_(descriptor) {}  // takes ownership; negative means none
  UniqueFd(UniqueFd&& other) noexcept : descriptor_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

  // Gives ownership to the caller.
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

  // Closes what is owned and takes the new descriptor. Keeps errno, so it may stand in an error
  // path.
  void reset(int descriptor = -1);

 private:
  int descriptor_ = -1;
};

}  // namespace bulkhead::platform

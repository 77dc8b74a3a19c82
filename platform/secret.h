// A value that must not be seen: passwords, password hashes, directory secrets. It has no stream
// operator and no formatter, so that printing one does not compile, and its bytes are wiped when it
// is destroyed, assigned or moved from.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::platform {

// Overwrites bytes in a way the optimiser may not remove.
inline void wipe(std::span<char> bytes) {
  volatile char* each = bytes.data();
  for (std::size_t index = 0; index < bytes.size(); ++index) each[index] = 0;
}

// Wipes the whole buffer of a string, the unused part included, and empties it.
inline void wipe(std::string& text) {
  text.resize(text.capacity());
  wipe(std::span<char>(text.data(), text.size()));
  text.clear();
}

// Owns its bytes on the heap (never in the object itself, where moves would leave copies behind).
// Copies are explicit in the type's users: a copy is as secret as the original and wiped like it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(const Secret& other) {
    if (this != &other) *this = Secret(other);
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    bytes_.swap(other.bytes_);
    other.clear();
    return *this;
  }
  ~Secret() { clear(); }

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }

  // The bytes in clear, valid until the secret is changed. The name is long so that uses are easily
  // found.
  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }

  void clear() {
    wipe(std::span<char>(bytes_));
    bytes_.clear();
  }

  // Time depends on the lengths only.
  friend bool operator==(const Secret& left, const Secret& right) {
    if (left.size() != right.size()) return false;
    unsigned difference = 0;
    for (std::size_t index = 0; index < left.size(); ++index)
      difference |= static_cast<unsigned char>(left.bytes_[index]) ^
                    static_cast<unsigned char>(right.bytes_[index]);
    return difference == 0;
  }

 private:
  std::vector<char> bytes_;
};

}  // namespace bulkhead::platform

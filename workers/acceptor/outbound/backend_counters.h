// How often each backend was used, for `proxyctl backend list`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace bulkhead::acceptor {

struct BackendCount {
  std::uint64_t active = 0, opened = 0, failed = 0;
};

class BackendCounters {
 public:
  // Counts one open connection for as long as it lives.
  class Use {
   public:
    Use() = default;  // of nothing
    explicit Use(BackendCount& count) : count_(&count) {
      ++count.active;
      ++count.opened;
    }
    Use(Use&& other) noexcept : count_(other.count_) { other.count_ = nullptr; }
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (count_ != nullptr) --count_->active;
    }

   private:
    BackendCount* count_ = nullptr;
  };

  // The reference stays valid: backends are few and never forgotten.
  BackendCount& of(std::string_view backend) {
    const auto found = counts_.find(backend);
    return found != counts_.end() ? found->second : counts_[std::string(backend)];
  }
  const std::map<std::string, BackendCount, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, BackendCount, std::less<>> counts_;
};

}  // namespace bulkhead::acceptor

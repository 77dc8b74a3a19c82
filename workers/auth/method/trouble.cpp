#include "workers/auth/method/trouble.h"

#include "runtime/log.h"

namespace bulkhead::auth {

void Trouble::report(std::string_view what) {
  constexpr auto repeat = std::chrono::minutes(1);
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  const bool news = known_ != what || now - logged_ >= repeat;
  seen_ = now;
  if (!news) return;
  known_ = what;
  logged_ = now;
  runtime::log::warn("authentication cannot ask its server",
                     {{"method", method_}, {"server", server_}, {"reason", what}});
}

void Trouble::over() {
  const std::lock_guard lock(mutex_);
  if (known_.empty()) return;
  known_.clear();
  runtime::log::info("authentication can ask its server again",
                     {{"method", method_}, {"server", server_}});
}

bool Trouble::within(std::chrono::seconds last) const {
  const std::lock_guard lock(mutex_);
  return !known_.empty() && std::chrono::steady_clock::now() - seen_ < last;
}

}  // namespace bulkhead::auth

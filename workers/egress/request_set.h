// The requests under way on one channel: each a coroutine under a scope of its own, so that it can
// be cancelled by its id, and all at once when the channel ends.
#pragma once

#include <cstdint>
#include <map>

#include "runtime/gate.h"
#include "runtime/task.h"

namespace bulkhead::egress_worker {

class RequestSet {
 public:
  static constexpr std::size_t max_requests = 4096;

  enum class Begun { yes, overloaded, id_in_use };

  // Starts work on this stack. On anything but yes it is dropped unstarted.
  Begun begin(std::uint32_t id, runtime::Task<void> work);

  // Unknown ids are no error: the request may just have ended.
  void cancel(std::uint32_t id);

  // Cancels all and waits until they have ended, whatever the caller's scope. begin() must not be
  // called any more.
  runtime::Task<void> end();

  std::size_t count() const { return scopes_.size(); }

 private:
  runtime::Task<void> run(std::uint32_t id, runtime::Task<void> work);
  runtime::Task<void> wait_for_all();

  runtime::CancelScope scope_;
  runtime::Gate gate_;
  std::map<std::uint32_t, runtime::CancelScope*> scopes_;
};

}  // namespace bulkhead::egress_worker

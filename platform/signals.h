// Signals as a readable descriptor instead of handlers.
#pragma once

#include <initializer_list>
#include <optional>
#include <tl/expected.hpp>
#include <utility>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

class SignalSet {
 public:
  // Blocks the signals in this thread and all it starts: create it before there are other threads.
  // They stay blocked when the set dies (spawn() resets the mask for a child).
  static tl::expected<SignalSet, Error> create(std::initializer_list<int> signals);

  int fd() const { return descriptor_.get(); }  // owned by the set, non-blocking

  struct Received {
    int signal = 0;
    int sender = 0;  // pid, 0 when the kernel sent it
  };
  // The next pending signal, or nothing.
  std::optional<Received> take();

 private:
  explicit SignalSet(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
  UniqueFd descriptor_;
};

// Writing to a closed connection is an error value, not the end of the process. Call it first thing
// in main().
void ignore_broken_pipe();

}  // namespace bulkhead::platform

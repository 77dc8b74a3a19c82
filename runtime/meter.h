// What watches one direction of a relay: it is told of each byte as it moves, and may say how many
// may move now.
//
// Bytes are spent when they are taken from the sender, so that a sender is slowed by the window of
// its own TCP connection, and counted when they were passed on to the receiver.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/loop.h"

namespace bulkhead::runtime {

class Meter {
 public:
  static constexpr std::size_t unlimited = SIZE_MAX;

  // How many bytes may be taken from the sender now. 0: none before resume_at().
  virtual std::size_t allowance() { return unlimited; }
  virtual Deadline resume_at() const { return never; }
  // Bytes taken, at most what was allowed; may go untold while there is no limit.
  virtual void took(std::size_t) {}
  // Bytes passed on to the receiver.
  virtual void passed(std::size_t) {}

 protected:
  ~Meter() = default;
};

}  // namespace bulkhead::runtime

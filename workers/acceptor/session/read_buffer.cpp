#include "workers/acceptor/session/read_buffer.h"

#include <array>

namespace bulkhead::acceptor {
namespace {

// One for the process: nothing is kept in it across a wait.
thread_local std::array<std::byte, 16 * 1024> scratch;

}  // namespace

bool ReadMore::attempt() {
  result_ = stream_.try_read(scratch);
  if (result_.status == runtime::IoStatus::would_block) return false;
  if (result_.ok()) buffer_.append(std::span(scratch).first(result_.bytes));
  return true;
}

}  // namespace bulkhead::acceptor

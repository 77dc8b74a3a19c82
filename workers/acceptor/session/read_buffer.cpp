#include "workers/acceptor/session/read_buffer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "platform/secret.h"

namespace bulkhead::acceptor {
namespace {

// One for the process: nothing is kept in it across a wait.
thread_local std::array<std::byte, 16 * 1024> scratch;
// How much of it was written to since it was wiped last: most requests are small.
thread_local std::size_t written = 0;

}  // namespace

void ReadBuffer::grow(std::size_t more) {
  std::string larger;
  larger.reserve(std::max(2 * bytes_.size(), bytes_.size() + more));
  larger = bytes_;
  bytes_.swap(larger);
  platform::wipe(larger);
}

void ReadBuffer::consume_secret(std::size_t count) {
  explicit_bzero(bytes_.data() + used_, count);
  explicit_bzero(scratch.data(), std::exchange(written, 0));
  consume(count);
}

bool ReadMore::attempt() {
  result_ = stream_.try_read(scratch);
  if (result_.status == runtime::IoStatus::would_block) return false;
  written = std::max(written, result_.ok() ? result_.bytes : scratch.size());
  if (result_.ok()) buffer_.append(std::span(scratch).first(result_.bytes));
  return true;
}

}  // namespace bulkhead::acceptor

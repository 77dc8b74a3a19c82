#include "egress/parent/prefixed_stream.h"

#include <algorithm>
#include <cstring>

namespace bulkhead::egress {

runtime::IoResult PrefixedStream::try_read(std::span<std::byte> buffer) {
  if (used_ == prefix_.size()) return inner_->try_read(buffer);
  const std::size_t count = std::min(buffer.size(), prefix_.size() - used_);
  std::memcpy(buffer.data(), prefix_.data() + used_, count);
  used_ += count;
  return {runtime::IoStatus::ok, count, 0};
}

std::unique_ptr<runtime::Stream> with_prefix(std::unique_ptr<runtime::Stream> stream,
                                             std::string prefix) {
  if (prefix.empty()) return stream;
  return std::make_unique<PrefixedStream>(std::move(stream), std::move(prefix));
}

}  // namespace bulkhead::egress

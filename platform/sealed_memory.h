// Bytes handed to another process that nobody can change afterwards: a sealed memfd. The reader
// verifies the seals, so it can trust that what it checked is what it uses.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

// A new sealed memfd holding bytes. name shows in /proc and nowhere else; at most 200 bytes.
tl::expected<UniqueFd, Error> create_sealed_memory(const std::string& name, std::string_view bytes);

// Copies the contents out. EPERM when the descriptor lacks one of the seals write, shrink, grow and
// seal (EINVAL when it is no memfd), EFBIG when there are more than max_bytes. Does not move the
// file offset, so several processes may share one descriptor. Works inside the sandbox.
tl::expected<std::string, Error> read_sealed_memory(int descriptor, std::size_t max_bytes);

}  // namespace bulkhead::platform

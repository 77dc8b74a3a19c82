// What may be done with any descriptor, whatever it stands for.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

// A second, close-on-exec number for the same thing; empty when the process has no number left.
// Allowed in every sandbox.
UniqueFd duplicate(int descriptor);

// The same with a number of at least `least`.
UniqueFd duplicate_from(int descriptor, int least);

// How many descriptors this process may have open.
std::uint64_t open_files_limit();

// Makes `target` another number for the same thing as `source`, closing what it stood for. False on
// failure.
bool duplicate_onto(int source, int target);

// What a child writes and its parent reads. The read end does not block; the write end does, as
// programs expect of their standard output.
struct Pipe {
  UniqueFd read_end, write_end;
};
tl::expected<Pipe, Error> pipe_from_child();

// Ends both directions of a socket: whoever waits on it, here or at the peer, is woken. Errors do
// not matter.
void shutdown_both(int socket);

}  // namespace bulkhead::platform

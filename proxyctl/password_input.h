// Passwords from people and from programs: asked for without showing them where standard input is a
// terminal, else its first line.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "platform/secret.h"
#include "proxyctl/exit_code.h"

namespace bulkhead::proxyctl {

// again: a person has to type it twice.
tl::expected<platform::Secret, Failure> read_password(const std::string& prompt, bool again);

// 20 characters that cannot be taken for one another: about 100 random bits.
platform::Secret generate_password();

}  // namespace bulkhead::proxyctl

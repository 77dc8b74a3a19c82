// What a worker is told on its command line: all that it needs before it may read a single message.
// Written by the supervisor, read by the worker; no person types it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity.h"
#include "platform/sandbox.h"
#include "runtime/log.h"

namespace bulkhead::workers {

// Inherited descriptor numbers.
inline constexpr int control_descriptor = 3;  // the channel to the supervisor
// Acceptor only, always at these numbers: the channels to the egress, the vault and the auth
// worker.
inline constexpr int egress_descriptor = 4;
inline constexpr int vault_descriptor = 5;
inline constexpr int auth_descriptor = 6;

// Exit code of a worker whose sandbox is incomplete although the configuration requires it to be
// complete.
inline constexpr int exit_sandbox_incomplete = 77;

struct Arguments {
  std::uint32_t index = 0;
  std::uint32_t holder = 0;  // acceptor: its number as a holder of flows, see proto/vault.h
  platform::Identity identity;
  platform::SandboxMode sandbox = platform::SandboxMode::automatic;
  runtime::log::Level log_level = runtime::log::Level::info;
  std::vector<std::string> readable_files;  // egress, auth: beyond the resolver's
  bool pam = false;                         // auth: mode system is configured
  bool trial = false;                       // auth: is only prepared, and must change nothing
  std::string state_directory;              // auth: its own, where it stands and may write

  // argv, argv[0] included.
  std::vector<std::string> to_argv(std::string_view program) const;
  static std::optional<Arguments> parse(int argc, char** argv);
};

}  // namespace bulkhead::workers

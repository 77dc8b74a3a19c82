// The rogue: what a worker that was broken into could try, and what an honest one needs. Each runs
// alone in its own process, inside a sandbox or, as the control, outside.
#pragma once

#include <span>
#include <string>
#include <sys/types.h>

#include "platform/unique_fd.h"
#include "wire/address.h"

namespace bulkhead::platform {

// Made before the sandbox is entered: what a worker may have in its hands.
struct RogueContext {
  std::string directory;     // everybody may write here; holds the file "readable"
  UniqueFd listener;         // TCP on loopback, outside
  wire::Endpoint listening;  // its address
  UniqueFd client;           // a connection to it from outside, which has sent "hello"
  UniqueFd tcp;              // a new TCP socket
  UniqueFd udp;              // a new UDP socket, not connected
  UniqueFd stranger;         // one end of a message socket that is not an IPC channel
  UniqueFd stranger_peer;
  UniqueFd channel;  // an IPC channel: may sendmsg
  UniqueFd channel_peer;
  UniqueFd outer_namespace;  // /proc/self/ns/net
  UniqueFd sealed;           // sealed memory holding "config"
  UniqueFd held;             // a connected stream with "held" to read, at a vault's held number
  UniqueFd held_peer;
  UniqueFd held_page;  // the sealed memory again, at such a number
  pid_t victim = -1;   // a process of the same user
};

// 0 when it could be done, else errno. not_here: this build or kernel has nothing to try.
using Attempt = int (*)(const RogueContext&);
inline constexpr int not_here = -1;

struct NamedAttempt {
  const char* name;
  Attempt run;
};
std::span<const NamedAttempt> rogue_system_attempts();   // forbidden to both profiles
std::span<const NamedAttempt> rogue_network_attempts();  // forbidden to the acceptor
std::span<const NamedAttempt> rogue_holding_attempts();  // forbidden to the vault
std::span<const NamedAttempt> rogue_needs();             // what an honest worker does

// Exit codes of the program.
inline constexpr int rogue_succeeded = 0;
inline constexpr int rogue_refused = 10;
inline constexpr int rogue_not_here = 20;
inline constexpr int rogue_unprepared = 30;

}  // namespace bulkhead::platform

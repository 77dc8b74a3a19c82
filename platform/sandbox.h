// The one way into a worker's sandbox: every layer that the system has, in the right order, and a
// report of what is in force. What is on can never be turned off again in this process.
//
// Call it once, while the process has one thread (a user namespace and the identity need that),
// after everything has been opened that the profile may not open, and before the first byte from
// outside is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity.h"

namespace bulkhead::platform {

enum class SandboxProfile : std::uint8_t {
  acceptor,  // works on descriptors that were handed to it: no path, no new socket, no address
  egress,    // the same, and TCP and UDP sockets of its own, and reading the files of the resolver
  // Keeps descriptors and passes them on: from first_held_number on nothing can be read, written,
  // received from, sent to or mapped.
  vault,
  auth,  // as egress, and threads, stream sockets of the machine, and writing in one directory
};
std::string_view to_string(SandboxProfile profile);

inline constexpr int first_held_number = 512;

enum class SandboxMode : std::uint8_t {
  automatic,  // what is not available is reported, and the process goes on
  require,    // the same layers; the caller exits unless the report is complete()
  off,        // only identity and capabilities: a worker never runs as root
};

struct SandboxRequest {
  SandboxProfile profile = SandboxProfile::acceptor;
  SandboxMode mode = SandboxMode::automatic;
  Identity
      identity;  // from identity_of(), made by the supervisor or by the worker before it enters

  // An empty network namespace: not even loopback works. Sockets that were made outside keep
  // working inside, listening and connected ones alike.
  bool empty_network_namespace = false;

  // The descriptors on which an acceptor may call sendmsg, that is, pass descriptors to another
  // process. They must be open already, and cannot be closed inside (EPERM, harmless in a
  // destructor), lest their number come to mean another socket; at most 64. Messages that carry no
  // descriptor need none of this: send_message() sends them with send(), which is allowed on every
  // socket (without an address), so channels that arrive later work too. For acceptors only.
  std::vector<int> message_descriptors;

  // Egress and auth: files it may read beyond the resolver's (/etc/resolv.conf, /etc/hosts, …),
  // such as the hosts file of the config. Granted as their directories, because these files are
  // replaced by renaming. Ignored for an acceptor.
  std::vector<std::string> readable_files;

  // Auth: the only directory it may write in. Usually ".": the worker changed to it before it gave
  // up its identity, so that nobody need be let through the directories above.
  std::string writable_directory;

  // Soft limit of open descriptors; by default as many as the hard limit allows.
  std::optional<std::uint64_t> open_files;
};

struct SandboxReport {
  enum class State : std::uint8_t {
    on,
    off,          // not asked for
    unavailable,  // asked for, but the system does not give it; detail says why
  };
  struct Layer {
    std::string name;  // one of the names below
    State state = State::off;
    std::string detail;
  };
  std::vector<Layer> layers;  // in the order of layer_names, each once

  bool complete() const;  // no layer is unavailable
  const Layer* find(std::string_view name) const;
  std::string to_string()
      const;  // "identity on (uid 64200 …), landlock unavailable (…), …", one line
};

std::string_view to_string(SandboxReport::State state);

namespace layer {
inline constexpr std::string_view identity = "identity";
inline constexpr std::string_view capabilities = "capabilities";
inline constexpr std::string_view no_new_privileges = "no_new_privileges";
inline constexpr std::string_view network_namespace = "network_namespace";
inline constexpr std::string_view seccomp = "seccomp";
inline constexpr std::string_view landlock = "landlock";
inline constexpr std::string_view limits = "limits";
inline constexpr std::string_view not_dumpable = "not_dumpable";
}  // namespace layer

// Never throws for a layer's failure; never returns with an identity half changed: then it ends the
// process (a worker that is still root must not go on).
SandboxReport enter_sandbox(const SandboxRequest& request);

}  // namespace bulkhead::platform

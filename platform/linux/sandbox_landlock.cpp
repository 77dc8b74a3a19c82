// Landlock: which paths may be touched at all, whatever the uid. By raw system calls, with the
// constants written out here: the headers of the build machine are older than the kernels this runs
// on.
//
// A ruleset names the rights it handles; what is handled and not granted is refused. So all rights
// the kernel knows (which depends on its ABI version) are handled, and reading is granted below a
// few directories for egress and nothing at all for the others.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/linux/sandbox_layers.h"
#include "platform/unique_fd.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

namespace bulkhead::platform {
namespace {

namespace fs = std::filesystem;

// struct landlock_ruleset_attr as of ABI 6; older kernels are given a shorter size.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // ABI 4
  std::uint64_t scoped = 0;              // ABI 6
};

// struct landlock_path_beneath_attr
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed_access = 0;
  std::int32_t parent_fd = -1;
};

constexpr std::uint32_t create_ruleset_version = 1U << 0;
constexpr int rule_path_beneath = 1;
constexpr std::uint64_t read_file = 1ULL << 2;
constexpr std::uint64_t read_directory = 1ULL << 3;
constexpr std::uint64_t net_bind_and_connect_tcp = 3;
constexpr std::uint64_t scope_abstract_sockets_and_signals = 3;

// LANDLOCK_ACCESS_FS_*: 13 rights in ABI 1, REFER in 2, TRUNCATE in 3, IOCTL_DEV in 5.
std::uint64_t handled_paths(long abi) {
  const int rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
  return (1ULL << rights) - 1;
}

std::size_t attributes_size(long abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

RulesetAttributes attributes_for(SandboxProfile profile, long abi) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = handled_paths(abi);
  // Egress and auth are there to connect; for egress, the destination policy says where.
  if (abi >= 4 && profile != SandboxProfile::egress && profile != SandboxProfile::auth) {
    attributes.handled_access_net = net_bind_and_connect_tcp;
  }
  if (abi >= 6) attributes.scoped = scope_abstract_sockets_and_signals;
  return attributes;
}

// Directories and not the files: resolvers and editors replace these files by renaming, and a rule
// is bound to the file that was there. A link (systemd-resolved's /etc/resolv.conf) needs the
// directory of what it points to as well. The root directory is never granted.
std::vector<fs::path> readable_directories(const SandboxRequest& request) {
  std::vector<fs::path> files = {"/etc/resolv.conf", "/etc/hosts"};
  files.insert(files.end(), request.readable_files.begin(), request.readable_files.end());
  std::vector<fs::path> directories;
  for (const fs::path& file : files) {
    std::error_code failure;
    directories.push_back(fs::absolute(file, failure).parent_path());
    const fs::path real = fs::weakly_canonical(file, failure);
    if (!failure) directories.push_back(real.parent_path());
  }
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  std::erase_if(directories, [](const fs::path& path) { return !path.has_relative_path(); });
  return directories;
}

// What is not there cannot be granted, and need not be.
bool grant(int ruleset, const fs::path& path, std::uint64_t rights) {
  const UniqueFd parent(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!parent) return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
  const PathBeneath rule{rights, parent.get()};
  return syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &rule, 0) == 0;
}

bool grant_egress(int ruleset, const SandboxRequest& request, std::string& detail) {
  // The resolver library draws its query ids from there.
  if (!grant(ruleset, "/dev/urandom", read_file)) return false;
  for (const fs::path& directory : readable_directories(request)) {
    if (!grant(ruleset, directory, read_file | read_directory)) return false;
    detail += ", reads " + directory.string();
  }
  return true;
}

// Certificates and the libraries' own configuration beside the resolver's; writing in its
// directory.
bool grant_auth(int ruleset, const SandboxRequest& request, long abi, std::string& detail) {
  for (const char* path : {"/etc", "/usr/share", "/usr/lib/ssl", "/usr/local/share", "/run"}) {
    if (!grant(ruleset, path, read_file | read_directory)) return false;
  }
  if (!grant_egress(ruleset, request, detail)) return false;
  if (request.writable_directory.empty()) return true;
  const std::uint64_t executing = 1ULL << 0;
  detail += ", writes in its own directory";
  return grant(ruleset, request.writable_directory, handled_paths(abi) & ~executing);
}

std::string why_absent() {
  if (errno == ENOSYS) return "the kernel has none";
  if (errno == EOPNOTSUPP) return "the kernel has it disabled at boot";
  return failure_of("landlock_create_ruleset");
}

}  // namespace

Layer restrict_paths(const SandboxRequest& request) {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, create_ruleset_version);
  if (abi < 1) return layer_unavailable(layer::landlock, why_absent());
  const RulesetAttributes attributes = attributes_for(request.profile, abi);
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(abi), 0)));
  if (!ruleset) return layer_unavailable(layer::landlock, failure_of("landlock_create_ruleset"));
  std::string detail = "ABI " + std::to_string(abi);
  if (request.profile != SandboxProfile::egress && request.profile != SandboxProfile::auth) {
    detail += ", no path";
  } else if (request.profile == SandboxProfile::egress
                 ? !grant_egress(ruleset.get(), request, detail)
                 : !grant_auth(ruleset.get(), request, abi, detail)) {
    return layer_unavailable(layer::landlock, failure_of("landlock_add_rule"));
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return layer_unavailable(layer::landlock, failure_of("landlock_restrict_self"));
  }
  return layer_on(layer::landlock, detail);
}

}  // namespace bulkhead::platform

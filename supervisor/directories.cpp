#include "supervisor/directories.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/unique_fd.h"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

std::string default_runtime(bool root, const Environment& environment) {
  if (root) return "/run/bulkhead";
  const auto xdg = environment("XDG_RUNTIME_DIR");
  return xdg && !xdg->empty() ? *xdg + "/bulkhead" : "/tmp/bulkhead-" + std::to_string(::getuid());
}

std::string default_state(bool root, const Environment& environment) {
  if (root) return "/var/lib/bulkhead";
  const auto xdg = environment("XDG_STATE_HOME");
  if (xdg && !xdg->empty()) return *xdg + "/bulkhead";
  const auto home = environment("HOME");
  return home && !home->empty() ? *home + "/.local/state/bulkhead"
                                : default_runtime(root, environment) + "/state";
}

std::string absolute(const std::string& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("directory " + path + ": " + why);
}

// The directory itself is made with its final mode; missing parents are made as usual.
void create(const std::string& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), mode) == 0) return;
  if (errno != EEXIST) fail(path, std::strerror(errno));
}

void check(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) fail(path, std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) fail(path, "is not a directory");
  if (status.st_uid != ::geteuid())
    fail(path, "belongs to user " + std::to_string(status.st_uid) + ", not to us");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) fail(path, "others may write to it");
}

// Somebody else may have put anything there: only what is a plain file of one name.
void give_file(int directory, const std::string& name, const platform::Identity& identity) {
  const platform::UniqueFd file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return;
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || status.st_uid == identity.uid) return;
  [[maybe_unused]] const bool given =
      ::fchmod(file.get(), 0600) == 0 && ::fchown(file.get(), identity.uid, identity.gid) == 0;
}

}  // namespace

Directories choose_directories(const Options& options, bool root, const std::string& executable,
                               const Environment& environment) {
  const auto chosen = [](const std::string& written, const std::string& usual) {
    return absolute(written.empty() ? usual : written);
  };
  Directories directories;
  directories.runtime = chosen(options.runtime_dir, default_runtime(root, environment));
  directories.state = chosen(options.state_dir, default_state(root, environment));
  const fs::path beside = fs::path(executable).parent_path() / ".." / "libexec" / "bulkhead";
  directories.libexec = chosen(options.libexec_dir, beside.string());
  return directories;
}

void create_directories(const Directories& directories, bool root) {
  // Everybody may look into root's: the sockets and files in it have modes of their own.
  create(directories.runtime, root ? 0755 : 0700);
  check(directories.runtime);
  create(directories.state, 0700);
  check(directories.state);
}

std::string create_worker_directory(const std::string& path, const platform::Identity& identity) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return "directory " + path + ": " + std::strerror(errno);
  const platform::UniqueFd directory(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!directory || ::fstat(directory.get(), &status) != 0)
    return "directory " + path + ": " + std::strerror(errno);
  // It may have been made by hand, for a backup that is put back.
  if ((status.st_mode & 0777) != 0700 && ::fchmod(directory.get(), 0700) != 0)
    return "directory " + path + ": others may look into it: " + std::strerror(errno);
  if (identity.source == platform::Identity::Source::invoking_user) return {};
  std::error_code error;
  for (const fs::directory_entry& each : fs::directory_iterator(path, error))
    give_file(directory.get(), each.path().filename().string(), identity);
  if (error || ::fchown(directory.get(), identity.uid, identity.gid) != 0)
    return "directory " + path + ": cannot be given to " + identity.to_string();
  return {};
}

}  // namespace bulkhead::supervisor

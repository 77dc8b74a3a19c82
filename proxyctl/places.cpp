#include "proxyctl/places.h"

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace bulkhead::proxyctl {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string default_runtime_directory() {
  if (const std::string chosen = environment("BULKHEAD_RUNTIME_DIR"); !chosen.empty())
    return chosen;
  if (::geteuid() == 0) return "/run/bulkhead";
  if (const std::string xdg = environment("XDG_RUNTIME_DIR"); !xdg.empty())
    return xdg + "/bulkhead";
  return "/tmp/bulkhead-" + std::to_string(::geteuid());
}

std::string control_socket(const std::string& runtime_directory) {
  return (std::filesystem::path(runtime_directory) / "control.sock").string();
}

std::string daemon_program() {
  std::error_code error;
  const auto self = std::filesystem::canonical("/proc/self/exe", error);
  const auto beside = self.parent_path().parent_path() / "sbin" / "bulkhead";
  if (!error && ::access(beside.c_str(), X_OK) == 0) return beside.string();
  return "/usr/sbin/bulkhead";
}

}  // namespace bulkhead::proxyctl

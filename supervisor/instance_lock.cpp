#include "supervisor/instance_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::supervisor {
namespace {

std::string read_pid(int file) {
  std::array<char, 32> buffer{};
  const ssize_t got = ::pread(file, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

InstanceLock::InstanceLock(std::string path) : path_(std::move(path)) {
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file_) throw std::runtime_error(path_ + ": " + std::strerror(errno));
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_pid(file_.get());
    throw std::runtime_error("bulkhead is running already with this runtime directory (pid " +
                             holder + ", " + path_ +
                             "); choose another --runtime-dir for a second one");
  }
  const std::string pid = std::to_string(::getpid()) + '\n';
  const bool written =
      ::ftruncate(file_.get(), 0) == 0 &&
      ::pwrite(file_.get(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) throw std::runtime_error(path_ + ": " + std::strerror(errno));
}

InstanceLock::InstanceLock(std::string path, platform::UniqueFd inherited)
    : path_(std::move(path)), file_(std::move(inherited)) {}

InstanceLock::~InstanceLock() {
  ::unlink(path_.c_str());
}

}  // namespace bulkhead::supervisor

#include "supervisor/access_log_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::supervisor {
namespace {

std::string numbered(const std::string& path, std::uint32_t number) {
  return path + '.' + std::to_string(number);
}

std::string explain(const std::string& path, int error) {
  return "access_log.file: cannot open " + path + ": " + std::strerror(error);
}

}  // namespace

tl::expected<AccessLogFile, std::string> AccessLogFile::open(const config::AccessLog& settings) {
  AccessLogFile log(settings);
  if (!log.has_file()) return log;
  // The last directory is made if it is missing, like /var/log/proxy; a whole missing path is a
  // mistake.
  const std::string folder = std::filesystem::path(settings.file).parent_path().string();
  if (!folder.empty()) ::mkdir(folder.c_str(), 0750);
  if (auto opened = log.reopen(); !opened) return tl::unexpected(opened.error());
  return log;
}

bool AccessLogFile::has_file() const {
  return settings_.enabled && settings_.output != config::LogOutput::stdout_;
}

int AccessLogFile::descriptor() const {
  if (!settings_.enabled) return -1;
  return has_file() ? file_.get() : STDOUT_FILENO;
}

tl::expected<void, std::string> AccessLogFile::reopen() {
  if (!has_file()) return {};
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  platform::UniqueFd file(::open(settings_.file.c_str(), flags, 0640));
  if (!file) return tl::unexpected(explain(settings_.file, errno));
  file_ = std::move(file);
  return {};
}

tl::expected<bool, std::string> AccessLogFile::rotate_if_due() {
  struct stat status{};
  if (!has_file() || settings_.rotate.max_size.bytes == 0) return false;
  if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::uint64_t>(status.st_size) < settings_.rotate.max_size.bytes) return false;
  shift_old_files();
  auto opened = reopen();
  if (!opened) return tl::unexpected(opened.error());
  return true;
}

void AccessLogFile::shift_old_files() const {
  const std::string& path = settings_.file;
  const std::uint32_t keep = settings_.rotate.keep;
  if (keep == 0) {
    ::unlink(path.c_str());
    return;
  }
  for (std::uint32_t number = keep; number > 1; --number) {
    ::rename(numbered(path, number - 1).c_str(), numbered(path, number).c_str());
  }
  ::rename(path.c_str(), numbered(path, 1).c_str());
}

}  // namespace bulkhead::supervisor

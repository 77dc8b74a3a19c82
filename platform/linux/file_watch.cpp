// Watching a file by inotify on directories.
//
// A path may lead to its file over several symbolic links, each in another directory; each step's
// directory is watched for that step's name. After every event the chain is walked again, because a
// link may now point elsewhere. An event counts only when something was finished (written and
// closed, moved in, linked), and only when the file that the path leads to is then really another
// one or changed: a directory swap of Kubernetes touches many names at once.
#include "platform/file_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

namespace fs = std::filesystem;

constexpr int longest_chain = 16;
constexpr std::uint32_t events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

struct Step {
  fs::path directory;
  std::string name;
};

// Every name on the way from path to its file: each component that is a link leads on to its
// target.
std::vector<Step> chain_of(const fs::path& path) {
  std::vector<Step> steps;
  fs::path rest = path;
  for (int links = 0; links < longest_chain; ++links) {
    std::error_code failure;
    fs::path walked = rest.root_path();
    const fs::path relative = rest.relative_path();
    auto component = relative.begin();
    for (; component != relative.end(); ++component) {
      const fs::path here = walked / *component;
      const bool last = std::next(component) == relative.end();
      const bool link = fs::is_symlink(here, failure);
      if (last || link) steps.push_back({walked, component->string()});
      if (link) break;
      walked = here;
    }
    if (component == relative.end()) return steps;
    fs::path next = walked / fs::read_symlink(walked / *component, failure);
    for (++component; component != relative.end(); ++component) next /= *component;
    rest = next.lexically_normal();
  }
  return steps;
}

}  // namespace

tl::expected<FileWatch, Error> FileWatch::create(const std::string& path) {
  UniqueFd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return tl::unexpected(last_error("inotify_init1"));
  std::error_code failure;
  const fs::path absolute = fs::absolute(path, failure);
  if (failure) return tl::unexpected(Error{"getcwd", failure});
  FileWatch watch(std::move(inotify), absolute.lexically_normal().string());
  if (auto watching = watch.watch_chain(); !watching) return tl::unexpected(watching.error());
  watch.last_ = look(watch.path_);
  return watch;
}

FileWatch::FileWatch(UniqueFd inotify, std::string path)
    : inotify_(std::move(inotify)), path_(std::move(path)) {}

FileWatch::State FileWatch::look(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino,
          static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
          status.st_size};
}

// inotify gives the same watch descriptor for the same directory, so adding it again is harmless.
tl::expected<void, Error> FileWatch::watch_chain() {
  std::map<int, std::set<std::string>> names;
  Error first_error;
  for (const Step& step : chain_of(path_)) {
    const int watch = inotify_add_watch(inotify_.get(), step.directory.c_str(), events);
    if (watch >= 0) {
      names[watch].insert(step.name);
    } else if (!first_error.code) {
      first_error = last_error("inotify_add_watch");
    }
  }
  if (names.empty()) return tl::unexpected(first_error);
  names_ = std::move(names);
  return {};
}

bool FileWatch::concerns(int watch, std::string_view name) const {
  const auto found = names_.find(watch);
  return found != names_.end() && found->second.contains(std::string(name));
}

FileWatch::Seen FileWatch::judge(int watch, std::uint32_t mask, std::string_view name) const {
  if ((mask & IN_Q_OVERFLOW) != 0) return Seen::finished;
  if (!concerns(watch, name)) return Seen::nothing;
  if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) return Seen::written;
  if ((mask & IN_CREATE) == 0) return Seen::finished;
  // A new link is complete at once; a new file is not until it is closed.
  struct stat status{};
  if (lstat(path_.c_str(), &status) != 0) return Seen::nothing;
  const bool link = S_ISLNK(status.st_mode) || status.st_nlink > 1 || S_ISDIR(status.st_mode);
  return link ? Seen::finished : Seen::nothing;
}

FileWatch::Seen FileWatch::read_events() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  Seen seen = Seen::nothing;
  ssize_t got = 0;
  while ((got = read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      const std::string_view name = event->len == 0 ? "" : static_cast<const char*>(event->name);
      seen = std::max(seen, judge(event->wd, event->mask, name));
    }
  }
  return seen;
}

bool FileWatch::drain() {
  const Seen seen = read_events();
  if (seen == Seen::nothing) return false;
  // Links may lead elsewhere now. When nothing can be watched any more the old watches remain.
  [[maybe_unused]] const auto watching = watch_chain();
  const State now = look(path_);
  if (now.size < 0) return false;
  const bool changed = seen == Seen::written || now != last_;
  last_ = now;
  return changed;
}

}  // namespace bulkhead::platform

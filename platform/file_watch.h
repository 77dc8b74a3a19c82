// Says when a named file has been written or replaced, however that was done: in place, by an
// editor's rename, by a symlink swap (Kubernetes config maps swap a link to the directory). Watches
// directories, so the file may disappear meanwhile; a file that is merely gone or half written is
// not a change.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

class FileWatch {
 public:
  // The directory of path must exist; the file need not.
  static tl::expected<FileWatch, Error> create(const std::string& path);

  // Readable when something happened near the file; then call drain(). Owned by the watch,
  // non-blocking.
  int fd() const { return inotify_.get(); }

  // Takes in all that happened; true when the file (as path resolves now) is another one or has
  // other contents.
  bool drain();

 private:
  struct State {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::int64_t size = -1;  // -1: does not exist
    friend auto operator<=>(const State&, const State&) = default;
  };

  FileWatch(UniqueFd inotify, std::string path);
  static State look(const std::string& path);
  tl::expected<void, Error> watch_chain();
  bool concerns(int watch, std::string_view name) const;

  // What an event tells: in rising order, so that the strongest of many counts.
  enum class Seen : std::uint8_t {
    nothing,
    finished,  // something on the way to the file changed: look at it again
    written,   // a name on the way was written or replaced: a change even if size and time look the
               // same
  };
  Seen judge(int watch, std::uint32_t mask, std::string_view name) const;
  Seen read_events();

  UniqueFd inotify_;
  std::string path_;
  std::map<int, std::set<std::string>>
      names_;  // watch descriptor -> names in that directory on the way to the file
  State last_;
};

}  // namespace bulkhead::platform

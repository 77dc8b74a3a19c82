// The access log's file. The supervisor opens, reopens and rotates it; the acceptors write to the
// descriptor they are given and never see a path.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "config/model.h"
#include "platform/unique_fd.h"

namespace bulkhead::supervisor {

class AccessLogFile {
 public:
  // Where the settings lead: nothing when the log is off. The error is for a person and names the
  // key.
  static tl::expected<AccessLogFile, std::string> open(const config::AccessLog& settings);

  // What acceptors are to write to: the file, standard output, or -1 when there is no log.
  int descriptor() const;

  // Opens the path anew (it was moved away, or is on another disk). On an error the old file stays
  // in use.
  tl::expected<void, std::string> reopen();

  // When the file has grown beyond rotate.max_size: file becomes file.1, file.1 file.2, and so on
  // up to rotate.keep, and a new one is opened. True when that happened.
  tl::expected<bool, std::string> rotate_if_due();

 private:
  explicit AccessLogFile(config::AccessLog settings) : settings_(std::move(settings)) {}
  bool has_file() const;
  void shift_old_files() const;

  config::AccessLog settings_;
  platform::UniqueFd file_;
};

}  // namespace bulkhead::supervisor

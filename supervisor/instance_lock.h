// One daemon a runtime directory: a locked pid file. The lock goes with the process, however it
// ends, so that a pid file left behind stops nobody.
#pragma once

#include <string>

#include "platform/unique_fd.h"

namespace bulkhead::supervisor {

class InstanceLock {
 public:
  // Throws std::runtime_error when another process holds it, naming its pid, or the file cannot be
  // written.
  explicit InstanceLock(std::string path);
  // One that the program before this one in this process took.
  InstanceLock(std::string path, platform::UniqueFd inherited);
  ~InstanceLock();  // removes the file
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  int descriptor() const { return file_.get(); }

 private:
  std::string path_;
  platform::UniqueFd file_;
};

}  // namespace bulkhead::supervisor

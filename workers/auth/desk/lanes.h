// Threads for each method of their own, so that one that hangs, and as many as ask for it, are in
// nobody else's way.
//
// For the loop's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "workers/auth/thread_pool.h"

namespace bulkhead::auth {

class Lanes {
 public:
  // threads: of each lane; nice: see ThreadPool.
  Lanes(unsigned threads, int nice) : threads_(threads), nice_(nice) {}

  // Made when it is asked for, and kept until the end.
  ThreadPool& of(std::string_view name);

 private:
  unsigned threads_;
  int nice_;
  std::map<std::string, ThreadPool, std::less<>> lanes_;
};

}  // namespace bulkhead::auth

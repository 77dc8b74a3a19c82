// Makes a refusal take as long whichever way it came about, so that its time does not tell which
// method knows a name, or whether any does: a hash here, a search in a directory, a search and a
// bind, a PAM module.
//
// Every way (which methods were asked, and what each said) has its usual time, learned from the
// last refusals that went that way; an answer is held back until the slowest way's usual time has
// passed, and a random bit longer. A method that hangs does not make all refusals slow: what is
// beyond `most` is not waited for.
//
// For the loop's thread. Time is given, not asked for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "runtime/loop.h"

namespace bulkhead::auth {

class RefusalPace {
 public:
  // Until something is known; above what hashing and a directory nearby take.
  static constexpr runtime::Duration least{100};
  static constexpr runtime::Duration most{3'000};
  // There are few ways; more than these are all one.
  static constexpr std::size_t max_ways = 64;

  // One refusal was found out in so much time.
  void note(const std::string& way, runtime::Duration took);

  // How long after it was asked the next refusal is to be answered. random: any number.
  runtime::Duration pace(std::uint32_t random) const;

 private:
  // The last times of one way.
  struct Way {
    static constexpr std::size_t kept = 32;
    std::array<runtime::Duration, kept> times{};
    std::size_t count = 0;
    runtime::Duration usual() const;
  };

  std::map<std::string, Way> ways_;
};

}  // namespace bulkhead::auth

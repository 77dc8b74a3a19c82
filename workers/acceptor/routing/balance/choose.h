// Which of a rule's backends takes a request. Pure: all that matters is in the arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/routes.h"
#include "workers/acceptor/routing/balance/chance.h"

namespace bulkhead::acceptor {

struct Candidate {
  std::uint64_t identity = 0;    // a hash of its name
  std::uint32_t weight = 1;      // 0: only when no other can be used
  bool usable = true;            // works, has a place free, and was not tried for this request
  std::uint32_t in_use = 0;      // connections, over all acceptors
  std::uint32_t latency_us = 0;  // mean connect time; 0: not measured yet
};

// Smooth weighted round robin: of weights 5, 1, 1 it makes a a b a c a a. One for each rule; a
// candidate that cannot be used for a while does not catch up afterwards.
class RoundRobin {
 public:
  // Among candidates with in[i] set; at least one is. weight_of(i) > 0.
  template <typename WeightOf>
  std::size_t next(const std::vector<bool>& in, WeightOf weight_of);

 private:
  std::vector<std::int64_t> due_;
};

// What a choice leans on beside the candidates.
struct ChoiceContext {
  RoundRobin& turns;
  Chance& chance;
  std::uint64_t client = 0;  // a hash of its address
};

// Nothing if no candidate can be used.
std::optional<std::size_t> choose(config::Algorithm algorithm,
                                  std::span<const Candidate> candidates, ChoiceContext context);

template <typename WeightOf>
std::size_t RoundRobin::next(const std::vector<bool>& in, WeightOf weight_of) {
  due_.resize(in.size());
  std::optional<std::size_t> best;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!in[i]) {
      due_[i] = 0;
      continue;
    }
    total += weight_of(i);
    due_[i] += weight_of(i);
    if (!best || due_[i] > due_[*best]) best = i;
  }
  due_[*best] -= total;
  return *best;
}

}  // namespace bulkhead::acceptor

#include "workers/acceptor/routing/balance/choose.h"

#include <algorithm>
#include <cmath>

namespace bulkhead::acceptor {
namespace {

// One choice in so many goes to any backend, so that one which was slow once is measured again.
constexpr std::uint64_t exploration = 32;
// Backends whose connect times are that close to the best take turns.
constexpr double about_as_fast = 1.1;
constexpr double about_as_fast_us = 200;

// The candidates that are chosen among: the usable ones, backups only if there is no other.
class Field {
 public:
  explicit Field(std::span<const Candidate> candidates) : candidates_(candidates) {
    const auto can = [](const Candidate& each) { return each.usable; };
    const auto takes_part = [&](const Candidate& each) { return can(each) && each.weight > 0; };
    backups_ = std::none_of(candidates.begin(), candidates.end(), takes_part);
    for (const Candidate& each : candidates) {
      const bool in = backups_ ? can(each) : takes_part(each);
      in_.push_back(in);
      count_ += in ? 1 : 0;
    }
  }

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  const std::vector<bool>& in() const { return in_; }
  std::uint32_t weight(std::size_t i) const { return backups_ ? 1 : candidates_[i].weight; }
  const Candidate& operator[](std::size_t i) const { return candidates_[i]; }

  // The index with the smallest cost.
  template <typename Cost>
  std::size_t least(Cost cost) const {
    std::optional<std::size_t> best;
    double least = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      if (!in_[i]) continue;
      const double own = cost(i);
      if (best && own >= least) continue;
      best = i;
      least = own;
    }
    return *best;
  }

  // Those of the field for which keep(i), taking turns by weight.
  template <typename Keep>
  std::size_t in_turn(RoundRobin& turns, Keep keep) const {
    std::vector<bool> kept(in_.size());
    for (std::size_t i = 0; i < in_.size(); ++i) kept[i] = in_[i] && keep(i);
    return turns.next(kept, [this](std::size_t i) { return std::int64_t{weight(i)}; });
  }

  // Drawn by weight; never `but`, unless there is nobody else.
  std::size_t draw(Chance& chance, std::optional<std::size_t> but = std::nullopt) const {
    const auto counts = [&](std::size_t i) { return in_[i] && (count_ == 1 || i != but); };
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) total += counts(i) ? weight(i) : 0;
    std::uint64_t at = chance.below(total);
    for (std::size_t i = 0;; ++i) {
      if (!counts(i)) continue;
      if (at < weight(i)) return i;
      at -= weight(i);
    }
  }

  double load(std::size_t i) const {
    return (candidates_[i].in_use + 1.0) / static_cast<double>(weight(i));
  }

 private:
  std::span<const Candidate> candidates_;
  std::vector<bool> in_;
  std::size_t count_ = 0;
  bool backups_ = false;
};

std::size_t least_connections(const Field& field, RoundRobin& turns) {
  const double least = field.load(field.least([&](std::size_t i) { return field.load(i); }));
  return field.in_turn(turns, [&](std::size_t i) { return field.load(i) <= least; });
}

std::size_t two_choices(const Field& field, Chance& chance) {
  const std::size_t first = field.draw(chance);
  const std::size_t second = field.draw(chance, first);
  return field.load(second) < field.load(first) ? second : first;
}

// Weighted rendezvous hashing: each backend's number for this client does not depend on the others,
// so when one leaves only its own clients go elsewhere.
std::size_t by_client(const Field& field, std::uint64_t client) {
  return field.least([&](std::size_t i) {
    const std::uint64_t hash = combine(client, field[i].identity);
    const double uniform = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;
    return -std::log(uniform) / field.weight(i);
  });
}

std::size_t fastest(const Field& field, const ChoiceContext& context) {
  const auto unmeasured = [&](std::size_t i) { return field[i].latency_us == 0; };
  for (std::size_t i = 0; i < field.in().size(); ++i) {
    if (field.in()[i] && unmeasured(i)) return field.in_turn(context.turns, unmeasured);
  }
  if (field.count() > 1 && context.chance.below(exploration) == 0) {
    return field.draw(context.chance);
  }
  const auto time = [&](std::size_t i) { return static_cast<double>(field[i].latency_us); };
  const double best = time(field.least(time));
  const double bound = std::max(best * about_as_fast, best + about_as_fast_us);
  return field.in_turn(context.turns, [&](std::size_t i) { return time(i) <= bound; });
}

std::size_t first_of(const Field& field) {
  const auto found = std::find(field.in().begin(), field.in().end(), true);
  return static_cast<std::size_t>(found - field.in().begin());
}

}  // namespace

std::optional<std::size_t> choose(config::Algorithm algorithm,
                                  std::span<const Candidate> candidates, ChoiceContext context) {
  const Field field(candidates);
  if (field.empty()) return std::nullopt;
  switch (algorithm) {
    case config::Algorithm::round_robin:
      return field.in_turn(context.turns, [](std::size_t) { return true; });
    case config::Algorithm::least_conn:
      return least_connections(field, context.turns);
    case config::Algorithm::random:
      return two_choices(field, context.chance);
    case config::Algorithm::ip_hash:
      return by_client(field, context.client);
    case config::Algorithm::weighted:
      return field.draw(context.chance);
    case config::Algorithm::latency:
      return fastest(field, context);
    case config::Algorithm::failover:
      break;
  }
  return first_of(field);
}

}  // namespace bulkhead::acceptor

// One request's way through the backends of its rule: which is tried, and which one next.
//
// Passed over is a backend that cannot be used at all (what is not there fails closed), that was
// tried for this request, is unhealthy, rests because connections to it failed, or has no
// connection free. If all that is left is unhealthy, that is tried: a check may be wrong, a refusal
// is certain. If all that is left has no connection free, the request waits, bounded and timed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "runtime/task.h"
#include "workers/acceptor/generation.h"
#include "workers/acceptor/outbound/balancer.h"
#include "workers/acceptor/outbound/opener.h"

namespace bulkhead::acceptor {

class BackendChoice {
 public:
  struct Chosen {
    const config::Backend* backend = nullptr;
    Place place;
    std::optional<Upstream> pooled;  // an idle connection instead, with a place of its own
  };
  // An idle connection through that backend which this request can use; taken out of the pool.
  using TakePooled = std::function<std::optional<Upstream>(const config::Backend&)>;
  // Whether a backend can carry what is asked at all.
  using Suits = std::function<bool(const config::Backend&)>;

  // rule is one of the generation's. user: null without authentication; backends that this user may
  // not use are not tried. The balancer must outlive this.
  BackendChoice(Balancer& balancer, std::shared_ptr<const Generation> generation,
                const config::Rule& rule, const wire::IpAddress& client, const User* user);
  ~BackendChoice();
  BackendChoice(const BackendChoice&) = delete;
  BackendChoice& operator=(const BackendChoice&) = delete;

  // The next one to try, when there is a connection free. Refusals: backend_unavailable (none can
  // be used), overloaded (no connection became free, or too many wait), and what failed() was told
  // last when all have been tried.
  runtime::Task<tl::expected<Chosen, Failure>> next(TakePooled take_pooled = {});
  // The same where nothing has to be waited for, without a coroutine; if nothing, ask next().
  std::optional<Chosen> next_now(const TakePooled& take_pooled = {});

  // The one to use for what is not connected (datagrams, BIND), with a place. Nothing is retried,
  // and a place is not waited for: overloaded when there is none. unsuitable: why there is none
  // that suits.
  tl::expected<Chosen, Failure> take_one(const Suits& suits, std::string_view unsuitable);

  // What came of the one that next() gave: it connected, an idle connection was taken, it did not
  // connect. failed() says whether another may be tried.
  void succeeded(const OpenReport& report);
  void reused() { remember(); }
  bool failed(const Failure& failure, const OpenReport& report);

 private:
  // From best to worst.
  enum class Standing : std::uint8_t { fit, unhealthy, resting, unusable };
  enum class Full : std::uint8_t { counts, ignored };

  Standing standing(std::size_t index) const;
  bool is_full(std::size_t index) const;
  bool is_passed(std::size_t index) const { return index < passed_.size() && passed_[index]; }
  bool none_left() const;
  void pass_over(std::size_t index);
  Standing best_standing(const Suits& suits = {}) const;
  std::optional<std::size_t> pick(Full full, const Suits& suits = {});
  std::optional<std::size_t> remembered(const std::vector<Candidate>& candidates);
  std::optional<Chosen> take(std::size_t index, const TakePooled& take_pooled);
  std::optional<Place> take_place(const BackendOption& option);
  std::optional<Chosen> choose_now(const TakePooled& take_pooled);
  runtime::Task<tl::expected<Chosen, Failure>> wait_for_place(TakePooled take_pooled);
  void remember();
  bool begin_trial(const BackendOption& option);
  void end_trial();
  void note_works(const BackendOption& option);
  void note_broken(const BackendOption& option, const Failure& failure);
  Failure nobody() const;

  Balancer& balancer_;
  std::shared_ptr<const Generation> generation_;
  const config::Rule& rule_;
  const BackendOptions& options_;
  ipc::CircuitTerms terms_;
  std::uint64_t now_ms_;
  std::uint64_t client_;                // a hash of its address
  std::uint64_t sticky_key_;            // of rule and client, or user
  std::vector<bool> passed_;            // tried, denied, or lost to another acceptor; shorter: not
  std::optional<std::size_t> current_;  // what next() gave last
  unsigned tried_ = 0;
  bool trial_ = false;  // a backend is on trial, and it is for us to say what came of it
  std::uint32_t on_trial_ = config::no_slot;
  bool waiting_ = false;  // we are in the queue ourselves
  std::optional<Failure> last_failure_;
};

}  // namespace bulkhead::acceptor

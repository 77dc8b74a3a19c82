// The limits that this acceptor applies, counted together with the others in the page of limits
// (ipc/page/limits_page.h). One a process; what a single connection has of it is its ClientPlace
// (client_place.h) and its Pace (pace.h).
//
// The terms are always those of the configuration in force: a reload holds for connections that are
// open, too. Counting goes on where nothing is limited, so that a limit that comes with a reload
// finds all there is.
#pragma once

#include <optional>
#include <string>

#include "egress/failure.h"
#include "ipc/page/bans_page.h"
#include "ipc/page/limits_page.h"
#include "platform/shared_memory.h"
#include "workers/acceptor/policy/limit_terms.h"

namespace bulkhead::acceptor {

using egress::Failure;

class Limits {
 public:
  using Clock = std::uint64_t (*)();
  // clock: nanoseconds; all processes that share a page have the same.
  explicit Limits(Clock clock = steady_clock) : clock_(clock) {}

  // The page, and this process's column in it; once. The error is for the log.
  std::string attach(int descriptor, std::uint32_t column);
  std::string attach_bans(int descriptor);
  bool attached() const { return page_ != nullptr && bans_ != nullptr; }

  void apply(const config::Config& config) { terms_ = limit_terms(config); }
  const LimitTerms& terms() const { return terms_; }

  ipc::LimitsPage& page() { return *page_; }
  ipc::Counting counting() { return {page_->connections, page_->columns, column_}; }

  std::uint64_t subject(const wire::IpAddress& address) const;
  std::uint64_t subject(std::string_view user) const;

  bool is_banned(std::uint64_t subject) const;

  // A connection of that address is opened.
  std::optional<Failure> admit_opening(std::uint64_t address);
  // A request; user 0: nobody in particular.
  std::optional<Failure> admit_request(std::uint64_t address, std::uint64_t user,
                                       const UserTerms& terms);

  // True if this was not so for the length of the window: the first time is told apart.
  bool first_seen(std::uint64_t key, std::uint64_t window);
  // True if the key now has more events than the terms forgive.
  bool exceeds(std::uint64_t key, const RateTerms& terms);

  std::uint64_t now() const { return clock_(); }

 private:
  static std::uint64_t steady_clock();
  std::optional<Failure> take(ipc::RateCell& cell, const RateTerms& terms, std::uint64_t now,
                              proto::Refusal reason);
  ipc::RateCell& cell(std::uint64_t subject, ipc::LimitScope scope, std::uint64_t now);

  Clock clock_;
  platform::SharedMapping mapping_, bans_mapping_;
  ipc::LimitsPage* page_ = nullptr;
  const ipc::BansPage* bans_ = nullptr;
  std::uint32_t column_ = 0;
  LimitTerms terms_;
};

}  // namespace bulkhead::acceptor

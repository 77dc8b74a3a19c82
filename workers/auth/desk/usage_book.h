// What users use, on its way from acceptors into the store; and whose monthly quota is used up.
//
// A batch is answered once it is in the store. While the store cannot be written, it is not, and
// the acceptor sends it again: nothing is kept here that a crash could lose.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "proto/auth.h"
#include "workers/auth/desk/office.h"
#include "workers/auth/thread_pool.h"

namespace bulkhead::auth {

class UsageBook {
 public:
  using LimitsChanged = std::function<void(const std::string& user)>;

  // writer outlives this. changed: the user's quota is used up, or there is a new month; the limits
  // are to be sent to the acceptors anew.
  UsageBook(ThreadPool& writer, LimitsChanged changed)
      : writer_(writer), changed_(std::move(changed)) {}

  // True: stored, this time or before.
  runtime::Task<bool> add(std::shared_ptr<const Office> office, proto::ReportUsage report);

  // The limits of a user were looked at anew.
  void note_limits(const std::string& user, bool exhausted) {
    exhausted ? void(exhausted_.insert(user)) : void(exhausted_.erase(user));
  }

  // To be called now and then: lets a new month begin.
  void turn_page();

 private:
  struct Entered {
    bool stored = false;
    std::set<std::string> exhausted;
  };
  static Entered enter(const Office& office, const proto::ReportUsage& report);

  ThreadPool& writer_;
  LimitsChanged changed_;
  std::string month_ = month_of(today());
  std::set<std::string> exhausted_;
};

}  // namespace bulkhead::auth

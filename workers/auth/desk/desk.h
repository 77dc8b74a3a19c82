// Where acceptors ask who somebody is: lock-outs first, then the methods, each on threads of its
// own, then what the user may do; and the notes that follow. A refusal of a name and a password is
// held back until nobody can tell by its time what was asked.
//
// For the loop's thread. Identical credentials that are asked for at the same time are looked at
// once.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "proto/auth.h"
#include "workers/auth/desk/journal.h"
#include "workers/auth/desk/lanes.h"
#include "workers/auth/desk/lockouts.h"
#include "workers/auth/desk/office.h"
#include "workers/auth/desk/refusal_pace.h"
#include "workers/auth/thread_pool.h"

namespace bulkhead::auth {

// What an acceptor says of somebody whom it serves.
struct PresentUser {
  std::string name, method;  // method: that knew the user; empty: it is not known
};

class Desk {
 public:
  // All outlive this, and every coroutine of it.
  Desk(Lanes& lanes, ThreadPool& threads, ThreadPool& writer, Journal& journal);

  void move_into(std::shared_ptr<const Office> office);
  const std::shared_ptr<const Office>& office() const { return office_; }
  Lockouts& lockouts() { return lockouts_; }

  runtime::Task<proto::AuthVerdict> check(proto::CheckCredential request);

  // Those of the users who may not be here any more. Where that cannot be found out, they may.
  runtime::Task<std::vector<std::string>> gone(std::vector<PresentUser> present);

  // Users or their limits were changed: checks that are under way begin anew.
  void note_change() { ++changes_; }

  static Moment now();

 private:
  struct Checked {
    Verdict verdict;
    Allowance allowance;
    bool quota_exhausted = false;
    bool without_store = false;  // the allowance is the default for want of better
    std::string way;             // which methods were asked, and what each said
    std::uint64_t changes = 0;   // what changes_ was when they were
  };
  struct UnderWay {
    runtime::Event done;
    proto::AuthVerdict verdict;
  };
  using Digest = std::array<unsigned char, 32>;

  Digest digest(const Credential& credential) const;
  runtime::Task<proto::AuthVerdict> look(std::shared_ptr<const Credential> credential,
                                         proto::CheckCredential request,
                                         runtime::Deadline deadline);
  runtime::Task<std::optional<Checked>> ask(std::shared_ptr<const Credential> credential,
                                            runtime::Deadline deadline);
  // A refusal's, so that it takes as long as others (refusal_pace.h).
  runtime::Task<void> hold_back(const Checked& checked, runtime::Deadline begun,
                                runtime::Deadline deadline);
  static std::vector<std::string> find_gone(const Office& office,
                                            const std::vector<PresentUser>& present);
  runtime::Task<std::optional<Checked>> consult(std::shared_ptr<const Office> office,
                                                std::shared_ptr<const Credential> credential,
                                                runtime::Deadline deadline);
  static Checked entitle(const Office& office, Checked checked);
  proto::AuthVerdict conclude(const Checked& checked) const;
  void note(const Credential& credential, const proto::CheckCredential& request,
            const Verdict& verdict, bool banned);
  bool is_news(const std::string& user, const std::string& address);
  void note_login(const std::string& user);

  Lanes& lanes_;
  ThreadPool& threads_;
  ThreadPool& writer_;
  Journal& journal_;
  std::shared_ptr<const Office> office_;
  Lockouts lockouts_;
  RefusalPace refusals_;
  std::uint64_t changes_ = 0;
  Digest key_{};
  std::map<Digest, std::shared_ptr<UnderWay>> under_way_;
  std::map<std::string, std::int64_t> logged_;  // user and address: when a login was last noted
};

}  // namespace bulkhead::auth

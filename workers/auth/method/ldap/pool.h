// Connections to the directory that are kept, and which of several servers is asked.
//
// Servers are tried in their order; one that failed lately is tried last, so that a dead first
// server does not cost every login its time-out, and is preferred again half a minute after it is
// back.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "workers/auth/method/ldap/connection.h"
#include "workers/auth/method/trouble.h"

namespace bulkhead::auth {

// Thread-safe. At most `most` connections exist at a time; who finds none waits for one.
class LdapPool {
 public:
  // Makes a new connection ready for its use, by a bind for example.
  using Prepare = std::function<tl::expected<void, LdapError>(LdapConnection&, Deadline)>;

  // settings must outlive the pool.
  LdapPool(const config::LdapAuth& settings, std::size_t most, Prepare prepare);

  // Does the work on a connection, and once more on a new one when the one that was kept turns out
  // to be dead. Each wait is bounded by the settings' timeout, all of it by the deadline.
  template <class Work>
  auto with_connection(Deadline deadline, Work work)
      -> decltype(work(std::declval<LdapConnection&>(), deadline)) {
    for (;;) {
      Lease lease(*this);
      if (auto ready = lease.acquire(deadline); !ready) return tl::unexpected(ready.error());
      auto result = work(*lease.connection, within(deadline));
      lease.keep = result || !result.error().connection_lost;
      // A kept connection that was closed meanwhile says nothing about the server.
      const bool stale =
          !result && lease.reused && result.error().reason == Reason::server_unreachable;
      if (stale) continue;
      if (!result) report(lease.connection->url(), result.error());
      return result;
    }
  }

 private:
  struct Lease {
    explicit Lease(LdapPool& owner) : pool(owner) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    tl::expected<void, LdapError> acquire(Deadline deadline);

    LdapPool& pool;
    std::unique_ptr<LdapConnection> connection;
    bool counted = false;
    bool reused = false;
    bool keep = false;
  };

  Deadline within(Deadline deadline) const;
  bool take(Deadline deadline, std::unique_ptr<LdapConnection>& kept);
  void give_back(std::unique_ptr<LdapConnection> connection);
  tl::expected<std::unique_ptr<LdapConnection>, LdapError> connect(Deadline deadline);
  tl::expected<std::unique_ptr<LdapConnection>, LdapError> connect_to(std::size_t server,
                                                                      Deadline deadline);
  std::vector<std::size_t> order() const;
  void report(const std::string& url, const LdapError& error);

  const config::LdapAuth& settings_;
  const std::size_t most_;
  const Prepare prepare_;
  std::deque<Trouble> troubles_;  // one a server, in the order of the settings
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<LdapConnection>> kept_;
  std::size_t in_use_ = 0;
};

}  // namespace bulkhead::auth

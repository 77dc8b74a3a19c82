#include "workers/auth/method/ldap/pool.h"

#include <algorithm>

#include "workers/auth/method/remaining.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

constexpr auto tried_last_for = 30s;
// Directories and firewalls close what is idle for long; a name may have moved to another address.
constexpr auto longest_use = 10min;

}  // namespace

LdapPool::LdapPool(const config::LdapAuth& settings, std::size_t most, Prepare prepare)
    : settings_(settings), most_(most), prepare_(std::move(prepare)) {
  for (const std::string& url : settings.servers) troubles_.emplace_back("ldap", url);
}

Deadline LdapPool::within(Deadline deadline) const {
  return auth::within(deadline, settings_.timeout);
}

// False when no place was to be had in time. kept may be null: then there is a place for a new one.
bool LdapPool::take(Deadline deadline, std::unique_ptr<LdapConnection>& kept) {
  std::unique_lock lock(mutex_);
  const bool free =
      returned_.wait_until(lock, within(deadline), [this] { return in_use_ < most_; });
  if (!free) return false;
  ++in_use_;
  const auto oldest = std::chrono::steady_clock::now() - longest_use;
  std::erase_if(kept_, [&](const auto& each) { return each->opened() < oldest; });
  if (kept_.empty()) return true;
  kept = std::move(kept_.back());
  kept_.pop_back();
  return true;
}

void LdapPool::give_back(std::unique_ptr<LdapConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (connection) kept_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

LdapPool::Lease::~Lease() {
  if (!counted) return;
  if (!keep) connection.reset();
  pool.give_back(std::move(connection));
}

tl::expected<void, LdapError> LdapPool::Lease::acquire(Deadline deadline) {
  if (!pool.take(deadline, connection))
    return tl::unexpected(LdapError{0, Reason::overloaded, "all connections are in use"});
  counted = true;
  reused = connection != nullptr;
  if (reused) return {};
  auto made = pool.connect(deadline);
  if (!made) return tl::unexpected(made.error());
  connection = std::move(*made);
  return {};
}

// Those that were in trouble a moment ago come last, each kind in the order of the configuration.
std::vector<std::size_t> LdapPool::order() const {
  std::vector<std::size_t> servers, troubled;
  for (std::size_t each = 0; each < settings_.servers.size(); ++each)
    (troubles_[each].within(tried_last_for) ? troubled : servers).push_back(each);
  servers.insert(servers.end(), troubled.begin(), troubled.end());
  return servers;
}

tl::expected<std::unique_ptr<LdapConnection>, LdapError> LdapPool::connect_to(std::size_t server,
                                                                              Deadline deadline) {
  auto connection = LdapConnection::open(settings_.servers[server], settings_, within(deadline));
  if (!connection) return connection;
  if (const auto ready = prepare_(**connection, within(deadline)); !ready)
    return tl::unexpected(ready.error());
  return connection;
}

tl::expected<std::unique_ptr<LdapConnection>, LdapError> LdapPool::connect(Deadline deadline) {
  LdapError last{0, Reason::timed_out, "no time to connect"};
  for (const std::size_t server : order()) {
    if (remaining_ms(deadline) == 0) break;
    auto connection = connect_to(server, deadline);
    if (connection) {
      troubles_[server].over();
      return connection;
    }
    last = connection.error();
    troubles_[server].report(last.detail);
  }
  return tl::unexpected(last);
}

void LdapPool::report(const std::string& url, const LdapError& error) {
  const auto& servers = settings_.servers;
  const auto found = std::find(servers.begin(), servers.end(), url);
  if (found == servers.end()) return;
  // A user's wrong password is no trouble.
  if (outcome_of(error.reason) == Outcome::unavailable)
    troubles_[static_cast<std::size_t>(found - servers.begin())].report(error.detail);
}

}  // namespace bulkhead::auth

// Who a client is: from what is remembered, or by asking the auth worker over one channel that
// stays for the acceptor's life, as the one to the egress does. While the auth worker is replaced,
// requests wait for its successor; what it does not answer in time is refused.
//
// Identical credentials that come at the same time are asked for once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "config/model.h"
#include "ipc/channel.h"
#include "platform/secret.h"
#include "proto/auth.h"
#include "runtime/gate.h"
#include "workers/acceptor/policy/verdict_cache.h"

namespace bulkhead::acceptor {

// What a client presented; wiped with the object.
struct Presented {
  proto::CredentialKind kind = proto::CredentialKind::basic;
  std::string user;
  platform::Secret secret;
};

struct AuthFailure {
  proto::Refusal reason = proto::Refusal::authentication_failed;
  std::string detail;         // for the log
  std::uint32_t retry_s = 0;  // throttled: when it may be worth while
  bool free = false;          // nobody had to look at the credential for it
};

class Authenticator {
 public:
  using Result = tl::expected<std::shared_ptr<User>, AuthFailure>;

  explicit Authenticator(platform::UniqueFd socket);

  // Until the channel ends, which an auth worker brings about only if this process broke the rules.
  runtime::Task<ipc::ChannelEnd> run() { return channel_.run(); }
  // Asks now and then whether those who have connections may still be here: directories tell nobody
  // when they change. Until its scope is cancelled.
  runtime::Task<void> ask_again();
  // Fails what is asked; to be awaited before this goes.
  runtime::Task<void> close();
  void configure(const config::Auth& auth);

  CredentialKey key(char kind, std::string_view first, std::string_view second = {}) const {
    return hasher_.hash(kind, first, second);
  }
  // What is remembered of it, if anything is.
  const VerdictCache::Remembered* remembered(const CredentialKey& key) {
    return cache_.find(key, runtime::Loop::current().now());
  }
  // Asks, and remembers.
  runtime::Task<Result> ask(CredentialKey key, Presented presented, wire::Endpoint client,
                            std::string_view protocol);

  // Whose a connection is that was another process' before. The auth worker is asked afterwards
  // whether the user may still be here, and with which limits; so the connection must be the user's
  // before anything is awaited.
  std::shared_ptr<User> adopt(std::string_view name);

  // channel().call(), unless nobody reads what is sent.
  template <typename Message>
  runtime::Task<std::optional<ipc::Envelope>> request(Message message, runtime::Deadline deadline) {
    if (!has_room()) co_return std::nullopt;
    const std::uint64_t number = ++sent_;
    std::optional<ipc::Envelope> reply = co_await channel_.call(message, deadline);
    if (reply) read_ = std::max(read_, number);
    co_return reply;
  }
  // Whether there is somebody to speak to at all: not while nobody need say who he is.
  bool is_needed() const { return needed_; }

  // The auth worker is a new one, and knows nothing of what the old one said or was asked.
  void on_restart();

  UserTable& users() { return users_; }

  // Set by the owner: what happens to connections.
  std::function<void(const User& user)> on_gone;               // all of the user's end
  std::function<void(const User& user)> on_moved_bounds;       // those that go beyond them end
  std::function<std::vector<proto::PresentUser>()> on_census;  // who has connections

 private:
  struct UnderWay {
    runtime::Event done;
    Result result = tl::unexpected(AuthFailure{});
  };

  runtime::Task<void> settle(CredentialKey key, std::shared_ptr<UnderWay> mine,
                             proto::CheckCredential request, runtime::Deadline deadline);
  runtime::Task<Result> call(CredentialKey key, proto::CheckCredential request,
                             runtime::Deadline deadline);
  Result learn(const CredentialKey& key, const proto::AuthVerdict& verdict);
  void on_revoked(const proto::UserRevoked& revoked);
  void on_limits(const proto::LimitsChanged& changed);
  // What a change of limits means for what runs already.
  void enforce(const User& user, const proto::UserLimits& before) const;
  enum class Census { all, of_others };
  void send_census(Census which = Census::all);

  ipc::Channel channel_;
  CredentialHasher hasher_;
  VerdictCache cache_;
  UserTable users_;
  std::map<CredentialKey, std::shared_ptr<UnderWay>> under_way_;
  runtime::Duration timeout_{10'000}, ttl_{60'000};
  runtime::Gate asking_;
  // Messages that are sent while nobody reads fill a queue whose end is this process' end. An
  // answer says that all up to its question were read.
  static constexpr std::uint64_t max_unread = 2'000;
  bool has_room() const { return sent_ - read_ < max_unread; }
  std::uint64_t sent_ = 0, read_ = 0;
  bool needed_ = false;
  bool census_due_ = false;
};

}  // namespace bulkhead::acceptor

#include "workers/auth/role.h"

#include <algorithm>

#include "runtime/log.h"
#include "runtime/timer.h"

namespace bulkhead::auth {
namespace {

namespace log = runtime::log;

// Of each method: most of the time a thread waits for a directory or for its turn to hash.
constexpr unsigned login_threads = 32;
constexpr unsigned other_threads = 8;
constexpr runtime::Duration book_interval{1'000};
constexpr runtime::Duration head_interval{3'600'000};
constexpr runtime::Duration beyond_acceptors{5'000};

// Users of the configuration from whom a group was taken.
std::vector<std::string> in_fewer_groups(const config::Auth& before, const config::Auth& now) {
  std::vector<std::string> found;
  for (const config::AuthUser& was : before.native.users) {
    const auto is = std::find_if(now.native.users.begin(), now.native.users.end(),
                                 [&](const auto& each) { return each.username == was.username; });
    if (is == now.native.users.end()) continue;  // gone, and told so in another way
    const auto kept = [&](const std::string& group) {
      return std::find(is->groups.begin(), is->groups.end(), group) != is->groups.end();
    };
    if (!std::all_of(was.groups.begin(), was.groups.end(), kept)) found.push_back(was.username);
  }
  return found;
}

}  // namespace

AuthRole::AuthRole(std::string directory, Surroundings surroundings)
    : lanes_(login_threads, login_niceness),
      threads_(other_threads, login_niceness),
      writer_(1, 0),
      journal_(writer_),
      desk_(lanes_, threads_, writer_, journal_),
      usage_(writer_, [this](const std::string& user) { limits_changed(user); }),
      administration_(desk_, threads_, journal_, *this, std::move(directory)),
      surroundings_(std::move(surroundings)) {}

AuthRole::~AuthRole() = default;

void AuthRole::attach(ipc::Channel& control) {
  control.on<proto::Peer>([this](proto::Peer message, ipc::Envelope& envelope) {
    on_peer(message.index, std::move(envelope.descriptors.front()));
  });
  control.on<proto::Administrator>([this](proto::Administrator who, ipc::Envelope& envelope) {
    runtime::spawn(administrate(std::move(envelope.descriptors.front()), who), &scope_);
  });
  control.on<proto::AuditEvent>([this](const proto::AuditEvent& event, ipc::Envelope&) {
    AuditEntry entry;
    entry.kind = event.kind.value;
    entry.actor = event.actor.value;
    entry.detail = event.detail.value;
    journal_.add(std::move(entry));
  });
}

// Blocks for as long as it takes to open the store and read what the methods need: at most the time
// that the supervisor gives every worker for this.
std::string AuthRole::prepare(std::uint32_t, std::shared_ptr<const config::Config> config,
                              const std::vector<std::uint32_t>&) {
  auto opened = Office::open(std::move(config), surroundings_, desk_.office().get());
  if (!opened) return opened.error();
  prepared_ = std::move(*opened);
  return {};
}

void AuthRole::commit(std::uint32_t) {
  if (!prepared_) return;
  const auto before = desk_.office();
  desk_.move_into(std::move(prepared_));
  prepared_.reset();
  if (!before) return first_commit();
  // Verdicts of before are void; who is gone will be told by UsersPresent.
  revoke({});
  for (const std::string& user : in_fewer_groups(before->settings(), desk_.office()->settings())) {
    proto::UserRevoked revoked;
    revoked.user = user;
    revoked.end_connections = true;
    revoke(revoked);
  }
}

void AuthRole::first_commit() {
  if (const auto stored = desk_.office()->store->lockouts())
    desk_.lockouts().restore(*stored, Desk::now());
  AuditEntry entry;
  entry.kind = "start";
  entry.detail = desk_.office()->store->kind();
  journal_.add(std::move(entry));
  runtime::spawn(keep_books(), &scope_);
  for (auto& [acceptor, socket] : std::exchange(waiting_, {})) on_peer(acceptor, std::move(socket));
}

void AuthRole::abort(std::uint32_t) {
  prepared_.reset();
}

void AuthRole::on_peer(std::uint32_t acceptor, platform::UniqueFd socket) {
  if (!desk_.office()) {
    waiting_[acceptor] = std::move(socket);
    return;
  }
  auto client = std::make_shared<Client>(std::move(socket));
  if (const auto old = clients_.find(acceptor); old != clients_.end()) old->second->scope.cancel();
  clients_[acceptor] = client;
  runtime::spawn(serve(acceptor, client), &client->scope);
}

runtime::Task<void> AuthRole::serve(std::uint32_t acceptor, std::shared_ptr<Client> client) {
  const runtime::Gate::Pass pass = serving_.enter();
  ipc::Channel& channel = client->channel;
  channel.on<proto::CheckCredential>(
      [this, &client](proto::CheckCredential request, ipc::Envelope& envelope) {
        runtime::spawn(answer(client, std::move(request), envelope.id), &client->scope);
      });
  channel.on<proto::ReportUsage>(
      [this, &client](proto::ReportUsage report, ipc::Envelope& envelope) {
        runtime::spawn(take_usage(client, std::move(report), envelope.id), &client->scope);
      });
  channel.on<proto::UsersPresent>([this, &client](proto::UsersPresent present, ipc::Envelope&) {
    runtime::spawn(look_through(client, std::move(present)), &client->scope);
  });
  const ipc::ChannelEnd end = co_await channel.run();
  if (end.violation) {
    log::error("an acceptor broke the rules", {{"acceptor", acceptor}, {"reason", end.reason}});
    AuditEntry entry;
    entry.kind = "ipc_refused";
    entry.actor = "acceptor." + std::to_string(acceptor);
    entry.detail = end.reason;
    journal_.add(std::move(entry));
  }
  client->scope.cancel();
  const auto current = clients_.find(acceptor);
  if (current != clients_.end() && current->second == client) clients_.erase(current);
}

runtime::Task<void> AuthRole::answer(std::shared_ptr<Client> client, proto::CheckCredential request,
                                     std::uint32_t id) {
  const runtime::Gate::Pass pass = serving_.enter();
  runtime::Task<proto::AuthVerdict> checking = desk_.check(std::move(request));
  const proto::AuthVerdict verdict = co_await std::move(checking);
  client->channel.send(verdict, {}, id);
}

runtime::Task<void> AuthRole::take_usage(std::shared_ptr<Client> client, proto::ReportUsage report,
                                         std::uint32_t id) {
  const runtime::Gate::Pass pass = serving_.enter();
  proto::UsageStored stored;
  stored.batch = report.batch;
  runtime::Task<bool> adding = usage_.add(desk_.office(), std::move(report));
  const bool done = co_await std::move(adding);
  if (done) client->channel.send(stored, {}, id);
}

runtime::Task<void> AuthRole::look_through(std::shared_ptr<Client> client,
                                           proto::UsersPresent present) {
  const runtime::Gate::Pass pass = serving_.enter();
  std::vector<PresentUser> users;
  users.reserve(present.users.items.size());
  for (const proto::PresentUser& each : present.users.items)
    users.push_back({each.user.value, each.method.value});
  runtime::Task<std::vector<std::string>> looking = desk_.gone(std::move(users));
  const std::vector<std::string> gone = co_await std::move(looking);
  for (const std::string& user : gone) {
    proto::UserRevoked revoked;
    revoked.user = user;
    revoked.end_connections = true;
    client->channel.send(revoked);
    log::info("a user may not be here any more", {{"user", user}});
  }
  // Limits may have changed as well.
  for (const proto::PresentUser& each : present.users.items) limits_changed(each.user.value);
}

void AuthRole::revoke(const proto::UserRevoked& revoked) {
  for (const auto& [acceptor, client] : clients_) client->channel.send(revoked);
}

void AuthRole::limits_changed(const std::string& user) {
  runtime::spawn(tell_limits(user), &scope_);
}

runtime::Task<void> AuthRole::tell_limits(std::string user) {
  const runtime::Gate::Pass pass = tasks_.enter();
  std::function<std::optional<proto::UserLimits>()> job =
      [office = desk_.office(), user]() -> std::optional<proto::UserLimits> {
    const auto allowance = office->accounts->allowance(user);
    if (!allowance) return std::nullopt;
    const std::int64_t quota = allowance->limits.monthly_quota;
    const std::int64_t used =
        quota == 0 ? 0 : office->store->total(user, month_of(today())).value_or(0);
    return to_message(allowance->limits, quota != 0 && used >= quota);
  };
  const auto limits = co_await writer_.run<std::optional<proto::UserLimits>>(std::move(job));
  if (!limits || !*limits) co_return;
  usage_.note_limits(user, (*limits)->quota_exhausted);
  proto::LimitsChanged message;
  message.user = user;
  message.limits = **limits;
  for (const auto& [acceptor, client] : clients_) client->channel.send(message);
}

runtime::Task<void> AuthRole::administrate(platform::UniqueFd socket, proto::Administrator who) {
  const runtime::Gate::Pass pass = tasks_.enter();
  co_await administration_.serve(std::move(socket), "uid " + std::to_string(who.uid));
}

// Once a second: the audit log, lock-outs, a new month, and what others have changed in the store.
runtime::Task<void> AuthRole::keep_books() {
  const runtime::Gate::Pass pass = tasks_.enter();
  for (bool going_on = true; going_on;) {
    co_await journal_.flush(desk_.office()->store);
    co_await tell_audit_head();
    co_await write_lockouts();
    co_await notice_changes_of_others();
    usage_.turn_page();
    going_on = co_await runtime::sleep_for(book_interval);
  }
}

// At the start and now and then, so that whoever cuts the end off the audit log has to change the
// process log, too, which may be on another machine.
runtime::Task<void> AuthRole::tell_audit_head() {
  if (runtime::Clock::now() < next_head_) co_return;
  std::function<Stored<AuditHead>()> job = [store = desk_.office()->store] {
    return store->audit_head();
  };
  const auto head = co_await writer_.run<Stored<AuditHead>>(std::move(job));
  if (!head || !*head || (*head)->entries == 0) co_return;
  next_head_ = runtime::Loop::current().after(head_interval);
  log::info("the audit log so far", {{"entries", (*head)->entries}, {"head", (*head)->hash}});
}

runtime::Task<void> AuthRole::write_lockouts() {
  std::vector<StoredLockout> changed, gone;
  desk_.lockouts().take_changes(changed, gone);
  if (changed.empty() && gone.empty()) co_return;
  std::function<bool()> job = [store = desk_.office()->store, changed, gone] {
    return store->save_lockouts(changed, gone).has_value();
  };
  co_await writer_.run<bool>(std::move(job));
}

// Another server with the same database, or somebody with a database tool: what was remembered of
// users may be wrong. Our own changes raise the number too, which costs a look more.
runtime::Task<void> AuthRole::notice_changes_of_others() {
  std::function<Stored<std::int64_t>()> job = [store = desk_.office()->store] {
    return store->revision();
  };
  const auto seen = co_await writer_.run<Stored<std::int64_t>>(std::move(job));
  if (!seen || !*seen) co_return;
  const bool changed = revision_ && *revision_ != **seen;
  revision_ = **seen;
  if (!changed) co_return;
  desk_.note_change();
  revoke({});
  std::function<bool()> refresh = [office = desk_.office()] {
    office->accounts->refresh_decoys();
    return true;
  };
  co_await writer_.run<bool>(std::move(refresh));
}

// The acceptors go on for their patience and drain for as long; without them there is nothing to
// do.
runtime::Task<bool> AuthRole::orphaned(runtime::Duration patience) {
  co_await serving_.empty(runtime::Loop::current().after(2 * patience + beyond_acceptors));
  co_return false;
}

// The acceptors end first; until they have, or the deadline, they are served. What waits to be
// written is written.
runtime::Task<std::uint32_t> AuthRole::drain(runtime::Deadline deadline) {
  co_await serving_.empty(deadline);
  for (const auto& [acceptor, client] : clients_) client->scope.cancel();
  co_await serving_.empty_uncancelled();
  scope_.cancel();
  co_await tasks_.empty_uncancelled();
  if (desk_.office()) {
    co_await journal_.flush(desk_.office()->store);
    co_await write_lockouts();
  }
  co_return 0;
}

}  // namespace bulkhead::auth

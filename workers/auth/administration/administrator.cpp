#include "workers/auth/administration/administrator.h"

#include <charconv>
#include <ctime>
#include <sodium.h>

#include "runtime/both.h"
#include "runtime/log.h"
#include "workers/auth/administration/commands.h"

namespace bulkhead::auth {
namespace {

constexpr runtime::Duration command_timeout{10'000};  // to be said
constexpr runtime::Duration unread_timeout{10'000};
constexpr std::size_t rows_at_once = 200;

runtime::Task<void> run(ipc::Channel& channel, runtime::Event& over, Journal& journal,
                        std::string actor) {
  const ipc::ChannelEnd end = co_await channel.run();
  if (end.violation) {
    runtime::log::warn("an administrator's channel broke the rules", {{"reason", end.reason}});
    AuditEntry entry;
    entry.kind = "ipc_refused";
    entry.actor = "proxyctl of " + actor;
    entry.detail = end.reason;
    journal.add(std::move(entry));
  }
  over.set();
}

runtime::Task<bool> taken(ipc::Channel& channel) {
  const bool sent = co_await channel.sent(runtime::Loop::current().after(unread_timeout));
  co_return sent;
}

runtime::Task<void> send(ipc::Channel& channel, const Answer& answer) {
  std::size_t unread = 0;
  for (const AnswerRow& row : answer.rows) {
    std::visit([&channel](const auto& each) { channel.send(each); }, row);
    if (++unread % rows_at_once != 0) continue;
    const bool going_on = co_await taken(channel);
    if (!going_on) co_return;
  }
  if (!answer.text.empty()) {
    proto::TextPart text;
    text.part = answer.text.reveal();
    channel.send(text);
    platform::wipe(text.part.value);
  }
  proto::Done done;
  done.exit_code = answer.exit_code;
  done.message = answer.message;
  channel.send(done);
}

std::string backup_name() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "backup-%Y%m%dT%H%M%SZ-", &utc);
  return std::string(text, size) + std::to_string(randombytes_random()) + ".db";
}

}  // namespace

Administration::Administration(Desk& desk, ThreadPool& threads, Journal& journal,
                               Consequences& consequences, std::string directory)
    : desk_(desk),
      threads_(threads),
      journal_(journal),
      consequences_(consequences),
      directory_(std::move(directory)) {}

runtime::Task<void> Administration::serve(platform::UniqueFd socket, std::string actor) {
  ipc::Channel channel(std::move(socket), proto::Party::auth, proto::Party::proxyctl);
  runtime::Event asked;
  std::shared_ptr<proto::AuthCommand> command;
  channel.on<proto::AuthCommand>([&](proto::AuthCommand message, ipc::Envelope&) {
    command = std::make_shared<proto::AuthCommand>(std::move(message));
    asked.set();
  });
  const auto answer = [](Administration& self, ipc::Channel& to, runtime::Event& said,
                         std::shared_ptr<proto::AuthCommand>& what,
                         std::string who) -> runtime::Task<void> {
    co_await said.wait(runtime::Loop::current().after(command_timeout));
    const bool ready = self.desk_.office() != nullptr;
    if (what && ready && what->name == proto::AuthCommandName::audit_list) {
      co_await self.send_audit(to, *what);
    } else if (what) {
      runtime::Task<Answer> work = self.carry_out(what);
      Answer result = co_await std::move(work);
      self.follow_up(result, who);
      for (const std::string& user : result.limits_changed) {
        runtime::Task<void> telling = self.consequences_.tell_limits(user);
        co_await std::move(telling);
      }
      co_await send(to, result);
    }
    co_await taken(to);
    to.close("answered");
  };
  co_await runtime::both(run(channel, asked, journal_, actor),
                         answer(*this, channel, asked, command, actor));
}

runtime::Task<Answer> Administration::carry_out(std::shared_ptr<proto::AuthCommand> command) {
  using enum proto::AuthCommandName;
  if (command->version != proto::protocol_version)
    co_return Answer::failure("proxyctl and the daemon are of different versions");
  if (!desk_.office()) co_return Answer::failure("the daemon is not ready yet");
  if (command->name == lockout_list) co_return list_lockouts();
  if (command->name == lockout_lift) co_return lift(*command);
  if (command->name == store_backup) {
    runtime::Task<Answer> work = back_up();
    Answer answer = co_await std::move(work);
    co_return answer;
  }
  const CommandFunction function = find_command(command->name);
  if (function == nullptr) co_return Answer::failure("the daemon does not know this command");
  std::function<Answer()> job = [office = desk_.office(), function, command] {
    return function(*office, *command);
  };
  auto answer = co_await threads_.run<Answer>(std::move(job));
  co_return answer ? std::move(*answer) : Answer::failure("there is too much to do, try again");
}

void Administration::follow_up(Answer& answer, const std::string& actor) {
  for (AuditEntry& entry : answer.audit) {
    entry.actor = actor;
    journal_.add(std::move(entry));
  }
  if (!answer.revoked.empty() || !answer.limits_changed.empty()) desk_.note_change();
  for (const proto::UserRevoked& each : answer.revoked) consequences_.revoke(each);
}

Answer Administration::list_lockouts() const {
  Answer answer;
  for (proto::LockoutRow& row : desk_.lockouts().rows(Desk::now()))
    answer.rows.emplace_back(std::move(row));
  return answer;
}

Answer Administration::lift(const proto::AuthCommand& command) {
  const std::string subject = argument(command, 0);
  const std::size_t lifted = desk_.lockouts().lift(subject);
  if (lifted == 0 && !subject.empty())
    return Answer::failure("nothing is held against \"" + subject + '"');
  Answer answer;
  answer.message = std::to_string(lifted) + (lifted == 1 ? " lock-out" : " lock-outs") + " lifted";
  AuditEntry entry;
  entry.kind = "lift";
  entry.subject = subject;
  answer.audit.push_back(std::move(entry));
  // A no that is remembered must not outlive the lock-out.
  answer.revoked.emplace_back();
  return answer;
}

runtime::Task<Answer> Administration::back_up() {
  const std::string name = backup_name();
  std::function<Stored<void>()> job = [store = desk_.office()->store, name] {
    return store->back_up(name);
  };
  const auto done = co_await threads_.run<Stored<void>>(std::move(job));
  if (!done) co_return Answer::failure("there is too much to do, try again");
  if (!*done) co_return Answer::failure(done->error());
  Answer answer;
  answer.text = platform::Secret(directory_ + '/' + name);
  AuditEntry entry;
  entry.kind = "backup";
  entry.detail = name;
  answer.audit.push_back(std::move(entry));
  co_return answer;
}

// Page by page: a log may be long.
runtime::Task<void> Administration::send_audit(ipc::Channel& channel,
                                               const proto::AuthCommand& command) {
  co_await journal_.flush(desk_.office()->store);
  const std::string text = argument(command, 0);
  std::int64_t from = 1;
  std::from_chars(text.data(), text.data() + text.size(), from);
  for (;;) {
    using Page = Stored<std::vector<proto::AuditRow>>;
    std::function<Page()> job = [store = desk_.office()->store, from] {
      return store->audit(from, rows_at_once);
    };
    const auto page = co_await threads_.run<Page>(std::move(job));
    Answer answer;
    if (!page || !*page) answer = Answer::failure(page ? page->error().text : "try again");
    if (page && *page) {
      for (const proto::AuditRow& row : **page) channel.send(row);
      from += static_cast<std::int64_t>((*page)->size());
    }
    const bool going_on = co_await taken(channel);
    if (!going_on) co_return;
    const bool last = !page || !*page || (*page)->size() < rows_at_once;
    if (!last) continue;
    co_await send(channel, answer);
    co_return;
  }
}

}  // namespace bulkhead::auth

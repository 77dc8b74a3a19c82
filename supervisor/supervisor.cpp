#include "supervisor/supervisor.h"

#include <csignal>
#include <unistd.h>

#include "config/diff.h"
#include "config/text.h"
#include "platform/descriptor.h"
#include "runtime/both.h"
#include "runtime/log.h"
#include "runtime/socket.h"
#include "runtime/timer.h"
#include "supervisor/control/server.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

constexpr runtime::Duration rotate_interval{1'000};

}  // namespace

Supervisor::Supervisor(Start start, platform::SignalSet signals, platform::ServiceNotifier notifier)
    : start_(std::move(start)),
      sandbox_(start_.loaded.config->sandbox),
      signals_(std::move(signals)),
      notifier_(std::move(notifier)),
      started_(runtime::Clock::now()),
      workforce_({start_.directories.libexec, start_.directories.state, to_platform(sandbox_),
                  [this] { return reload_.current(); },
                  [this](WorkerProcess& process) { reload_.hand_over_access_log(process); }, pages_,
                  [this] { return old_crews_.elders(); }, start_.directories.rendezvous()}),
      reload_(start_.load_options, workforce_, pages_, [this] { on_new_generation(); }),
      old_crews_(workforce_, pages_) {
  pages_.bans().on_report = [this](const wire::IpAddress& address, proto::BanReason reason,
                                   config::Duration time) {
    workforce_.audit("ban", to_string(reason),
                     address.to_string() + " for " + config::format(time));
  };
}

Supervisor::~Supervisor() = default;

int Supervisor::run() {
  runtime::spawn(live());
  runtime::Loop::current().run();
  return exit_code_;
}

runtime::Task<void> Supervisor::live() {
  for (const proto::Party role :
       {proto::Party::acceptor, proto::Party::egress, proto::Party::vault, proto::Party::auth}) {
    log::info("identity",
              {{"of", to_string(role)}, {"user", workforce_.identity(role).to_string()}});
  }
  runtime::spawn(obey_signals(), &scope_);
  runtime::Task<Outcome> beginning = begin();
  Outcome outcome = co_await std::move(beginning);
  if (outcome.ok && !stopping_) {
    runtime::spawn(rotate_log(), &scope_);
    runtime::spawn(watch_file(), &scope_);  // before anybody who waits for us changes the file
    announce_ready();
    finish_upgrade();
    if (orphans_) runtime::spawn(take_over_orphans(), &scope_);
    co_await stop_asked_.wait();
  } else if (!stopping_) {
    co_await return_to_old_program(outcome.summary);
    log::error("cannot start", {{"reason", outcome.summary}});
    exit_code_ = 1;
  }
  co_await shut_down();
  runtime::Loop::current().stop();
}

void Supervisor::announce_ready() {
  std::string addresses;
  for (const config::Listener& listener : config::proxy_listeners(*reload_.current()->config)) {
    const std::string address = endpoint_of(listener).to_string();
    const std::string_view protocol = to_string(listener.protocol);
    log::info("serving " + std::string(protocol) + " on " + address, {{"listener", listener.name}});
    addresses += (addresses.empty() ? "" : ",") + std::string(protocol) + '=' + address;
  }
  control_ = std::make_unique<ControlServer>(*this, start_.directories.control_socket());
  if (start_.inherited && start_.inherited->control >= 0) {
    control_->listen_on(platform::UniqueFd(start_.inherited->control));
  } else if (const std::string error = control_->listen(); !error.empty()) {
    log::error("no control socket: proxyctl cannot reach this daemon", {{"reason", error}});
  }
  notifier_.ready();
  log::info("ready", {{"listeners", addresses},
                      {"acceptors", workforce_.acceptors().size()},
                      {"generation", reload_.current()->number},
                      {"control", start_.directories.control_socket()}});
}

// Before anything of ours listens where they do.
runtime::Task<void> Supervisor::find_orphans() {
  runtime::Task<std::optional<Orphans>> finding = Orphans::find(start_.directories.rendezvous());
  orphans_ = co_await std::move(finding);
  if (!orphans_) co_return;
  workforce_.begin_holders_after(orphans_->last_holder());
  for (Orphans::HeldListener& held : orphans_->listeners())
    reload_.inherit(held.message, held.dual_stack, std::move(held.socket));
  // Beyond these, their vault may have been a new one that was not given all again.
  reload_.share_ports(true);
}

runtime::Task<void> Supervisor::take_over_orphans() {
  const runtime::Gate::Pass pass = tasks_.enter();
  reload_.share_ports(false);
  runtime::Task<proto::TakenOver> taking = orphans_->hand_over_to(workforce_.vault());
  const proto::TakenOver report = co_await std::move(taking);
  orphans_.reset();
  const auto level = report.problem.value.empty() ? log::Level::info : log::Level::warn;
  log::write(
      level, "took over from a supervisor before this one",
      {{"holders", report.holders}, {"flows", report.flows}, {"problem", report.problem.value}});
}

void Supervisor::on_new_generation() {
  const config::Config& config = *reload_.current()->config;
  log::set_level(static_cast<log::Level>(config.server.log_level));
  pages_.bans().apply(config.access_control.abuse);
  watch_changed_.set();
}

runtime::Task<void> Supervisor::obey_signals() {
  const runtime::Gate::Pass pass = tasks_.enter();
  runtime::Socket socket(platform::duplicate(signals_.fd()));
  for (;;) {
    while (const auto received = signals_.take()) obey(received->signal);
    const auto status = co_await runtime::ready(socket, runtime::Direction::read);
    if (status != runtime::IoStatus::ok) co_return;
  }
}

void Supervisor::obey(int signal) {
  switch (signal) {
    case SIGTERM:
      return stop("SIGTERM");
    case SIGINT:
      return stop("SIGINT");
    case SIGHUP:
      runtime::spawn(reload_by("SIGHUP"));
      return;
    case SIGUSR1:
      reload_.reopen_access_log();
      return;
    case SIGUSR2:
      runtime::spawn(upgrade_by_signal());
      return;
    default:
      log::debug("signal ignored", {{"signal", signal}});
  }
}

runtime::Task<void> Supervisor::reload_by(std::string why) {
  if (stopping_ || !reload_.current()) co_return;
  const Outcome outcome = co_await reload_and_tell(std::move(why));
}

runtime::Task<Outcome> Supervisor::reload_and_tell(std::string asked_by) {
  const runtime::Gate::Pass pass = tasks_.enter();
  log::info("reloading", {{"asked_by", asked_by}});
  if (!stopping_) notifier_.reloading();
  Outcome outcome = co_await reload_.run(std::move(asked_by));
  if (!stopping_) notifier_.ready();
  co_return outcome;
}

runtime::Task<void> Supervisor::rotate_log() {
  const runtime::Gate::Pass pass = tasks_.enter();
  for (bool going_on = true; going_on;) {
    reload_.rotate_access_log();
    going_on = co_await runtime::sleep_for(rotate_interval);
  }
}

void Supervisor::stop(std::string_view why) {
  if (stopping_) {
    log::warn("ending at once", {{"asked_by", why}});
    old_crews_.force();
    return workforce_.force();
  }
  stopping_ = true;
  log::info("stopping", {{"asked_by", why}});
  notifier_.stopping();
  stop_asked_.set();
}

runtime::Task<void> Supervisor::shut_down() {
  stopping_ = true;
  self_check_scope_.cancel();
  const config::Shutdown times =
      reload_.current() ? reload_.current()->config->shutdown : config::Shutdown{};
  // Nobody may hold a generation from here on: its listening sockets would stay open.
  reload_.close_listeners();
  old_crews_.relieve(times.drain_timeout);
  const auto deadline = runtime::Loop::current().after(times.force_timeout);
  co_await runtime::both(workforce_.shut_down(times.drain_timeout, times.force_timeout),
                         old_crews_.shut_down(deadline));
  if (control_) co_await control_->close();
  ::unlink(start_.directories.rendezvous().c_str());
  scope_.cancel();
  co_await tasks_.empty();
  log::info("stopped", {{"code", exit_code_}});
}

}  // namespace bulkhead::supervisor

#include "supervisor/reload.h"

#include <algorithm>
#include <array>

#include "config/diff.h"
#include "runtime/log.h"
#include "supervisor/roll_out.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

std::string no_objection() {
  return {};
}

Outcome failure(std::string why) {
  Outcome outcome;
  outcome.summary = std::move(why);
  return outcome;
}

// What is read and checked, but nobody acts upon yet, must not look as if it protected anything.
std::vector<std::string> not_enforced(const config::Config& config) {
  std::vector<std::string> warnings;
  if (config.server.web_ui_port != 0)
    warnings.emplace_back("server.web_ui_port: not served by this version");
  if (config.metrics.enabled) warnings.emplace_back("metrics: not served by this version");
  return warnings;
}

std::vector<std::string> warnings_of(const std::vector<config::Diagnostic>& diagnostics) {
  std::vector<std::string> warnings;
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity == config::Severity::warning) warnings.push_back(to_string(diagnostic));
  }
  return warnings;
}

// A managed file that was refused is never written: it has no lines that anybody could look at.
void forget_places(std::vector<config::Diagnostic>& diagnostics, const std::string& file) {
  for (config::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.file == file) diagnostic.line = diagnostic.column = 0;
  }
}

// What takes effect at the next start only.
std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after) {
  std::vector<std::string> warnings;
  if (before.sandbox != after.sandbox)
    warnings.emplace_back("sandbox: the change takes effect at the next start");
  if (before.network.dns.hosts_file != after.network.dns.hosts_file) {
    warnings.emplace_back(
        "network.dns.hosts_file: a file in another directory may be out of the egress' reach until "
        "it is restarted");
  }
  return warnings;
}

}  // namespace

// The right to make a generation; given back by the destructor.
class Reload::Turn {
 public:
  explicit Turn(runtime::Event& free) : free_(free) { free_.reset(); }
  ~Turn() { free_.set(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  runtime::Event& free_;
};

Reload::Reload(config::LoadOptions options, Workforce& workforce, SharedPages& pages,
               std::function<void()> changed)
    : options_(std::move(options)),
      workforce_(workforce),
      pages_(pages),
      changed_(std::move(changed)) {
  free_.set();
}

runtime::Task<Outcome> Reload::start(config::LoadResult loaded) {
  const Turn turn(free_);
  runtime::Task<Outcome> attempt = apply(std::move(loaded), no_objection);
  Outcome outcome = co_await std::move(attempt);
  co_return outcome;
}

runtime::Task<Outcome> Reload::run(std::string by) {
  if (waiting_) {
    const std::shared_ptr<Waiting> shared = waiting_;
    co_await shared->done.wait_uncancelled();
    co_return shared->outcome;
  }
  waiting_ = std::make_shared<Waiting>();
  while (!free_.is_set()) co_await free_.wait_uncancelled();
  const Turn turn(free_);
  // From here on the files are being read: who comes now needs another reading.
  const std::shared_ptr<Waiting> mine = std::move(waiting_);
  waiting_.reset();
  runtime::Task<Outcome> attempt = apply(config::load(options_), no_objection);
  mine->outcome = co_await std::move(attempt);
  record(mine->outcome, by);
  mine->done.set();
  co_return mine->outcome;
}

runtime::Task<Outcome> Reload::change_managed(std::function<std::string(config::Managed&)> edit,
                                              std::string by) {
  while (!free_.is_set()) co_await free_.wait_uncancelled();
  const Turn turn(free_);
  config::ManagedResult read = config::read_managed(*options_.managed_file, options_);
  if (config::has_errors(read.diagnostics)) {
    Outcome outcome = failure("the managed file has errors");
    outcome.diagnostics = std::move(read.diagnostics);
    co_return outcome;
  }
  const std::string objection = edit(read.managed);
  if (!objection.empty()) co_return failure(objection);
  const auto write = [this, &read] {
    return config::write_managed(*options_.managed_file, read.managed).value_or(std::string());
  };
  config::LoadResult loaded = config::load_with(options_, read.managed);
  if (loaded.config && config::forget_vanished(read.managed, *loaded.config))
    loaded = config::load_with(options_, read.managed);
  runtime::Task<Outcome> attempt = apply(std::move(loaded), write);
  Outcome outcome = co_await std::move(attempt);
  if (!outcome.ok) forget_places(outcome.diagnostics, *options_.managed_file);
  record(outcome, by);
  co_return outcome;
}

runtime::Task<Outcome> Reload::apply(config::LoadResult loaded,
                                     std::function<std::string()> before_commit) {
  Outcome outcome;
  outcome.diagnostics = std::move(loaded.diagnostics);
  if (closed_) co_return failure("shutting down");
  if (!loaded.config) {
    outcome.summary = "the configuration has errors";
    co_return outcome;
  }
  auto next = std::make_shared<Generation>();
  next->number = ++last_number_;
  auto config = std::make_shared<config::Config>(*loaded.config);
  if (config->server.via.empty()) config->server.via = own_pseudonym();
  pages_.assign_slots(*config, current_ ? current_->config.get() : nullptr);
  next->config = std::move(config);
  next->warnings = warnings_of(outcome.diagnostics);
  for (std::string& warning : not_enforced(*loaded.config)) {
    log::warn("configuration", {{"problem", warning}});
    next->warnings.push_back(std::move(warning));
  }
  const auto before = current_;
  if (before) {
    for (std::string& warning : needs_restart(*before->config, *next->config))
      next->warnings.push_back(std::move(warning));
  }
  runtime::Task<std::string> replacement = replace(next, std::move(before_commit));
  const std::string error = co_await std::move(replacement);
  outcome.ok = error.empty();
  outcome.summary = error;
  if (outcome.ok && before)
    outcome.summary = to_string(config::diff(*before->config, *next->config));
  co_return outcome;
}

runtime::Task<std::string> Reload::replace(std::shared_ptr<Generation> next,
                                           std::function<std::string()> before_commit) {
  // Replaces its configuration: whoever refers to that must do so afterwards.
  if (const auto sealed = seal_projections(*next); !sealed) co_return sealed.error();
  const config::Config& config = *next->config;
  auto opened_log = AccessLogFile::open(config.access_log);
  if (!opened_log) co_return opened_log.error();
  const auto acceptors = workforce_.plan(acceptor_count(config));
  auto sockets = listeners_.open(config, acceptors, current_ ? current_->sockets : inherited_);
  if (!sockets) co_return sockets.error();
  next->sockets = std::move(*sockets);
  if (std::string error = workforce_.start_missing(acceptors, config); !error.empty())
    co_return error;
  const auto last_step = [&]() -> std::string {
    if (closed_) return "shutting down";
    std::string objection = before_commit();
    if (!objection.empty()) return objection;
    access_log_ = std::move(*opened_log);
    for (const auto& worker : workforce_.electorate(acceptors, config))
      hand_over_access_log(*worker);
    return {};
  };
  runtime::Task<std::string> phases =
      roll_out(workforce_.electorate(acceptors, config), next, last_step);
  const std::string refusal = co_await std::move(phases);
  if (!refusal.empty()) {
    workforce_.dismiss_newcomers();
    co_return refusal;
  }
  current_ = next;
  inherited_.clear();
  workforce_.settle(acceptors, config);
  changed_();
  co_return std::string();
}

void Reload::record(const Outcome& outcome, const std::string& by) {
  for (const auto& diagnostic : outcome.diagnostics) {
    const bool error = diagnostic.severity == config::Severity::error;
    log::write(error ? log::Level::error : log::Level::warn, "configuration",
               {{"problem", to_string(diagnostic)}});
  }
  if (outcome.ok) {
    ++counts_.done;
    counts_.last = "ok";
    workforce_.audit("reload", by, outcome.summary);
    log::info("reloaded", {{"generation", current_->number}, {"change", outcome.summary}});
  } else {
    ++counts_.failed;
    counts_.last = outcome.summary;
    workforce_.audit("reload_failed", by, outcome.summary);
    log::error("reload failed, nothing has changed",
               {{"reason", outcome.summary}, {"generation", current_ ? current_->number : 0}});
  }
}

void Reload::hand_over_access_log(WorkerProcess& process) const {
  if (process.role() != proto::Party::acceptor || !access_log_ || access_log_->descriptor() < 0)
    return;
  const std::array descriptors{access_log_->descriptor()};
  process.channel().send(proto::AccessLog{}, descriptors);
}

void Reload::send_access_log() const {
  for (const auto& acceptor : workforce_.acceptors()) hand_over_access_log(*acceptor);
}

std::string Reload::reopen_access_log() {
  if (!access_log_) return {};
  if (const auto reopened = access_log_->reopen(); !reopened) {
    log::error("the access log cannot be reopened", {{"reason", reopened.error()}});
    return reopened.error();
  }
  send_access_log();
  log::info("access log reopened");
  return {};
}

void Reload::rotate_access_log() {
  if (!access_log_) return;
  const auto rotated = access_log_->rotate_if_due();
  if (!rotated) {
    log::error("the access log cannot be rotated", {{"reason", rotated.error()}});
  } else if (*rotated) {
    send_access_log();
    log::info("access log rotated");
  }
}

void Reload::leave(DaemonState& state) const {
  state.generation = current_ ? current_->number : 0;
  state.last_generation = last_number_;
  state.last_listener = listeners_.last_id();
  state.reloads = counts_.done;
  state.failed_reloads = counts_.failed;
  for (const auto& socket : current_ ? current_->sockets : inherited_) {
    state.listeners.push(
        {socket->socket.get(), socket->acceptor, socket->dual_stack, socket->message()});
  }
}

void Reload::inherit(const DaemonState& state) {
  last_number_ = state.last_generation;
  listeners_.set_last_id(state.last_listener);
  counts_.done = state.reloads;
  counts_.failed = state.failed_reloads;
  for (const ListenerState& listener : state.listeners.items) {
    auto socket = std::make_shared<ListeningSocket>();
    socket->id = listener.listener.id;
    socket->acceptor = listener.acceptor;
    socket->dual_stack = listener.dual_stack;
    socket->settings = settings_of(listener.listener);
    socket->socket = platform::UniqueFd(listener.socket);
    inherited_.push_back(std::move(socket));
  }
}

void Reload::inherit(const proto::Listener& listener, bool dual_stack, platform::UniqueFd fd) {
  auto socket = std::make_shared<ListeningSocket>();
  listeners_.set_last_id(listeners_.last_id() + 1);
  socket->id = listeners_.last_id();
  socket->acceptor = ListeningSocket::nobody;
  socket->dual_stack = dual_stack;
  socket->settings = settings_of(listener);
  socket->socket = std::move(fd);
  inherited_.push_back(std::move(socket));
}

Outcome Reload::go_on(const config::LoadResult& loaded, std::uint32_t generation) {
  auto same = std::make_shared<Generation>();
  same->number = generation;
  auto config = std::make_shared<config::Config>(*loaded.config);
  if (config->server.via.empty()) config->server.via = own_pseudonym();
  pages_.assign_slots(*config, nullptr);
  same->config = std::move(config);
  same->warnings = warnings_of(loaded.diagnostics);
  same->sockets = std::exchange(inherited_, {});
  if (const auto sealed = seal_projections(*same); !sealed) return failure(sealed.error());
  auto opened_log = AccessLogFile::open(same->config->access_log);
  if (opened_log) access_log_ = std::move(*opened_log);
  current_ = std::move(same);
  changed_();
  Outcome outcome;
  outcome.ok = true;
  return outcome;
}

runtime::Task<Reload::Pause> Reload::pause() {
  while (!free_.is_set()) co_await free_.wait_uncancelled();
  free_.reset();
  co_return Pause(free_);
}

void Reload::close_listeners() {
  closed_ = true;
  if (!current_) return;
  auto last = std::make_shared<Generation>();
  last->number = current_->number;
  last->config = current_->config;
  last->warnings = current_->warnings;
  current_ = std::move(last);
}

}  // namespace bulkhead::supervisor

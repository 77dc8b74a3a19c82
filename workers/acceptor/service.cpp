#include "workers/acceptor/service.h"

#include <algorithm>

#include "ipc/page/flight_recorder.h"
#include "runtime/log.h"
#include "workers/acceptor/outbound/backend_trial.h"

namespace bulkhead::acceptor {
namespace {

// Taken over by another supervisor's workers: as after an upgrade (proto::Drain::idle_ms).
constexpr runtime::Duration orphan_idle_grace{5'000};

}  // namespace

namespace {

// How long the last report of what users have used may take.
constexpr runtime::Duration usage_patience{2'000};

}  // namespace

AcceptorService::AcceptorService(std::uint32_t index, std::uint32_t holder)
    : acceptor_(index, holder, platform::UniqueFd(workers::egress_descriptor),
                platform::UniqueFd(workers::vault_descriptor),
                platform::UniqueFd(workers::auth_descriptor)),
      usage_(acceptor_.authenticator, acceptor_.connections) {}

// Without a way out this process is of no use; the supervisor starts one that has it.
runtime::Task<void> AcceptorService::watch_egress() {
  const runtime::Gate::Pass pass = watching_.enter();
  const ipc::ChannelEnd end = co_await acceptor_.egress.run();
  if (ended_) co_return;
  runtime::log::error("the channel to the egress has ended", {{"reason", end.reason}});
  // What is open can still be handed over.
  if (orphan_) co_return stop_listening();
  acceptor_.connections.close_all();
  runtime::Loop::current().stop();
}

// Nor without somebody to say who clients are, should that be asked of them.
runtime::Task<void> AcceptorService::watch_auth() {
  const runtime::Gate::Pass pass = watching_.enter();
  const ipc::ChannelEnd end = co_await acceptor_.authenticator.run();
  if (ended_ || orphan_) co_return;
  runtime::log::error("the channel to the auth worker has ended", {{"reason", end.reason}});
  acceptor_.connections.close_all();
  runtime::Loop::current().stop();
}

runtime::Task<void> AcceptorService::report_usage() {
  const runtime::Gate::Pass pass = watching_.enter();
  co_await usage_.run();
}

runtime::Task<void> AcceptorService::ask_again() {
  const runtime::Gate::Pass pass = watching_.enter();
  co_await acceptor_.authenticator.ask_again();
}

void AcceptorService::attach_auth() {
  acceptor_.authenticator.on_gone = [this](const User& user) {
    acceptor_.connections.close_all_of(user);
  };
  acceptor_.authenticator.on_moved_bounds = [this](const User& user) {
    acceptor_.connections.close_barred(user);
  };
  acceptor_.authenticator.on_census = [this] {
    std::map<const User*, proto::PresentUser> present;
    for (const auto& [id, entry] : acceptor_.connections.entries()) {
      const User* user = entry->user().get();
      if (user != nullptr)
        present.try_emplace(user, proto::PresentUser{user->name(), user->method()});
    }
    std::vector<proto::PresentUser> users;
    users.reserve(present.size());
    for (auto& [user, row] : present) users.push_back(std::move(row));
    return users;
  };
  runtime::spawn(watch_auth());
  runtime::spawn(report_usage(), &scope_);
  runtime::spawn(ask_again(), &scope_);
}

void AcceptorService::attach(ipc::Channel& control) {
  runtime::spawn(watch_egress());
  attach_auth();
  acceptor_.flows.attach(control);
  acceptor_.abuse.set_report([&control](proto::BanReason reason, const wire::IpAddress& address) {
    control.send(proto::Offence{reason, {address, 0}});
  });
  control.on<proto::PeerRestarted>([this](proto::PeerRestarted message, ipc::Envelope&) {
    ipc::note(ipc::Happening::peer_restarted, 0, static_cast<std::uint64_t>(message.role));
    if (message.role == proto::Party::vault) acceptor_.flows.vault_restarted();
    if (message.role == proto::Party::egress) acceptor_.egress.ask_again();
    if (message.role == proto::Party::auth) acceptor_.authenticator.on_restart();
  });
  control.on<proto::Listener>([this](proto::Listener message, ipc::Envelope& envelope) {
    on_listener(std::move(message), std::move(envelope.descriptors.front()));
  });
  control.on<proto::AccessLog>([this](proto::AccessLog, ipc::Envelope& envelope) {
    acceptor_.access_log.flush();
    acceptor_.access_log.set_destination(std::move(envelope.descriptors.front()));
  });
  control.on<proto::QueryConnections>(
      [this, &control](proto::QueryConnections, ipc::Envelope& envelope) {
        send_connections(control, envelope.id);
      });
  control.on<proto::TestBackend>(
      [this, &control](proto::TestBackend message, ipc::Envelope& envelope) {
        runtime::spawn(test_backend(control, std::move(message), envelope.id));
      });
  control.on<proto::CloseConnections>([this](proto::CloseConnections message, ipc::Envelope&) {
    if (message.id == 0) {
      acceptor_.connections.close_all();
    } else {
      acceptor_.connections.close(message.id);
    }
  });
}

runtime::Task<void> AcceptorService::test_backend(ipc::Channel& control, proto::TestBackend request,
                                                  std::uint32_t id) {
  const proto::BackendTested tested = co_await try_backend(
      acceptor_.egress, acceptor_.backends, acceptor_.generation, std::move(request));
  control.send(tested, {}, id);
}

void AcceptorService::page(proto::Page message, platform::UniqueFd memory) {
  const std::string error = take_page(message, std::move(memory));
  if (!error.empty()) runtime::log::error("cannot use shared memory", {{"reason", error}});
}

std::string AcceptorService::take_page(const proto::Page& message, platform::UniqueFd memory) {
  const auto text = [](const tl::expected<void, platform::Error>& opened) {
    return opened ? std::string() : opened.error().to_string();
  };
  switch (message.kind) {
    case proto::PageKind::counters:
      return acceptor_.counters.attach(memory.get());
    case proto::PageKind::flows:
      return acceptor_.flows.take_flow_page(std::move(memory));
    case proto::PageKind::copy_buffers:
      return acceptor_.flows.take_copy_memory(std::move(memory));
    case proto::PageKind::limits:
      return acceptor_.limits.attach(memory.get(), message.owner);
    case proto::PageKind::bans:
      return acceptor_.limits.attach_bans(memory.get());
    // Without the next two this acceptor goes by what it knows itself.
    case proto::PageKind::backends:
      return text(acceptor_.balancer.shared.open_backends(memory.get(), message.owner));
    case proto::PageKind::health:
      return text(acceptor_.balancer.shared.open_health(memory.get()));
    case proto::PageKind::recorder:
    case proto::PageKind::end_:
      break;
  }
  return {};
}

void AcceptorService::on_listener(proto::Listener message, platform::UniqueFd socket) {
  const std::uint32_t id = message.id;
  ipc::note(ipc::Happening::listener_received, 0, id);
  if (message.at_once && acceptor_.generation && !acceptor_.connections.draining()) {
    if (serving_.contains(id)) return;
    serving_[id] = std::make_shared<Listening>(acceptor_, std::move(message), std::move(socket));
    serving_[id]->set_options(acceptor_.generation->config->network.keepalive);
    Listening::start(serving_[id]);
    return;
  }
  arrived_[id] = std::make_shared<Listening>(acceptor_, std::move(message), std::move(socket));
}

std::string AcceptorService::prepare(std::uint32_t generation,
                                     std::shared_ptr<const config::Config> config,
                                     const std::vector<std::uint32_t>& listeners) {
  for (const std::uint32_t id : listeners) {
    if (!serving_.contains(id) && !arrived_.contains(id))
      return "listener " + std::to_string(id) + " never arrived";
  }
  if (!acceptor_.counters.attached() || !acceptor_.limits.attached())
    return "a shared page never arrived";
  std::string error;
  auto made = Generation::make(generation, config, error);
  if (!made) return error;
  prepared_ = Prepared{std::move(made), listeners};
  return {};
}

void AcceptorService::commit(std::uint32_t generation) {
  if (!prepared_ || prepared_->generation->number != generation) return;
  acceptor_.generation = std::move(prepared_->generation);
  acceptor_.limits.apply(*acceptor_.generation->config);
  const config::AccessLog& log = acceptor_.generation->config->access_log;
  acceptor_.access_log.set_also_stdout(log.enabled && log.output == config::LogOutput::both);
  acceptor_.balancer.keep_rules(*acceptor_.generation->config);
  acceptor_.authenticator.configure(acceptor_.generation->config->server.auth);
  // Upstream connections were opened under the old generation's terms.
  acceptor_.pool.clear();
  for (auto& [id, listening] : arrived_) serving_[id] = listening;
  for (auto& [id, listening] : serving_) {
    listening->set_options(acceptor_.generation->config->network.keepalive);
  }
  for (auto& [id, listening] : arrived_) Listening::start(listening);
  arrived_.clear();
  const std::vector<std::uint32_t> wanted = std::move(prepared_->listeners);
  prepared_.reset();
  std::erase_if(serving_, [&](const auto& entry) {
    if (std::find(wanted.begin(), wanted.end(), entry.first) != wanted.end()) return false;
    entry.second->stop();
    return true;
  });
  acceptor_.flows.go_on();
}

void AcceptorService::abort(std::uint32_t) {
  prepared_.reset();
  arrived_.clear();
}

void AcceptorService::stop_listening() {
  for (auto& [id, listening] : serving_) listening->stop();
  serving_.clear();
}

void AcceptorService::before_drain(const proto::Drain& order) {
  idle_grace_ = runtime::Duration(order.idle_ms);
}

runtime::Task<void> AcceptorService::hand_over(runtime::Deadline deadline) {
  stop_listening();
  co_await acceptor_.flows.relinquish(deadline);
}

// As if nothing were: new connections are accepted too.
runtime::Task<bool> AcceptorService::orphaned(runtime::Duration patience) {
  orphan_ = true;
  if (!acceptor_.generation) co_return false;
  const auto deadline = runtime::Loop::current().after(patience);
  runtime::Task<bool> wanted = acceptor_.flows.wanted_elsewhere(deadline);
  const bool taken_over = co_await std::move(wanted);
  if (taken_over) idle_grace_ = orphan_idle_grace;
  co_return taken_over;
}

runtime::Task<std::uint32_t> AcceptorService::drain(runtime::Deadline deadline) {
  stop_listening();
  acceptor_.connections.start_draining(idle_grace_);
  acceptor_.pool.clear();
  const auto result = co_await acceptor_.connections.gate().empty(deadline);
  const auto cut = static_cast<std::uint32_t>(acceptor_.connections.size());
  if (result != runtime::Event::Result::set) {
    acceptor_.connections.close_all();
    co_await acceptor_.connections.gate().empty();
  }
  acceptor_.access_log.flush();
  co_await usage_.finish(runtime::Loop::current().after(usage_patience));
  ended_ = true;
  scope_.cancel();
  co_await acceptor_.authenticator.close();
  acceptor_.egress.close();
  co_await acceptor_.flows.end();
  co_await watching_.empty_uncancelled();
  co_return cut;
}

void AcceptorService::send_connections(ipc::Channel& control, std::uint32_t id) const {
  proto::Connections part;
  const runtime::Deadline now = runtime::Loop::current().now();
  for (const auto& [number, entry] : acceptor_.connections.entries()) {
    if (part.rows.push(entry->row(now))) continue;
    control.send(part, {}, id);
    part.rows.items.clear();
    part.rows.push(entry->row(now));
  }
  part.last = true;
  control.send(part, {}, id);
}

}  // namespace bulkhead::acceptor

// How a place in the workforce stays filled: start, live, die, wait, start again; and what a new
// process is given.
#include <algorithm>
#include <array>
#include <filesystem>
#include <unistd.h>

#include "config/store_url.h"
#include "platform/message_socket.h"
#include "proto/administration.h"
#include "runtime/log.h"
#include "runtime/timer.h"
#include "supervisor/directories.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;
using proto::Party;

constexpr runtime::Duration settling_interval{10};

bool is_alive(const Worker& worker) {
  return worker.process && !worker.process->ended();
}

log::Level to_level(config::LogLevel level) {
  return static_cast<log::Level>(level);
}

}  // namespace

workers::Arguments Workforce::arguments(Party role, std::uint32_t index,
                                        const config::Config& config) const {
  workers::Arguments arguments;
  arguments.index = index;
  arguments.identity = identity(role);
  arguments.sandbox = surroundings_.sandbox;
  arguments.log_level = to_level(config.server.log_level);
  if (role == Party::egress && !config.network.dns.hosts_file.empty()) {
    arguments.readable_files.push_back(config.network.dns.hosts_file);
  }
  if (role == Party::auth) {
    const config::Auth& auth = config.server.auth;
    arguments.state_directory = surroundings_.state + "/auth";
    arguments.pam = auth.uses(config::AuthMode::system);
    arguments.trial = surroundings_.trial;
    for (const std::string& file : {auth.ldap.tls.ca_cert, auth.oauth.ca_cert})
      if (!file.empty()) arguments.readable_files.push_back(file);
    for (std::string& file : config::files_of_store(auth.store.reveal()))
      arguments.readable_files.push_back(std::move(file));
  }
  return arguments;
}

tl::expected<std::shared_ptr<WorkerProcess>, std::string> Workforce::launch(
    Party role, std::uint32_t index, const config::Config& config) {
  WorkerLaunch launch;
  launch.role = role;
  launch.executable = surroundings_.libexec + '/' + std::string(to_string(role));
  launch.arguments = arguments(role, index, config);
  if (role == Party::acceptor) {
    if (std::string error = make_channels(launch); !error.empty()) return tl::unexpected(error);
    launch.column = surroundings_.pages.take_column();
  }
  if (role == Party::auth && surroundings_.trial) {
    std::error_code ignored;
    if (!std::filesystem::exists(launch.arguments.state_directory, ignored))
      launch.arguments.state_directory.clear();
  } else if (role == Party::auth) {
    std::string error =
        create_worker_directory(launch.arguments.state_directory, launch.arguments.identity);
    if (!error.empty()) return tl::unexpected(std::move(error));
  }
  const std::uint32_t column = launch.column;
  const std::string executable = launch.executable;
  auto process = WorkerProcess::start(std::move(launch));
  if (!process) {
    surroundings_.pages.give_back_column(column);
    return tl::unexpected("cannot start " + executable + ": " + process.error().to_string());
  }
  if (role != Party::vault && role != Party::auth)
    surroundings_.pages.hand_over((*process)->channel(), column);
  connect(**process);
  listen_for_estates(*process);
  listen_for_refusals(**process);
  if (role == Party::vault) offer_rendezvous(**process);
  return std::move(*process);
}

std::string Workforce::make_channels(WorkerLaunch& launch) {
  auto pair = platform::message_socket_pair();
  auto to_auth = platform::message_socket_pair();
  if (!pair) return "cannot make a channel: " + pair.error().to_string();
  if (!to_auth) return "cannot make a channel: " + to_auth.error().to_string();
  launch.egress_channel = std::move(pair->first);
  launch.egress_end = std::move(pair->second);
  launch.auth_channel = std::move(to_auth->first);
  launch.auth_end = std::move(to_auth->second);
  auto made = Tenure::make(++last_holder_, launch.arguments.index);
  if (!made) return "cannot make what outlives a worker: " + made.error().to_string();
  launch.arguments.holder = last_holder_;
  launch.vault_channel = std::move(made->channel);
  launch.tenure = std::move(made->tenure);
  return {};
}

void Workforce::connect(WorkerProcess& process) {
  if (process.role() != Party::acceptor) return connect_to_all_acceptors(process);
  for (const auto& peer : {egress(), vault(), auth()}) {
    if (peer) connect(process, *peer);
  }
}

void Workforce::connect_to_all_acceptors(WorkerProcess& peer) {
  for (const auto& worker : workers_) {
    if (worker->role != Party::acceptor || !worker->process || worker->process->ended()) continue;
    connect(*worker->process, peer);
    worker->process->channel().send(proto::PeerRestarted{peer.role()});
  }
  if (peer.role() != Party::vault || !surroundings_.elders) return;
  for (const auto& elder : surroundings_.elders()) hold_for(*elder);
}

void Workforce::welcome(const std::shared_ptr<WorkerProcess>& elder) {
  if (elder->tenure() && elder->understands()) listen_for_estates(elder);
}

void Workforce::hold_for(WorkerProcess& elder) {
  const auto ours = vault();
  if (!ours) return;  // it will come, and asks who there is
  connect(elder, *ours);
  elder.channel().send(proto::PeerRestarted{Party::vault});
}

void Workforce::farewell(const WorkerProcess& elder) {
  if (elder.understands()) settle_estate(elder, false);
}

void Workforce::await_estate(const WorkerProcess& elder) {
  const bool leaves = elder.understands() && elder.tenure() && !elder.relinquished() &&
                      !elder.ended_in_order() && !came_.contains(elder.tenure()->holder);
  if (!leaves) return farewell(elder);
  estates_.heir_died(elder.tenure()->holder);
  awaited_.emplace(elder.tenure()->holder, elder.tenure());
}

void Workforce::await_estates_no_more() {
  for (const auto& [holder, tenure] : std::exchange(awaited_, {}))
    estates_.leave(tenure, Estates::Leaving::died_for_good);
}

runtime::Task<bool> Workforce::settled(runtime::Deadline deadline) {
  const auto is_letting_go = [](const std::shared_ptr<Worker>& worker) {
    return is_alive(*worker) && worker->process->draining() && worker->process->tenure() &&
           !worker->process->relinquished();
  };
  for (;;) {
    const bool busy = estates_.unsettled() != 0 || !awaited_.empty() ||
                      std::any_of(workers_.begin(), workers_.end(), is_letting_go);
    if (!busy) co_return true;
    if (runtime::Clock::now() >= deadline) co_return false;
    co_await runtime::sleep_for(settling_interval);
  }
}

// The end stays with the supervisor too: what the acceptor says while the peer is not there waits
// in it.
void Workforce::connect(WorkerProcess& acceptor, WorkerProcess& peer) {
  const bool to_vault = peer.role() == Party::vault;
  const std::array descriptors{to_vault                     ? acceptor.tenure()->vault_end.get()
                               : peer.role() == Party::auth ? acceptor.auth_end()
                                                            : acceptor.egress_end()};
  const std::uint32_t index = to_vault ? acceptor.tenure()->holder : acceptor.index();
  peer.channel().send(proto::Peer{Party::acceptor, index}, descriptors);
}

// Only that much is believed: that somebody broke the rules, in plain characters.
void Workforce::listen_for_refusals(WorkerProcess& process) {
  if (process.role() != Party::egress && process.role() != Party::vault) return;
  process.channel().on<proto::AuditEvent>([this](const proto::AuditEvent& event, ipc::Envelope&) {
    const auto plain = [](std::string text) {
      std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
      return text;
    };
    audit("ipc_refused", plain(event.actor.value), plain(event.detail.value));
  });
}

void Workforce::listen_for_estates(const std::shared_ptr<WorkerProcess>& process) {
  if (process->role() == Party::vault) {
    process->channel().on<proto::Estate>(
        [this](const proto::Estate& message, ipc::Envelope& envelope) {
          came_.insert(message.holder);
          if (const auto dead = awaited_.extract(message.holder))
            return estates_.leave(dead.mapped(), Estates::Leaving::died_for_good);
          auto tenure = Tenure::of_elsewhere(message.holder, std::move(envelope.descriptors));
          estates_.leave(std::move(tenure), Estates::Leaving::let_go);
        });
  }
  if (process->role() != Party::acceptor) return;
  surroundings_.pages.listen(process->channel());
  WorkerProcess& acceptor = *process;
  acceptor.channel().on<proto::Inherited>(
      [this, &acceptor](const proto::Inherited& report, ipc::Envelope&) {
        estates_.inherited(acceptor.tenure()->holder, report);
      });
  acceptor.channel().on<proto::Relinquished>(
      [this, &acceptor](const proto::Relinquished& message, ipc::Envelope&) {
        log::info("worker has let go of its flows",
                  {{"worker", acceptor.name()}, {"flows", message.flows}, {"kept", message.kept}});
        acceptor.set_relinquished();
        // What it was to inherit, and had not gone on with, is another's.
        estates_.heir_died(acceptor.tenure()->holder);
        estates_.leave(acceptor.tenure(), Estates::Leaving::let_go);
      });
}

void Workforce::settle_estate(const WorkerProcess& process, bool refilled) {
  if (!process.tenure()) return;
  estates_.heir_died(process.tenure()->holder);
  if (process.relinquished() || came_.contains(process.tenure()->holder)) return estates_.settle();
  if (process.ended_in_order()) {
    estates_.forget(*process.tenure());
    return estates_.settle();
  }
  estates_.leave(process.tenure(),
                 refilled ? Estates::Leaving::died : Estates::Leaving::died_for_good);
}

// A new socket for each: an older vault may still listen on the one that was at this path.
void Workforce::offer_rendezvous(WorkerProcess& vault) const {
  const std::string& path = surroundings_.rendezvous;
  if (path.empty()) return;
  ::unlink(path.c_str());
  const auto listener = platform::listen_message_socket(path, 0600);
  if (!listener) {
    log::warn("connections will not outlive the supervisor",
              {{"socket", path}, {"reason", listener.error().to_string()}});
    return;
  }
  vault.channel().send(proto::Rendezvous{}, std::array{listener->get()});
}

// Until the next generation both accept on the same sockets, which does no harm.
void Workforce::lend_listeners(std::uint32_t acceptor) {
  const auto generation = surroundings_.current();
  const auto others = acceptors();
  if (!generation || others.empty()) return;
  for (const auto& socket : generation->sockets) {
    if (socket->acceptor != acceptor) continue;
    proto::Listener message = socket->message();
    message.at_once = true;
    const std::array descriptors{socket->socket.get()};
    others.front()->channel().send(message, descriptors);
  }
  log::warn("another acceptor takes its connections meanwhile",
            {{"worker", "acceptor." + std::to_string(acceptor)}, {"by", others.front()->name()}});
}

// Runs until the place is given up; then it is no longer among the workers.
runtime::Task<void> Workforce::keep_filled(std::shared_ptr<Worker> worker) {
  const runtime::Gate::Pass pass = tasks_.enter();
  for (bool filled = true; filled;) {
    const auto started = worker->process->started();
    auto process = worker->process;
    const platform::ExitReason reason = co_await process->run();
    surroundings_.pages.give_back_column(process->column());
    const auto lifetime =
        std::chrono::duration_cast<runtime::Duration>(runtime::Clock::now() - started);
    if (process->died()) crashes_.note(*process);
    if (!process->violation().empty()) audit("ipc_refused", process->name(), process->violation());
    if (worker->newcomer) worker->retired = true;
    // Told to end, and not retired: it gives way to a successor at once.
    const bool replaced = process->draining() && !worker->retired && !stopping_;
    const runtime::Duration delay =
        replaced ? runtime::Duration{0} : worker->note_end(reason.to_string(), lifetime);
    settle_estate(*process, !worker->retired && !stopping_);
    changed_.set();
    filled = co_await refill(worker, delay);
  }
  std::erase(workers_, worker);
  changed_.set();
}

// False when the place is given up.
runtime::Task<bool> Workforce::refill(std::shared_ptr<Worker> worker, runtime::Duration delay) {
  for (;;) {
    if (delay > runtime::Duration{0} && !worker->retired) {
      if (worker->role == Party::acceptor) {
        lend_listeners(worker->index);
        estates_.give_up_place(worker->index);
      }
      const auto deadline = runtime::Loop::current().after(delay);
      co_await worker->hurry.wait(deadline);
    }
    const auto current = surroundings_.current();
    if (worker->retired || stopping_ || !current) {
      if (worker->role == Party::acceptor) estates_.give_up_place(worker->index);
      co_return false;
    }
    ++worker->restarts;
    auto process = launch(worker->role, worker->index, *current->config);
    if (process) {
      worker->process = std::move(*process);
      if (worker->role == Party::vault) estates_.vault_restarted();
      runtime::spawn(bring_up(worker->process));
      co_return true;
    }
    delay = worker->note_end(process.error(), runtime::Duration{0});
  }
}

// Gives a process the generation in force, again if that changes meanwhile.
runtime::Task<void> Workforce::bring_up(std::shared_ptr<WorkerProcess> process) {
  if (!catching_up_.insert(process.get()).second) co_return;
  const runtime::Gate::Pass pass = tasks_.enter();
  for (;;) {
    const auto generation = surroundings_.current();
    if (process->ended() || process->draining() || process->generation() == generation->number)
      break;
    const std::string error = co_await process->prepare(generation);
    if (!error.empty()) {
      process->kill("cannot serve the configuration in force: " + error);
      break;
    }
    if (generation != surroundings_.current() || process->draining()) {
      process->abort(*generation);
      continue;
    }
    surroundings_.before_commit(*process);
    process->commit(*generation);
    log::info(
        "worker serves",
        {{"worker", process->name()}, {"pid", process->pid()}, {"generation", generation->number}});
  }
  catching_up_.erase(process.get());
  estates_.settle();
}

}  // namespace bulkhead::supervisor

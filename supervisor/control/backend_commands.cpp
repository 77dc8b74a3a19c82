// backend list, add, remove, test.
#include <algorithm>

#include "supervisor/control/backend_state.h"
#include "supervisor/control/commands.h"
#include "supervisor/control/managed_edit.h"
#include "supervisor/control/names.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::uint32_t test_timeout_ms = 10'000;
constexpr runtime::Duration test_grace{2'000};

proto::BackendRow backend_row(const config::Backend& backend, const ipc::BackendSum& sum) {
  proto::BackendRow row;
  row.name = backend.name;
  row.kind = kind_of(backend.type);
  row.via = backend.via;
  row.origin = origin_of(backend.origin);
  if (backend.proxy) row.address = backend.proxy->address.to_string();
  const bool tunnel = backend.type == config::BackendType::wireguard ||
                      backend.type == config::BackendType::openvpn;
  row.available = !tunnel && backend.unavailable.empty();
  if (!row.available) {
    row.reason =
        backend.unavailable.empty() ? "no tunnel worker in this version" : backend.unavailable;
  }
  row.active = sum.active;
  row.opened = sum.opened;
  row.failed = sum.failed;
  return row;
}

// Nothing is claimed that was not tried.
std::string verdict(const proto::BackendTested& tested, const config::Backend& backend) {
  if (!tested.ok) return "failed";
  if (tested.remote.port != 0) return "ok";
  if (backend.type == config::BackendType::echo)
    return "backend \"" + backend.name + "\" answers itself and connects to nothing";
  return "nothing was tried: backend \"" + backend.name +
         "\" has no parent proxy to connect to, name a target with --target host:port";
}

}  // namespace

runtime::Task<void> list_backends(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const auto config = supervisor.reload().current()->config;
  const ipc::CountersSum totals = supervisor.pages().counters().sum(*config);
  for (const config::Backend& backend : config->backends) {
    proto::BackendRow row = backend_row(backend, totals.backends.at(backend.name));
    describe_state(row, backend, *config, supervisor.pages());
    const bool going_on = co_await answer.row(std::move(row));
    if (!going_on) co_return;
  }
  for (const SharedPages::Leaving& each : supervisor.pages().leaving(*config)) {
    const bool going_on = co_await answer.row(leaving_row(each, supervisor.pages()));
    if (!going_on) co_return;
  }
}

runtime::Task<void> add_backend(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer) {
  config::ManagedResult read =
      read_fragment("backends", argument(command, 0), supervisor.reload().options());
  const bool refused =
      co_await refuse_fragment(read, read.managed.backends.size(), "backend", answer);
  if (refused) co_return;
  config::Backend backend = std::move(read.managed.backends.front());
  const std::string name = backend.name;
  const auto key = std::make_shared<std::string>();
  const auto edit = [&](config::Managed& managed) -> std::string {
    if (supervisor.reload().current()->config->backend(name) != nullptr)
      return "there is a backend \"" + name + "\" already";
    *key = "backends[" + std::to_string(managed.backends.size()) + ']';
    managed.backends.push_back(std::move(backend));
    return {};
  };
  co_await change(supervisor, edit, "backend \"" + name + "\" added", answer, key);
}

runtime::Task<void> remove_backend(Supervisor& supervisor, const proto::Command& command,
                                   Answer& answer) {
  const std::string name = argument(command, 0);
  const auto edit = [&](config::Managed& managed) -> std::string {
    const auto config = supervisor.reload().current()->config;
    const config::Backend* backend = config->backend(name);
    if (backend == nullptr) return "there is no backend \"" + name + '"';
    const auto is_it = [&](const config::Backend& each) { return each.name == name; };
    if (std::erase_if(managed.backends, is_it) == 0) managed.removed_backends.push_back(name);
    return {};
  };
  co_await change(supervisor, edit, "backend \"" + name + "\" removed", answer);
}

runtime::Task<void> test_backend(Supervisor& supervisor, const proto::Command& command,
                                 Answer& answer) {
  proto::TestBackend question;
  question.backend = argument(command, 0);
  question.timeout_ms = test_timeout_ms;
  const std::string target = argument(command, 1);
  const auto parsed = wire::HostPort::parse(target);
  if (!target.empty() && !parsed) {
    answer.done(1, "not host:port: " + target);
    co_return;
  }
  if (parsed) {
    question.host = parsed->host;
    question.port = parsed->port;
  }
  const auto acceptors = supervisor.workforce().acceptors();
  const auto config = supervisor.reload().current()->config;
  const config::Backend* backend = config->backend(question.backend.value);
  if (backend == nullptr || acceptors.empty()) {
    answer.done(1, backend != nullptr ? "no acceptor is running, try again"
                                      : "there is no backend \"" + question.backend.value + '"');
    co_return;
  }
  const std::shared_ptr<WorkerProcess>& acceptor = acceptors.front();
  const auto deadline =
      runtime::Loop::current().after(runtime::Duration(test_timeout_ms) + test_grace);
  const auto reply = co_await acceptor->channel().call(std::move(question), deadline);
  const auto tested = reply ? reply->as<proto::BackendTested>() : std::nullopt;
  if (!tested) {
    answer.done(1, "no answer in time");
    co_return;
  }
  co_await answer.row(*tested);
  answer.done(tested->ok ? 0 : 1, verdict(*tested, *backend));
}

}  // namespace bulkhead::supervisor

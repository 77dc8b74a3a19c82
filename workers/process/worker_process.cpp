#include "workers/process/worker_process.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include "config/projection.h"
#include "ipc/page/flight_recorder.h"
#include "platform/sealed_memory.h"
#include "platform/signals.h"
#include "runtime/event.h"
#include "runtime/log.h"

namespace bulkhead::workers {
namespace {

namespace log = runtime::log;
using ipc::Happening;

constexpr std::size_t max_projection_bytes = 64 * 1024 * 1024;

log::Level to_level(config::LogLevel level) {
  return static_cast<log::Level>(level);
}
static_assert(static_cast<int>(config::LogLevel::error) == static_cast<int>(log::Level::error));

proto::LayerState to_state(platform::SandboxReport::State state) {
  switch (state) {
    case platform::SandboxReport::State::on:
      return proto::LayerState::on;
    case platform::SandboxReport::State::off:
      return proto::LayerState::off;
    case platform::SandboxReport::State::unavailable:
      return proto::LayerState::unavailable;
  }
  return proto::LayerState::unavailable;
}

platform::SandboxReport enter(const RoleDescription& role, const Arguments& arguments) {
  platform::SandboxRequest request;
  request.profile = role.profile;
  request.mode = arguments.sandbox;
  request.identity = arguments.identity;
  request.empty_network_namespace = role.empty_network_namespace;
  request.message_descriptors = role.message_descriptors;
  request.readable_files = arguments.readable_files;
  if (!arguments.state_directory.empty()) request.writable_directory = ".";
  return platform::enter_sandbox(request);
}

proto::Hello greeting(const RoleDescription& role, const Arguments& arguments,
                      const platform::SandboxReport& report) {
  proto::Hello hello;
  hello.role = role.party;
  hello.uid = arguments.identity.uid;
  hello.sandbox_complete = report.complete();
  for (const auto& layer : report.layers)
    hello.layers.push({layer.name, to_state(layer.state), layer.detail});
  return hello;
}

// Keeps the conversation with the supervisor; the role's service does the work.
class Worker {
 public:
  Worker(Service& service, ipc::Channel& control) : service_(service), control_(control) {
    control_.on<proto::Prepare>([this](const proto::Prepare& message, ipc::Envelope& envelope) {
      prepare(message, envelope);
    });
    control_.on<proto::Commit>(
        [this](proto::Commit message, ipc::Envelope&) { commit(message.generation); });
    control_.on<proto::Abort>([this](proto::Abort message, ipc::Envelope&) {
      ipc::note(Happening::aborted, message.generation);
      prepared_.reset();
      service_.abort(message.generation);
    });
    control_.on<proto::Drain>([this](proto::Drain message, ipc::Envelope&) {
      if (draining_) return;
      service_.before_drain(message);
      start_drain(runtime::Loop::current().after(runtime::Duration(message.timeout_ms)),
                  message.hand_over);
    });
    control_.on<proto::Page>([this](proto::Page message, ipc::Envelope& envelope) {
      take_page(message, std::move(envelope.descriptors.front()));
    });
    service_.attach(control_);
  }

  runtime::Task<void> run() {
    const ipc::ChannelEnd end = co_await control_.run();
    if (!drained_.is_set() && !draining_) co_await live_as_orphan(end.reason);
    co_await drained_.wait();
    runtime::Loop::current().stop();
  }

 private:
  void take_page(const proto::Page& message, platform::UniqueFd memory) {
    if (message.kind != proto::PageKind::recorder) return service_.page(message, std::move(memory));
    const auto opened = ipc::flight_recorder().open(memory.get());
    if (!opened) log::warn("no flight recorder", {{"reason", opened.error().to_string()}});
  }

  runtime::Task<void> live_as_orphan(std::string reason) {
    ipc::note(Happening::supervisor_lost);
    log::warn("the supervisor is gone, going on without it for a while",
              {{"reason", reason}, {"at_most_ms", shutdown_.drain_timeout.count()}});
    runtime::Task<bool> waiting = service_.orphaned(shutdown_.drain_timeout);
    const bool hand_over = co_await std::move(waiting);
    log::info("draining", {{"taken_over", hand_over}});
    start_drain(runtime::Loop::current().after(shutdown_.drain_timeout), hand_over);
  }

  void prepare(const proto::Prepare& message, ipc::Envelope& envelope) {
    proto::Prepared reply;
    reply.generation = message.generation;
    reply.error = load(message, envelope.descriptors.front().get());
    reply.ok = reply.error.value.empty();
    ipc::note(reply.ok ? Happening::prepared : Happening::prepare_refused, message.generation);
    control_.send(reply, {}, envelope.id);
  }

  std::string load(const proto::Prepare& message, int descriptor) {
    const auto text = platform::read_sealed_memory(descriptor, max_projection_bytes);
    if (!text) return "cannot read the configuration: " + text.error().to_string();
    const config::LoadResult loaded = config::load_projection(*text);
    if (!loaded.config) {
      return loaded.diagnostics.empty() ? "the configuration does not load"
                                        : to_string(loaded.diagnostics.front());
    }
    prepared_ = loaded.config;
    return service_.prepare(message.generation, loaded.config, message.listeners.items);
  }

  void commit(std::uint32_t generation) {
    if (prepared_) {
      log::set_level(to_level(prepared_->server.log_level));
      shutdown_ = prepared_->shutdown;
    }
    prepared_.reset();
    ipc::note(Happening::committed, generation);
    service_.commit(generation);
  }

  void start_drain(runtime::Deadline deadline, bool hand_over = false) {
    if (draining_) return;
    draining_ = true;
    const auto left = deadline - runtime::Loop::current().now();
    const auto timeout = std::chrono::duration_cast<runtime::Duration>(left).count();
    ipc::note(Happening::drain_begun, 0,
              static_cast<std::uint64_t>(std::max<std::int64_t>(timeout, 0)));
    runtime::spawn(drain(deadline, hand_over));
  }

  runtime::Task<void> drain(runtime::Deadline deadline, bool hand_over) {
    proto::Drained message;
    if (hand_over) co_await service_.hand_over(deadline);
    message.cut = co_await service_.drain(deadline);
    ipc::note(Happening::drained, 0, message.cut);
    control_.send(message);
    drained_.set();
    control_.close("drained");
  }

  Service& service_;
  ipc::Channel& control_;
  std::shared_ptr<const config::Config> prepared_;
  config::Shutdown shutdown_;  // in force
  runtime::Event drained_;
  bool draining_ = false;
};

}  // namespace

int run_worker(int argc, char** argv, const RoleDescription& role,
               const std::function<std::unique_ptr<Service>(const Arguments&)>& make_service) {
  const auto arguments = Arguments::parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "%s is started by bulkhead, not by hand\n", argv[0]);
    return 2;
  }
  std::string name(to_string(role.party));
  name += '.';
  name += std::to_string(arguments->index);
  log::start(name, arguments->log_level);
  platform::ignore_broken_pipe();
  ::umask(0077);  // what a worker writes is nobody else's to read
  const std::string& state = arguments->state_directory;
  if (!state.empty() && ::chdir(state.c_str()) != 0) {
    log::error("cannot enter the state directory",
               {{"path", state}, {"reason", std::strerror(errno)}});
    return 1;
  }
  if (role.before_sandbox) role.before_sandbox(*arguments);
  const platform::SandboxReport report = enter(role, *arguments);
  if (arguments->sandbox == platform::SandboxMode::require && !report.complete()) {
    log::error("the sandbox is incomplete and the configuration requires it",
               {{"layers", report.to_string()}});
    return exit_sandbox_incomplete;
  }
  log::debug("in the sandbox", {{"layers", report.to_string()}});
  runtime::Loop loop;
  ipc::Channel control(platform::UniqueFd(control_descriptor), role.party,
                       proto::Party::supervisor);
  const std::unique_ptr<Service> service = make_service(*arguments);
  Worker worker(*service, control);
  control.send(greeting(role, *arguments, report));
  runtime::spawn(worker.run());
  loop.run();
  return 0;
}

}  // namespace bulkhead::workers

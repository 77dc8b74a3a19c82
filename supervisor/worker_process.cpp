#include "supervisor/worker_process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "runtime/both.h"
#include "runtime/log.h"
#include "runtime/socket.h"
#include "supervisor/options.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

// How long a worker may take to end once it has closed its channel.
constexpr runtime::Duration end_timeout{5'000};
// The ids of questions, apart from those that the channel gives to calls.
constexpr std::uint32_t first_query_id = 0x8000'0000;
constexpr std::size_t max_connection_rows = 100'000;

// All that a worker inherits of the environment.
std::vector<std::string> worker_environment() {
  std::vector<std::string> environment;
  for (const std::string_view name :
       {"TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const auto value = process_environment(name))
      environment.push_back(std::string(name) + '=' + *value);
  }
  return environment;
}

runtime::Deadline to_deadline(std::uint64_t nanoseconds) {
  return runtime::Deadline(std::chrono::nanoseconds(nanoseconds));
}

std::uint64_t to_nanoseconds(runtime::Deadline time) {
  return static_cast<std::uint64_t>(time.time_since_epoch() / std::chrono::nanoseconds(1));
}

// What a worker was started with, as the kernel still has it: whether it can do what a reload wants
// goes by it (Workforce::needs_another).
std::optional<workers::Arguments> arguments_of(pid_t pid) {
  std::vector<std::string> words = platform::command_line(pid);
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  return workers::Arguments::parse(static_cast<int>(argv.size()), argv.data());
}

std::string name_of(proto::Party role, std::uint32_t index) {
  return std::string(to_string(role)) + '.' + std::to_string(index);
}

}  // namespace

tl::expected<std::shared_ptr<WorkerProcess>, platform::Error> WorkerProcess::start(
    WorkerLaunch launch) {
  auto control = platform::message_socket_pair();
  if (!control) return tl::unexpected(control.error());
  auto output = platform::pipe_from_child();
  if (!output) return tl::unexpected(output.error());
  const platform::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  platform::SpawnRequest request;
  request.executable = launch.executable;
  request.arguments = launch.arguments.to_argv(launch.executable);
  request.environment = worker_environment();
  request.descriptors.push_back({control->second.get(), workers::control_descriptor});
  request.descriptors.push_back({output->write_end.get(), STDERR_FILENO});
  // Standard output is the access log's.
  if (launch.role != proto::Party::acceptor)
    request.descriptors.push_back({output->write_end.get(), STDOUT_FILENO});
  if (nothing) request.descriptors.push_back({nothing.get(), STDIN_FILENO});
  if (launch.egress_channel) {
    request.descriptors.push_back({launch.egress_channel.get(), workers::egress_descriptor});
  }
  if (launch.auth_channel) {
    request.descriptors.push_back({launch.auth_channel.get(), workers::auth_descriptor});
  }
  if (launch.vault_channel) {
    request.descriptors.push_back({launch.vault_channel.get(), workers::vault_descriptor});
  }
  auto child = platform::spawn(request);
  if (!child) return tl::unexpected(child.error());
  std::shared_ptr<WorkerProcess> process(
      new WorkerProcess(launch.role, launch.arguments.index, std::move(control->first),
                        std::move(*child), std::move(output->read_end)));
  process->arguments_ = std::move(launch.arguments);
  process->egress_end_ = std::move(launch.egress_end);
  process->auth_end_ = std::move(launch.auth_end);
  process->column_ = launch.column;
  process->tenure_ = std::move(launch.tenure);
  process->give_recorder();
  process->give_pages();
  return process;
}

WorkerProcess::WorkerProcess(proto::Party role, std::uint32_t index, platform::UniqueFd control,
                             platform::Child child, platform::UniqueFd output)
    : name_(name_of(role, index)),
      role_(role),
      index_(index),
      child_(std::move(child)),
      channel_(std::move(control), proto::Party::supervisor, role),
      output_(std::move(output), name_, child_.pid),
      started_(runtime::Clock::now()) {
  channel_.on<proto::Hello>(
      [this](proto::Hello hello, ipc::Envelope&) { greet(std::move(hello)); });
  channel_.on<proto::Connections>([this](proto::Connections part, ipc::Envelope& envelope) {
    take_connections(std::move(part), envelope.id);
  });
  channel_.on<proto::Drained>([this](proto::Drained message, ipc::Envelope&) {
    drained_ = true;
    log::info("worker drained", {{"worker", name_}, {"cut", message.cut}});
  });
}

void WorkerProcess::give_pages() {
  if (!tenure_) return;
  const std::array flows{tenure_->flows.get()}, copies{tenure_->copies.get()};
  channel_.send(proto::Page{proto::PageKind::flows, index_}, flows);
  channel_.send(proto::Page{proto::PageKind::copy_buffers, index_}, copies);
}

std::shared_ptr<WorkerProcess> WorkerProcess::inherit(const WorkerState& state) {
  platform::Child child{state.pid, platform::UniqueFd(state.pidfd)};
  std::shared_ptr<WorkerProcess> process(
      new WorkerProcess(state.hello.role, state.index, platform::UniqueFd(state.control),
                        std::move(child), platform::UniqueFd(state.output)));
  if (auto given = arguments_of(state.pid)) process->arguments_ = std::move(*given);
  process->egress_end_.reset(state.egress_end);
  process->auth_end_.reset(state.auth_end);
  process->started_ = to_deadline(state.started_ns);
  if (state.draining_ns != 0) process->draining_since_ = to_deadline(state.draining_ns);
  process->column_ = state.column;
  process->generation_ = state.generation;
  process->hello_ = state.hello;
  process->greeted_ok_ = true;
  process->greeting_.set();
  process->channel_.resume();
  process->tenure_ = Tenure::inherit(state.tenure, state.index);
  process->relinquished_ = state.relinquished;
  process->keep_recorder(platform::UniqueFd(state.recorder));
  return process;
}

WorkerState WorkerProcess::state() const {
  WorkerState state;
  state.index = index_;
  state.pid = child_.pid;
  state.pidfd = child_.pidfd.get();
  state.control = channel_.fd();
  state.output = output_.descriptor();
  state.egress_end = egress_end_.get();
  state.auth_end = auth_end_.get();
  state.recorder = recorder_memory_.get();
  state.started_ns = to_nanoseconds(started_);
  if (draining_since_) state.draining_ns = to_nanoseconds(*draining_since_);
  state.column = column_;
  state.generation = generation_;
  if (tenure_) state.tenure = tenure_->state();
  state.relinquished = relinquished_;
  state.hello = hello_;
  state.hello.role = role_;
  return state;
}

// Without the memory for it the worker goes on, unrecorded.
void WorkerProcess::give_recorder() {
  auto memory =
      platform::create_shared_memory("bulkhead-" + name_ + "-recorder", sizeof(ipc::RecorderPage));
  if (!memory || !keep_recorder(std::move(*memory))) return;
  const std::array descriptors{recorder_memory_.get()};
  channel_.send(proto::Page{proto::PageKind::recorder, index_}, descriptors);
}

bool WorkerProcess::keep_recorder(platform::UniqueFd memory) {
  auto mapping = platform::SharedMapping::map(memory.get(), sizeof(ipc::RecorderPage),
                                              platform::SharedMapping::Access::read_only);
  if (!mapping) return false;
  recorder_memory_ = std::move(memory);
  recorder_ = std::move(*mapping);
  return true;
}

ipc::FlightRecord WorkerProcess::flight_record() const {
  if (!recorder_) return {};
  return ipc::read_recorder(recorder_.as<ipc::RecorderPage>(), started_.time_since_epoch(),
                            runtime::Clock::now().time_since_epoch());
}

void WorkerProcess::greet(proto::Hello hello) {
  if (hello.version != proto::protocol_version || hello.role != role_) {
    return kill("speaks another version of the protocol; are all programs of one installation?");
  }
  hello_ = std::move(hello);
  greeted_ok_ = true;
  greeting_.set();
}

runtime::Task<platform::ExitReason> WorkerProcess::run() {
  co_await runtime::both(live(), output_.run());
  co_return exit_;
}

runtime::Task<void> WorkerProcess::live() {
  co_await runtime::both(run_channel(), watch_process());
}

runtime::Task<void> WorkerProcess::run_channel() {
  if (greeted_ok_ && !understands()) co_return;  // inherited: whatever it says means nothing here
  const ipc::ChannelEnd end = co_await channel_.run();
  if (end.violation) {
    violation_ = end.reason;
    kill("broke the rules of its channel: " + end.reason);
  } else if (!ended_) {
    const auto result = co_await over_.wait(runtime::Loop::current().after(end_timeout));
    if (result != runtime::Event::Result::set) kill("closed its channel and did not end");
  }
}

runtime::Task<void> WorkerProcess::watch_process() {
  runtime::Socket ending(platform::duplicate(child_.pidfd.get()));
  for (;;) {
    const auto reason = platform::try_wait(child_.pid);
    if (reason && *reason) exit_ = **reason;
    if (!reason || *reason) break;
    const auto status = co_await runtime::ready(ending, runtime::Direction::read);
    if (status == runtime::IoStatus::cancelled) break;
  }
  ended_ = true;
  output_.finish();
  over_.set();
  greeting_.set();
  for (const auto& [id, query] : queries_) query->complete.set();
  channel_.close("the process ended");
}

runtime::Task<bool> WorkerProcess::wait_greeting() {
  const auto result = co_await greeting_.wait(started_ + greeting_timeout);
  if (result == runtime::Event::Result::timed_out) kill("did not greet in time");
  co_return greeted_ok_ && !ended_;
}

// The answer has many parts, all with the id of the question; such ids are not those of calls.
runtime::Task<std::vector<proto::ConnectionRow>> WorkerProcess::connections(
    runtime::Deadline deadline) {
  const std::uint32_t id = first_query_id | ++last_query_;
  ConnectionQuery query;
  queries_[id] = &query;
  if (!ended_ && channel_.send(proto::QueryConnections{}, {}, id))
    co_await query.complete.wait(deadline);
  queries_.erase(id);
  co_return std::move(query.rows);
}

void WorkerProcess::take_connections(proto::Connections part, std::uint32_t id) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  ConnectionQuery& query = *found->second;
  for (auto& row : part.rows.items) {
    if (query.rows.size() < max_connection_rows) query.rows.push_back(std::move(row));
  }
  if (part.last) query.complete.set();
}

runtime::Task<bool> WorkerProcess::wait_end(runtime::Deadline deadline) {
  const auto result = co_await over_.wait(deadline);
  co_return result == runtime::Event::Result::set;
}

// An acceptor gets what it does not have of its own; the vault keeps all for a supervisor to come.
bool WorkerProcess::hand_over_listeners(const Generation& generation) {
  const bool all = role_ == proto::Party::vault;
  if (!all && role_ != proto::Party::acceptor) return true;
  for (const auto& socket : generation.sockets) {
    if (!all && (socket->acceptor != index_ || listeners_.contains(socket->id))) continue;
    const std::array descriptors{socket->socket.get()};
    if (!channel_.send(socket->message(), descriptors)) return false;
    if (!all) listeners_.insert(socket->id);
  }
  return true;
}

runtime::Task<std::string> WorkerProcess::prepare(std::shared_ptr<const Generation> generation) {
  proto::Prepare message;
  message.generation = generation->number;
  if (role_ == proto::Party::acceptor) message.listeners.items = generation->listener_ids(index_);
  bool alive = co_await wait_greeting();
  if (alive) alive = hand_over_listeners(*generation);
  if (!alive) {
    std::string why = co_await describe_end();
    co_return why;
  }
  std::vector<int> descriptors{generation->projection(role_)};
  const auto deadline = runtime::Loop::current().after(prepare_timeout);
  const auto reply = co_await channel_.call(std::move(message), deadline, std::move(descriptors));
  if (!reply) {
    if (ended_ || channel_.ended()) {
      std::string why = co_await describe_end();
      co_return why;
    }
    kill("did not prepare the configuration in time");
    co_return "it did not answer in time";
  }
  const auto answer = reply->as<proto::Prepared>();
  if (!answer || answer->generation != generation->number) {
    kill("answered something else than was asked");
    co_return "it answered something else than was asked";
  }
  co_return answer->ok          ? std::string()
  : answer->error.value.empty() ? "it refused"
                                : answer->error.value;
}

runtime::Task<std::string> WorkerProcess::describe_end() {
  const auto result = co_await over_.wait(runtime::Loop::current().after(end_timeout));
  if (result != runtime::Event::Result::set) co_return "its channel is closed";
  if (exit_.kind == platform::ExitReason::Kind::exited &&
      exit_.value == workers::exit_sandbox_incomplete) {
    co_return "its sandbox lacks layers (its log line names them) and the configuration says sandbox: require";
  }
  co_return exit_.to_string();
}

void WorkerProcess::commit(const Generation& generation) {
  proto::Commit message;
  message.generation = generation.number;
  channel_.send(message);
  generation_ = generation.number;
  set_listeners(generation.listener_ids(index_));
}

void WorkerProcess::set_listeners(const std::vector<std::uint32_t>& ids) {
  committed_listeners_ = {ids.begin(), ids.end()};
  listeners_ = committed_listeners_;
}

void WorkerProcess::abort(const Generation& generation) {
  proto::Abort message;
  message.generation = generation.number;
  channel_.send(message);
  listeners_ = committed_listeners_;
}

void WorkerProcess::drain(runtime::Duration timeout, bool hand_over) {
  proto::Drain message;
  message.timeout_ms = static_cast<std::uint32_t>(timeout.count());
  message.hand_over = hand_over;
  if (hand_over)
    message.idle_ms = static_cast<std::uint32_t>(std::min(idle_grace, timeout).count());
  if (!draining_since_) draining_since_ = runtime::Clock::now();
  if (understands()) {
    channel_.send(message);
  } else {
    // It becomes an orphan, and one without a vault: that drains at once.
    if (tenure_) tenure_->vault_end.reset();
    channel_.close("it is of another version");
  }
}

void WorkerProcess::kill(const std::string& why) {
  if (ended_) return;
  dismissed_ = why.empty();
  if (!why.empty())
    log::error("killing a worker", {{"worker", name_}, {"pid", child_.pid}, {"reason", why}});
  [[maybe_unused]] const auto result = platform::send_signal(child_, SIGKILL);
}

}  // namespace bulkhead::supervisor

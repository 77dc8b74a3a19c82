// rogue PROFILE ATTEMPT DIRECTORY: prepares, enters the sandbox of the profile (acceptor, egress,
// vault, auth, isolated: egress in an empty network namespace; outside: none) and makes one
// attempt. Exits with one of the codes in rogue.h, or is killed. The last line of its output says
// what happened, the line before it which layers are on.
#include "platform/linux/rogue.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "platform/process.h"
#include "platform/sandbox.h"
#include "platform/sealed_memory.h"
#include "platform/socket.h"

namespace bulkhead::platform {
namespace {

void say(const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
}

// Lives until the rogue's end of the pipe is closed, that is, as long as the rogue. (A parent-death
// signal would not arrive: Landlock keeps signals inside the sandbox.)
[[noreturn]] void be_victim(const Identity& identity, int started, int rogue_alive) {
  if (!become(identity)) _exit(1);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  char byte = 'r';
  if (write(started, &byte, 1) != 1) _exit(1);
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) close(descriptor);
  while (read(rogue_alive, &byte, 1) > 0) {
  }
  _exit(0);
}

// A process that the uid alone would let the rogue touch.
pid_t start_victim(const Identity& identity) {
  int started[2] = {-1, -1};
  int alive[2] = {-1, -1};
  if (pipe2(started, O_CLOEXEC) != 0 || pipe2(alive, O_CLOEXEC) != 0) return -1;
  const pid_t pid = fork();
  if (pid == 0) {
    close(alive[1]);
    be_victim(identity, started[1], alive[0]);
  }
  close(started[1]);
  close(alive[0]);  // alive[1] stays open as long as this process
  char byte = 0;
  const bool ready = read(started[0], &byte, 1) == 1;
  close(started[0]);
  return ready ? pid : -1;
}

UniqueFd connect_and_greet(const wire::Endpoint& endpoint) {
  auto client = create_tcp(endpoint.address);
  if (!client || !start_connect(client->get(), endpoint)) return {};
  pollfd entry{client->get(), POLLOUT, 0};
  if (poll(&entry, 1, 5000) != 1 || write(client->get(), "hello", 5) != 5) return {};
  return std::move(*client);
}

bool prepare_held(RogueContext& context) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return false;
  const UniqueFd near(ends[0]);
  context.held_peer.reset(ends[1]);
  context.held = duplicate_from(near.get(), first_held_number);
  context.held_page = duplicate_from(context.sealed.get(), first_held_number);
  return context.held && context.held_page && write(context.held_peer.get(), "held", 4) == 4;
}

bool prepare(RogueContext& context, const Identity& identity) {
  auto listener = listen_tcp(*wire::Endpoint::parse("127.0.0.1:0"));
  auto pair = message_socket_pair();
  auto channels = message_socket_pair();
  auto sealed = create_sealed_memory("rogue", "config");
  if (!listener || !pair || !channels || !sealed) return false;
  context.listening = *local_endpoint(listener->get());
  context.listener = std::move(*listener);
  context.client = connect_and_greet(context.listening);
  auto tcp = create_tcp(context.listening.address);
  auto udp = create_udp(context.listening.address);
  if (!tcp || !udp) return false;
  context.tcp = std::move(*tcp);
  context.udp = std::move(*udp);
  context.stranger = std::move(pair->first);
  context.stranger_peer = std::move(pair->second);
  context.channel = std::move(channels->first);
  context.channel_peer = std::move(channels->second);
  context.sealed = std::move(*sealed);
  context.outer_namespace.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  context.victim = start_victim(identity);
  return context.client && context.victim > 0 && context.outer_namespace && prepare_held(context);
}

Role role_of(std::string_view profile) {
  if (profile == "acceptor") return Role::acceptor;
  if (profile == "vault") return Role::vault;
  return profile == "auth" ? Role::auth : Role::egress;
}

SandboxProfile profile_of(Role role) {
  if (role == Role::acceptor) return SandboxProfile::acceptor;
  if (role == Role::vault) return SandboxProfile::vault;
  return role == Role::auth ? SandboxProfile::auth : SandboxProfile::egress;
}

// The auth worker's own directory is where it stands.
bool take_directory(const std::string& directory, const Identity& identity) {
  const std::string own = directory + "/own";
  if (mkdir(own.c_str(), 0700) != 0 || chdir(own.c_str()) != 0) return false;
  return !is_root() || chown(".", identity.uid, identity.gid) == 0;
}

bool enter(std::string_view profile, const RogueContext& context) {
  if (profile == "outside") return chdir(context.directory.c_str()) == 0;
  SandboxRequest request;
  const Role role = role_of(profile);
  request.profile = profile_of(role);
  request.identity = identity_of(role);
  request.empty_network_namespace = profile != "egress" && profile != "auth";
  if (role == Role::auth) {
    if (!take_directory(context.directory, request.identity)) return false;
    request.writable_directory = ".";
  }
  request.message_descriptors = {context.channel.get()};
  const SandboxReport report = enter_sandbox(request);
  say(report.to_string());
  return report.find(layer::seccomp)->state == SandboxReport::State::on;
}

Attempt find(std::string_view name) {
  for (const auto attempts : {rogue_system_attempts(), rogue_network_attempts(),
                              rogue_holding_attempts(), rogue_needs()}) {
    for (const NamedAttempt& attempt : attempts) {
      if (attempt.name == name) return attempt.run;
    }
  }
  return nullptr;
}

int conclude(int outcome) {
  if (outcome == not_here) {
    say("nothing to try here");
    return rogue_not_here;
  }
  say(outcome == 0 ? "succeeded" : std::string("refused: ") + strerrordesc_np(outcome));
  return outcome == 0 ? rogue_succeeded : rogue_refused;
}

int run(std::string_view profile, std::string_view name, const char* directory) {
  const Attempt attempt = find(name);
  RogueContext context;
  context.directory = directory;
  const Identity identity = identity_of(role_of(profile));
  if (attempt == nullptr || !prepare(context, identity) || !enter(profile, context)) {
    say("could not be prepared");
    return rogue_unprepared;
  }
  const int result = conclude(attempt(context));
  // Without destructors: the attempt may have closed what the context owns.
  _exit(result);
}

}  // namespace
}  // namespace bulkhead::platform

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  return bulkhead::platform::run(argv[1], argv[2], argv[3]);
}

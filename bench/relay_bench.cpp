// What the relay alone costs: a source, the relay and a sink, joined by TCP on loopback.
//   relay_bench [MODE [WRITE_BYTES [GIGABYTES]]]     MODE: adaptive, copy, splice
// Prints gigabytes a second and the relay's own CPU seconds a gigabyte. Without arguments: all
// modes, several sizes.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "platform/socket.h"
#include "runtime/relay.h"

using namespace bulkhead;

namespace {

struct Ends {
  platform::UniqueFd near, far;
};

Ends joined() {
  const auto listener = platform::listen_tcp(*wire::Endpoint::parse("127.0.0.1:0"));
  const auto address = platform::local_endpoint(listener->get());
  auto near = platform::create_tcp(address->address);
  if (!platform::start_connect(near->get(), *address)) std::abort();
  while (true) {
    auto far = platform::accept_tcp(listener->get());
    if (!far) continue;
    for (const int fd : {near->get(), far->socket.get()}) {
      if (!platform::set_no_delay(fd, true)) std::abort();
    }
    return {std::move(*near), std::move(far->socket)};
  }
}

pid_t in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  work();
  ::_exit(0);
}

void make_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

void send_all(int fd, std::size_t write_bytes, std::size_t total) {
  make_blocking(fd);
  const std::vector<char> bytes(write_bytes, 'x');
  for (std::size_t sent = 0; sent < total; sent += write_bytes) {
    if (::send(fd, bytes.data(), write_bytes, MSG_NOSIGNAL) <= 0) return;
  }
}

void receive_all(int fd) {
  make_blocking(fd);
  ::shutdown(fd, SHUT_WR);  // the other direction carries nothing
  std::vector<char> buffer(256 * 1024);
  while (::recv(fd, buffer.data(), buffer.size(), 0) > 0) continue;
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

runtime::Task<void> relay_until_end(runtime::Loop& loop, runtime::Stream& from, runtime::Stream& to,
                                    runtime::RelayMode mode, runtime::RelayCounters& counters) {
  runtime::RelayOptions options;
  options.mode = mode;
  co_await runtime::relay(from, to, options, counters);
  loop.stop();
}

void measure(const std::string& name, std::size_t write_bytes, std::size_t total) {
  using runtime::RelayMode;
  const RelayMode mode = name == "copy"     ? RelayMode::copy
                         : name == "splice" ? RelayMode::splice
                                            : RelayMode::adaptive;
  Ends source = joined(), sink = joined();
  const pid_t sender = in_child([&] {
    source.far.reset();
    sink.near.reset();
    sink.far.reset();
    send_all(source.near.get(), write_bytes, total);
  });
  const pid_t receiver = in_child([&] {
    source.near.reset();
    source.far.reset();
    sink.near.reset();
    receive_all(sink.far.get());
  });
  source.near.reset();
  sink.far.reset();
  runtime::Loop loop;
  runtime::RelayCounters counters;
  const double cpu_before = cpu_seconds();
  const auto began = runtime::Clock::now();
  {
    runtime::SocketStream from(std::move(source.far)), to(std::move(sink.near));
    runtime::spawn(relay_until_end(loop, from, to, mode, counters));
    loop.run();
  }
  const double giga = static_cast<double>(counters.up) / 1e9;
  const double seconds = std::chrono::duration<double>(runtime::Clock::now() - began).count();
  std::printf("%-9s %7zu-octet writes  %6.2f GB/s  %.3f CPU s/GB\n", name.c_str(), write_bytes,
              giga / seconds, (cpu_seconds() - cpu_before) / giga);
  std::fflush(stdout);
  ::waitpid(sender, nullptr, 0);
  ::waitpid(receiver, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> modes =
      argc > 1 ? std::vector<std::string>{argv[1]}
               : std::vector<std::string>{"copy", "splice", "adaptive"};
  std::vector<std::size_t> sizes{512, 4096, 16'384, 65'536};
  if (argc > 2) sizes = {std::strtoul(argv[2], nullptr, 10)};
  const double giga = argc > 3 ? std::strtod(argv[3], nullptr) : 2;
  for (const std::size_t size : sizes) {
    for (const std::string& mode : modes) measure(mode, size, static_cast<std::size_t>(giga * 1e9));
  }
}

#include "bench/load/client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "bench/load/net.h"

namespace bulkhead::bench {
namespace {

constexpr std::size_t message_bytes = 64;
const std::string message(message_bytes, 'm');
std::array<char, 256 * 1024> buffer;

struct Totals {
  std::uint64_t operations = 0, bytes = 0, failures = 0;
  std::size_t open = 0;
  std::size_t answered = 0;                 // idle: the connections through which an echo came back
  std::vector<std::uint32_t> microseconds;  // one an operation
};

// What is said to the proxy, and how long each of its answers is (0: up to an empty line).
struct Greeting {
  std::string say;
  std::size_t answer;
};

std::vector<Greeting> greetings(const LoadOptions& options) {
  const std::string authority = "127.0.0.1:" + std::to_string(options.origin);
  if (options.via == Via::connect)
    return {{"CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n", 0}};
  if (options.via != Via::socks5) return {};
  std::string request("\x05\x01\x00\x01\x7f\x00\x00\x01", 8);
  request += static_cast<char>(options.origin >> 8);
  request += static_cast<char>(options.origin & 0xff);
  return {{std::string("\x05\x01\x00", 3), 2}, {request, 10}};
}

std::string request_of(const LoadOptions& options) {
  const std::string authority = "127.0.0.1:" + std::to_string(options.origin);
  const std::string target = options.via == Via::forward ? "http://" + authority + "/x" : "/x";
  return "GET " + target + " HTTP/1.1\r\nHost: " + authority +
         "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
}

struct Shared {
  const LoadOptions& options;
  Poller poller;
  std::vector<Greeting> greeting;
  std::string request;
  Totals totals;
  bool measuring = false;
};

class Connection final : public Poller::Handler {
 public:
  explicit Connection(Shared& shared) : shared_(shared) { open(); }

  void on_event(std::uint32_t what) override {
    if (connecting_ && (what & EPOLLOUT) != 0) {
      connecting_ = false;
      shared_.poller.change(fd_.get(), EPOLLIN, *this);
      next_greeting();
      return;
    }
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fail();
    take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }

 private:
  void open() {
    connecting_ = true;
    greeted_ = 0;
    greeting_ = true;
    answer_.clear();
    began_ = Clock::now();
    fd_ = connect_to(shared_.options.proxy);
    shared_.poller.add(fd_.get(), EPOLLOUT, *this);
  }
  void send(std::string_view bytes) {
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size()))
      fail();
  }
  void next_greeting() {
    if (greeted_ < shared_.greeting.size()) return send(shared_.greeting[greeted_].say);
    greeting_ = false;
    ++shared_.totals.open;
    if (shared_.options.work != Work::churn) began_ = Clock::now();
    if (shared_.options.work == Work::http) return send(shared_.request);
    if (shared_.options.work != Work::bulk) send(message);
  }
  void take(std::string_view bytes) {
    if (!greeting_) return work(bytes);
    answer_ += bytes;
    const std::size_t wanted = shared_.greeting[greeted_].answer;
    const bool whole =
        wanted == 0 ? answer_.find("\r\n\r\n") != std::string::npos : answer_.size() >= wanted;
    if (!whole) return;
    if (!accepted()) return fail();
    answer_.clear();
    ++greeted_;
    next_greeting();
  }
  bool accepted() const {
    return shared_.options.via == Via::socks5 ? answer_[1] == '\0'
                                              : answer_.find(" 200 ") != std::string::npos;
  }
  void work(std::string_view bytes) {
    if (shared_.measuring) shared_.totals.bytes += bytes.size();
    if (shared_.options.work == Work::bulk) return;
    if (shared_.options.work == Work::http) {
      answer_ += bytes;
      const std::size_t head = answer_.find("\r\n\r\n");
      if (head == std::string::npos || answer_.size() < head + 4 + message_bytes) return;
      answer_.clear();
      count();
      return send(shared_.request);
    }
    echoed_ += bytes.size();
    if (echoed_ < message_bytes) return;
    echoed_ = 0;
    count();
    if (shared_.options.work == Work::idle) {
      ++shared_.totals.answered;
      return;
    }
    if (shared_.options.work == Work::echo) return send(message);
    --shared_.totals.open;
    open();
  }
  void count() {
    const auto now = Clock::now();
    if (shared_.measuring) {
      ++shared_.totals.operations;
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - began_).count();
      shared_.totals.microseconds.push_back(static_cast<std::uint32_t>(took));
    }
    began_ = now;
  }
  void fail() {
    ++shared_.totals.failures;
    if (shared_.totals.failures > 1000) die("too many failures");
    if (!greeting_) --shared_.totals.open;
    open();
  }

  Shared& shared_;
  platform::UniqueFd fd_;
  bool connecting_ = true, greeting_ = true;
  std::size_t greeted_ = 0, echoed_ = 0;
  std::string answer_;
  Clock::time_point began_;
};

std::uint32_t percentile(std::vector<std::uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void print(Totals& totals, double seconds) {
  std::sort(totals.microseconds.begin(), totals.microseconds.end());
  std::printf(
      "{\"seconds\": %.6f, \"operations\": %llu, \"bytes\": %llu, \"failures\": %llu, \"p50_us\": "
      "%u, \"p99_us\": %u}\n",
      seconds, static_cast<unsigned long long>(totals.operations),
      static_cast<unsigned long long>(totals.bytes),
      static_cast<unsigned long long>(totals.failures), percentile(totals.microseconds, 0.5),
      percentile(totals.microseconds, 0.99));
  std::fflush(stdout);
}

void poll_until(Shared& shared, Clock::time_point end) {
  while (Clock::now() < end) shared.poller.poll(end);
}

struct EndOfInput final : Poller::Handler {
  void on_event(std::uint32_t) override { over = true; }
  bool over = false;
};

void hold(Shared& shared, Clock::time_point end) {
  EndOfInput input;
  shared.poller.add(STDIN_FILENO, EPOLLIN, input);
  while (!input.over && Clock::now() < end) shared.poller.poll(end);
}

}  // namespace

int run_load(const LoadOptions& options) {
  Shared shared{options, {}, greetings(options), request_of(options), {}, false};
  const auto opening_ends = Clock::now() + std::chrono::seconds(20);
  std::vector<std::unique_ptr<Connection>> connections;
  const auto wanted = static_cast<std::size_t>(std::clamp(options.connections, 1, 20'000));
  while (shared.totals.open < wanted && Clock::now() < opening_ends) {
    // A few at a time: nobody's queue of new connections shall overflow.
    for (int i = 0;
         i < 50 && connections.size() < wanted && connections.size() < shared.totals.open + 100;
         ++i) {
      connections.push_back(std::make_unique<Connection>(shared));
    }
    shared.poller.poll(Clock::now() + std::chrono::milliseconds(10));
    if (options.work == Work::churn && connections.size() == wanted) break;
  }
  const auto duration =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  if (options.work == Work::idle) {
    // A proxy has taken a connection on when something has come back through it.
    while (shared.totals.answered < wanted && Clock::now() < opening_ends)
      shared.poller.poll(Clock::now() + std::chrono::milliseconds(10));
    shared.totals.operations = shared.totals.answered;
    print(shared.totals, 0);
    hold(shared, Clock::now() + duration);
    return 0;
  }
  const auto began = Clock::now();
  shared.measuring = true;
  poll_until(shared, began + duration);
  print(shared.totals, std::chrono::duration<double>(Clock::now() - began).count());
  return 0;
}

}  // namespace bulkhead::bench

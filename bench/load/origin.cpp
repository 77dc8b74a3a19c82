#include "bench/load/origin.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "bench/load/net.h"

namespace bulkhead::bench {
namespace {

enum class Service { echo, source, http };

const std::string http_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n" +
    std::string(64, 'x');

std::array<char, 256 * 1024> buffer;

// Deletes itself when its peer goes.
class Connection final : public Poller::Handler {
 public:
  Connection(Poller& poller, platform::UniqueFd fd, Service service, std::size_t write_size)
      : fd_(std::move(fd)), service_(service), write_size_(write_size) {
    poller.add(fd_.get(), service == Service::source ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
  }

  void on_event(std::uint32_t what) override {
    bool open = (what & (EPOLLERR | EPOLLHUP)) == 0;
    if (open && (what & EPOLLIN) != 0) open = read();
    if (open && (what & EPOLLOUT) != 0) open = send_more();
    if (!open) delete this;
  }

 private:
  bool read() {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (service_ == Service::echo) return send_all(bytes);
    if (service_ == Service::http) return answer(bytes);
    return true;
  }
  // Heads come whole or in few pieces; each ends where the last four octets of what came are an
  // empty line.
  bool answer(std::string_view bytes) {
    head_ += bytes;
    if (!head_.ends_with("\r\n\r\n")) return head_.size() < buffer.size();
    head_.clear();
    return send_all(http_answer);
  }
  // Messages are small beside a socket's buffer.
  bool send_all(std::string_view bytes) {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool send_more() {
    for (int i = 0; i < 16; ++i) {
      const ssize_t put = ::send(fd_.get(), buffer.data(), write_size_, MSG_NOSIGNAL);
      if (put < 0) return errno == EAGAIN;
      if (static_cast<std::size_t>(put) < write_size_) return true;
    }
    return true;
  }

  platform::UniqueFd fd_;
  Service service_;
  std::size_t write_size_;
  std::string head_;
};

class Listener final : public Poller::Handler {
 public:
  Listener(Poller& poller, Service service, std::size_t write_size)
      : poller_(poller),
        fd_(listen_on_free_port(port_)),
        service_(service),
        write_size_(write_size) {
    poller.add(fd_.get(), EPOLLIN, *this);
  }
  void on_event(std::uint32_t) override {
    while (platform::UniqueFd fd = accept_from(fd_.get()))
      new Connection(poller_, std::move(fd), service_, write_size_);
  }
  std::uint16_t port() const { return port_; }

 private:
  Poller& poller_;
  std::uint16_t port_ = 0;
  platform::UniqueFd fd_;
  Service service_;
  std::size_t write_size_;
};

struct EndOfInput final : Poller::Handler {
  void on_event(std::uint32_t) override { over = true; }
  bool over = false;
};

}  // namespace

int serve_origin(std::size_t write_size, int seconds) {
  Poller poller;
  Listener echo(poller, Service::echo, 0);
  Listener source(poller, Service::source, std::min(write_size, buffer.size()));
  Listener http(poller, Service::http, 0);
  EndOfInput input;
  poller.add(STDIN_FILENO, EPOLLIN, input);
  std::printf("{\"echo\": %u, \"source\": %u, \"http\": %u}\n", echo.port(), source.port(),
              http.port());
  std::fflush(stdout);
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (!input.over && Clock::now() < end) poller.poll(end);
  return 0;
}

}  // namespace bulkhead::bench

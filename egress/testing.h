// What the tests of this room share.
#pragma once

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "platform/socket.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/socket.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace bulkhead::egress::testing {

template <typename T>
runtime::Task<void> store(runtime::Task<T> task, std::optional<T>& out, runtime::Loop& loop) {
  T value = co_await std::move(task);
  out = std::move(value);
  loop.stop();
}

// Runs the loop until the task has ended.
template <typename T>
T run(runtime::Loop& loop, runtime::Task<T> task, runtime::CancelScope* scope = nullptr) {
  std::optional<T> out;
  runtime::spawn(store(std::move(task), out, loop), scope);
  while (!out) loop.run();
  return std::move(*out);
}

// Lets what is ready run.
inline void run_rounds(runtime::Loop& loop, int rounds = 3) {
  for (int i = 0; i < rounds; ++i) {
    loop.post([&loop] { loop.stop(); });
    loop.run();
  }
}

// Coroutines of a test's own servers: called off and awaited before the servers go.
class Background {
 public:
  explicit Background(runtime::Loop& loop) : loop_(loop) {}
  ~Background() {
    scope_.cancel();
    while (gate_.count() > 0) run_rounds(loop_, 1);
  }
  void start(runtime::Task<void> task) { runtime::spawn(hold(std::move(task)), &scope_); }

 private:
  runtime::Task<void> hold(runtime::Task<void> task) {
    const runtime::Gate::Pass pass = gate_.enter();
    co_await std::move(task);
  }

  runtime::Loop& loop_;
  runtime::CancelScope scope_;
  runtime::Gate gate_;
};

inline wire::IpAddress ip(std::string_view text) {
  const auto parsed = wire::IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(wire::IpAddress());
}

// A listening socket on loopback, on a port that was free.
struct TestListener {
  explicit TestListener(std::string_view address = "127.0.0.1", int backlog = 16) {
    auto made = platform::listen_tcp({ip(address), 0}, {backlog, false, false});
    if (!made) return;
    socket = std::move(*made);
    endpoint = *platform::local_endpoint(socket.get());
  }
  platform::UniqueFd socket;
  wire::Endpoint endpoint;
};

// A port on which nothing listens, held by a socket so that nobody else takes it.
struct ClosedPort {
  explicit ClosedPort(std::string_view address = "127.0.0.1") {
    auto made = platform::create_tcp(ip(address));
    socket = std::move(*made);
    EXPECT_TRUE(platform::bind_socket(socket.get(), {ip(address), 0}));
    endpoint = *platform::local_endpoint(socket.get());
  }
  platform::UniqueFd socket;
  wire::Endpoint endpoint;
};

// The next connection.
inline runtime::Task<platform::UniqueFd> accept_one(runtime::Socket& listener) {
  while (true) {
    auto accepted = platform::accept_tcp(listener.fd());
    if (accepted) co_return std::move(accepted->socket);
    const auto status = co_await runtime::ready(listener, runtime::Direction::read);
    if (status != runtime::IoStatus::ok) co_return platform::UniqueFd();
  }
}

// Reads until the text has been seen, or exactly so many octets; what was read.
inline runtime::Task<std::string> read_until(runtime::Stream& stream, std::string end,
                                             std::size_t at_least = 0) {
  std::string all;
  std::array<std::byte, 1> octet;
  while ((end.empty() || !all.ends_with(end)) && (at_least == 0 || all.size() < at_least)) {
    const auto got = co_await runtime::read(stream, octet, runtime::never);
    if (!got.ok()) break;
    all.push_back(static_cast<char>(octet[0]));
  }
  co_return all;
}

}  // namespace bulkhead::egress::testing

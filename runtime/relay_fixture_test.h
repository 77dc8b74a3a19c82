// What the tests of the relay share: two TCP connections on loopback with the relay between them
// (splice(2) needs real sockets), the ways it can work, and parts that run beside it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

#include "platform/socket.h"
#include "runtime/gate.h"
#include "runtime/relay.h"
#include "runtime/timer.h"

namespace bulkhead::runtime {

using namespace std::chrono_literals;

struct Ends {
  std::unique_ptr<SocketStream> near, far;
};

inline Ends connected_pair() {
  const platform::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.get(), any, length), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), any, &length), 0);
  platform::UniqueFd near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(near.get(), any, length), 0);
  platform::UniqueFd far(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(platform::set_non_blocking(near.get()));
  EXPECT_TRUE(platform::set_no_delay(near.get(), true));
  EXPECT_TRUE(platform::set_no_delay(far.get(), true));
  return {std::make_unique<SocketStream>(std::move(near)),
          std::make_unique<SocketStream>(std::move(far))};
}

// client <-> front [relay] back <-> origin
struct Fixture {
  Fixture() {
    Ends ends = connected_pair();
    client = std::move(ends.near);
    front = std::move(ends.far);
    ends = connected_pair();
    back = std::move(ends.near);
    origin = std::move(ends.far);
  }

  // Starts a part of the test; run() goes on until all parts have ended.
  void start(Task<void> part, CancelScope* scope = nullptr) {
    spawn(hold(gate.enter(), std::move(part)), scope);
  }
  void run() {
    spawn(stop_when_empty(*this));
    loop.run();
  }
  static Task<void> hold(Gate::Pass, Task<void> part) { co_await std::move(part); }
  static Task<void> stop_when_empty(Fixture& self) {
    co_await self.gate.empty();
    self.loop.stop();
  }

  Loop loop;
  Gate gate;
  std::unique_ptr<SocketStream> client, front, back, origin;
  RelayCounters counters;
  std::uint64_t held_back = 0;
  RelayEnd end = RelayEnd::cancelled;
};

// A socket's bytes that may not be gone around, as with TLS.
class Opaque final : public Stream {
 public:
  explicit Opaque(Stream& inner) : inner_(inner) {}
  IoResult try_read(std::span<std::byte> buffer) override { return inner_.try_read(buffer); }
  IoResult try_write(std::span<const std::byte> bytes) override { return inner_.try_write(bytes); }
  void shutdown_write() override { inner_.shutdown_write(); }
  Socket& socket() override { return inner_.socket(); }

 private:
  Stream& inner_;
};

struct Way {
  const char* name;
  RelayMode mode;
  bool opaque = false;
};

class Relay : public testing::TestWithParam<Way> {
 protected:
  struct Options : RelayOptions {
    bool opaque;
  };
  Options options(Duration idle = 60s, Duration write = 30s) const {
    return {{idle, write, 0s, GetParam().mode}, GetParam().opaque};
  }
  static Task<void> run_relay(Fixture& f, Options options) {
    if (options.opaque) {
      Opaque front(*f.front);
      f.end = co_await relay(front, *f.back, options, f.counters);
    } else {
      f.end = co_await relay(*f.front, *f.back, options, f.counters);
    }
    f.front.reset();
    f.back.reset();
  }
};

inline const auto relay_ways =
    testing::Values(Way{"Adaptive", RelayMode::adaptive}, Way{"Copy", RelayMode::copy},
                    Way{"Splice", RelayMode::splice}, Way{"Opaque", RelayMode::adaptive, true});
inline std::string name_of(const testing::TestParamInfo<Way>& each) {
  return each.param.name;
}

inline void reset(std::unique_ptr<SocketStream>& stream) {
  EXPECT_TRUE(platform::set_reset_on_close(stream->socket().fd()));
  stream.reset();
}

inline std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761u) >> 13);
  return bytes;
}

inline Task<void> send_and_close(Stream& stream, std::vector<std::byte> bytes) {
  co_await write_all(stream, bytes, never);
  stream.shutdown_write();
}
inline Task<void> receive(Stream& stream, std::vector<std::byte>& out) {
  std::vector<std::byte> buffer(30'000);
  while (true) {
    const IoResult got = co_await read(stream, buffer, never);
    if (!got.ok()) co_return;
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
  }
}

}  // namespace bulkhead::runtime

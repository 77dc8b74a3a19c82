// A parent proxy for tests, driven byte by byte: expects what it was told to expect, answers, and
// goes on. The other end is a stream over a socket pair.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "egress/failure.h"
#include "egress/testing.h"

namespace bulkhead::egress::testing {

struct Exchange {
  std::string expected;  // exactly these octets are read
  std::string answer;    // and then this is sent, octet by octet if `slowly`
  bool slowly = false;
};

class ScriptedParent {
 public:
  explicit ScriptedParent(runtime::Loop& loop) : background_(loop) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    near = std::make_unique<runtime::SocketStream>(platform::UniqueFd(ends[0]));
    far_ = std::make_unique<runtime::SocketStream>(platform::UniqueFd(ends[1]));
  }

  // Ends with a hang-up unless it stays silent for ever.
  void play(std::vector<Exchange> script, bool hang_up = true) {
    background_.start(run(std::move(script), hang_up));
  }

  std::unique_ptr<runtime::Stream> near;
  std::string read;  // all that it was sent

 private:
  runtime::Task<void> run(std::vector<Exchange> script, bool hang_up) {
    for (const Exchange& exchange : script) {
      if (!exchange.expected.empty()) {
        const std::string got = co_await read_until(*far_, "", exchange.expected.size());
        read += got;
        EXPECT_EQ(got, exchange.expected);
      }
      const std::size_t step = exchange.slowly ? 1 : exchange.answer.size();
      for (std::size_t sent = 0; sent < exchange.answer.size(); sent += step) {
        const std::string piece = exchange.answer.substr(sent, step);
        const auto put = co_await runtime::write_all(*far_, piece, runtime::never);
        EXPECT_TRUE(put.ok());
      }
    }
    if (hang_up) far_->shutdown_write();
  }

  std::unique_ptr<runtime::SocketStream> far_;
  Background background_;
};

}  // namespace bulkhead::egress::testing

// What a command writes its answer to: rows of one kind, then Done. Long answers go at the reader's
// pace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "ipc/channel.h"
#include "proto/command.h"
#include "runtime/task.h"

namespace bulkhead::supervisor {

class Answer {
 public:
  // How long a client may leave an answer unread.
  static constexpr runtime::Duration unread_timeout{10'000};

  Answer(ipc::Channel& channel, platform::PeerCredentials peer) : channel_(channel), peer_(peer) {}

  // Who asks, by the kernel's word.
  const platform::PeerCredentials& peer() const { return peer_; }
  std::string actor() const { return "uid " + std::to_string(peer_.uid); }
  ipc::Channel& channel() { return channel_; }

  // False when the client is gone or does not read: nothing more need be made.
  template <typename Row>
  runtime::Task<bool> row(Row row) {
    bool going_on = channel_.send(row);
    if (going_on && ++unchecked_ >= check_after) {
      unchecked_ = 0;
      going_on = co_await channel_.sent(runtime::Loop::current().after(unread_timeout));
    }
    co_return going_on;
  }

  // Text of any length, in parts.
  runtime::Task<bool> text(std::string text);

  runtime::Task<bool> diagnostics(std::vector<config::Diagnostic> diagnostics);

  // Ends the answer. 0: done, 1: failed.
  void done(std::uint8_t exit_code, std::string_view message = {});
  bool is_done() const { return done_; }

  int descriptor() const { return channel_.fd(); }  // of the conversation

 private:
  static constexpr unsigned check_after = 256;

  ipc::Channel& channel_;
  platform::PeerCredentials peer_;
  unsigned unchecked_ = 0;
  bool done_ = false;
};

}  // namespace bulkhead::supervisor

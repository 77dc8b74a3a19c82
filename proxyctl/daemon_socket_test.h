// The daemon's end of the control socket, for tests of what comes over it: accepts one connection,
// keeps the question, sends the messages it was given, and closes.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <thread>

#include "platform/message_socket.h"
#include "proto/command.h"

namespace bulkhead::proxyctl {

class DaemonSocket {
 public:
  DaemonSocket() {
    std::string pattern = (std::filesystem::temp_directory_path() / "proxyctl.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    auto listener = platform::listen_message_socket(directory_ + "/control.sock", 0600);
    if (!listener) std::abort();
    listener_ = std::move(*listener);
  }
  ~DaemonSocket() {
    finish();
    std::filesystem::remove_all(directory_);
  }
  DaemonSocket(const DaemonSocket&) = delete;
  DaemonSocket& operator=(const DaemonSocket&) = delete;

  const std::string& directory() const { return directory_; }

  template <typename Message>
  void will_send(const Message& message) {
    answer_.push_back(proto::encode(message, 0));
  }
  void will_send_bytes(proto::Bytes bytes) { answer_.push_back(std::move(bytes)); }
  void will_finish(std::uint8_t code = 0, std::string_view message = "") {
    will_send(proto::Done{code, message});
  }

  // Serves in the background; stay_open: the connection is kept until the end, unanswered beyond
  // what was given.
  void start(bool stay_open = false) {
    thread_ = std::thread([this, stay_open] { serve(stay_open); });
  }
  // The question, once it is over.
  const proto::Command& asked() {
    finish();
    return asked_;
  }

 private:
  void finish() {
    if (thread_.joinable()) thread_.join();
    connection_.reset();
  }
  static void wait(int descriptor, short what) {
    pollfd waited{descriptor, what, 0};
    ::poll(&waited, 1, 5000);
  }
  void serve(bool stay_open) {
    wait(listener_.get(), POLLIN);
    auto connection = platform::accept_message_socket(listener_.get());
    if (!connection) return;
    std::vector<std::uint8_t> buffer(proto::max_message_bytes);
    std::vector<platform::UniqueFd> descriptors;
    wait(connection->get(), POLLIN);
    const auto got = platform::receive_message(connection->get(), buffer, descriptors);
    if (got.bytes > proto::header_bytes) {
      const auto body = std::span(buffer).first(got.bytes).subspan(proto::header_bytes);
      if (auto command = proto::decode<proto::Command>(body)) asked_ = std::move(*command);
    }
    for (const auto& message : answer_) {
      while (platform::send_message(connection->get(), message).status ==
             platform::SendStatus::would_block) {
        wait(connection->get(), POLLOUT);
      }
    }
    if (stay_open) connection_ = std::move(*connection);
  }

  std::string directory_;
  platform::UniqueFd listener_, connection_;
  std::vector<proto::Bytes> answer_;
  proto::Command asked_;
  std::thread thread_;
};

}  // namespace bulkhead::proxyctl

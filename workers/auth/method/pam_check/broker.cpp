#include "workers/auth/method/pam_check/broker.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <vector>

#include "platform/message_socket.h"
#include "platform/process.h"
#include "workers/auth/method/remaining.h"
#include "workers/auth/method/system/pam_message.h"

namespace bulkhead::auth {
namespace {

constexpr std::size_t most_transactions = 256;
constexpr std::uint32_t longest_ms = 600'000;
constexpr int once_descriptor = 3;

struct Transaction {
  platform::Child child;
  Deadline deadline;
};

// Whatever the modules started goes with it: the process leads a session, and while it has not been
// waited for, nobody else can have its number.
void end(const Transaction& transaction) {
  kill(-transaction.child.pid, SIGKILL);
  static_cast<void>(platform::wait_for(transaction.child.pid));
}

class Broker {
 public:
  Broker(int channel, std::string program, std::string services)
      : channel_(channel), program_(std::move(program)), services_(std::move(services)) {}

  int run() {
    while (open_) {
      std::vector<pollfd> waits{{channel_, POLLIN, 0}};
      for (const Transaction& each : running_) waits.push_back({each.child.pidfd.get(), POLLIN, 0});
      poll(waits.data(), waits.size(), timeout());
      collect(waits);
      if (waits.front().revents != 0) receive();
    }
    for (const Transaction& each : running_) end(each);
    return 0;
  }

 private:
  int timeout() const {
    if (running_.empty()) return -1;
    Deadline first = running_.front().deadline;
    for (const Transaction& each : running_) first = std::min(first, each.deadline);
    return remaining_ms(first);
  }

  // waits[n + 1] belongs to running_[n].
  void collect(const std::vector<pollfd>& waits) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Transaction> still;
    for (std::size_t each = 0; each < running_.size(); ++each) {
      const bool over = waits[each + 1].revents != 0 || running_[each].deadline <= now;
      if (over)
        end(running_[each]);
      else
        still.push_back(std::move(running_[each]));
    }
    running_ = std::move(still);
  }

  void receive() {
    std::array<std::uint8_t, 64> buffer{};
    std::vector<platform::UniqueFd> descriptors;
    const auto result = platform::receive_message(channel_, buffer, descriptors);
    using Status = platform::ReceiveStatus;
    if (result.status == Status::closed || result.status == Status::error) open_ = false;
    if (result.status != Status::received || descriptors.size() != 1) return;
    const auto message = proto::decode<PamStart>(std::span(buffer).first(result.bytes));
    // Closing the socket is the answer to what cannot be served.
    if (message && running_.size() < most_transactions)
      begin(descriptors.front().get(), std::min(message->timeout_ms, longest_ms));
  }

  void begin(int socket, std::uint32_t timeout_ms) {
    platform::SpawnRequest request;
    request.executable = program_;
    request.arguments = {program_, "--once"};
    if (!services_.empty()) request.arguments.push_back(services_);
    request.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
    request.descriptors = {{socket, once_descriptor}};
    auto child = platform::spawn(request);
    if (!child) return;
    running_.push_back({std::move(*child),
                        std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)});
  }

  int channel_;
  std::string program_;
  std::string services_;
  std::vector<Transaction> running_;
  bool open_ = true;
};

}  // namespace

int serve_transactions(int channel, const std::string& program, const std::string& services) {
  return Broker(channel, program, services).run();
}

}  // namespace bulkhead::auth

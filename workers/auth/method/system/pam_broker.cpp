#include "workers/auth/method/system/pam_broker.h"

#include <array>
#include <poll.h>

#include "platform/message_socket.h"
#include "platform/process.h"
#include "workers/auth/method/remaining.h"

namespace bulkhead::auth {
namespace {

constexpr int broker_descriptor = 3;

PamReply failed(Reason reason) {
  PamReply reply;
  reply.reason = static_cast<std::uint8_t>(reason);
  return reply;
}

bool send_whole(int socket, std::span<const std::uint8_t> bytes) {
  return platform::send_message(socket, bytes).status == platform::SendStatus::sent;
}

void wipe(proto::Bytes& bytes) {
  platform::wipe(std::span<char>(reinterpret_cast<char*>(bytes.data()), bytes.size()));
}

PamReply receive_reply(int socket, Deadline deadline) {
  for (;;) {
    pollfd wait{socket, POLLIN, 0};
    const int ready = poll(&wait, 1, remaining_ms(deadline));
    if (ready == 0) return failed(Reason::timed_out);
    if (ready < 0 && errno != EINTR) return failed(Reason::server_failed);
    std::array<std::uint8_t, proto::max_message_bytes> buffer;
    std::vector<platform::UniqueFd> none;
    const auto received = platform::receive_message(socket, buffer, none);
    if (received.status == platform::ReceiveStatus::would_block) continue;
    if (received.status != platform::ReceiveStatus::received) return failed(Reason::module_crashed);
    const auto reply = decode_reply(std::span(buffer).first(received.bytes));
    return reply ? *reply : failed(Reason::module_crashed);
  }
}

}  // namespace

tl::expected<std::shared_ptr<PamBroker>, platform::Error> PamBroker::start(
    const std::string& helper, const std::string& services) {
  auto pair = platform::message_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  platform::SpawnRequest request;
  request.executable = helper;
  request.arguments = {helper, "--broker"};
  if (!services.empty()) request.arguments.push_back(services);
  request.descriptors = {{pair->second.get(), broker_descriptor}};
  const auto child = platform::spawn(request);
  if (!child) return tl::unexpected(child.error());
  return std::make_shared<PamBroker>(std::move(pair->first));
}

bool PamBroker::pass_on(int socket, Deadline deadline) {
  constexpr int grace_ms = 100;  // we are the first to notice
  proto::Bytes bytes;
  proto::Writer(bytes).put(PamStart{static_cast<std::uint32_t>(remaining_ms(deadline) + grace_ms)});
  for (;;) {
    const auto result = platform::send_message(channel_.get(), bytes, std::array{socket});
    if (result.status == platform::SendStatus::sent) return true;
    if (result.status != platform::SendStatus::would_block) return false;
    pollfd wait{channel_.get(), POLLOUT, 0};
    if (poll(&wait, 1, remaining_ms(deadline)) == 0) return false;
  }
}

PamReply PamBroker::run(const PamRequest& request, const platform::Secret& password,
                        Deadline deadline) {
  if (remaining_ms(deadline) == 0) return failed(Reason::timed_out);
  auto pair = platform::message_socket_pair();
  if (!pair) return failed(Reason::overloaded);
  // It waits in the socket until the process is there to read it.
  proto::Bytes bytes = encode(request, password);
  const bool sent = send_whole(pair->first.get(), bytes);
  wipe(bytes);
  if (!sent || !pass_on(pair->second.get(), deadline)) return failed(Reason::server_failed);
  pair->second.reset();  // so that the end of the process is the end of the conversation
  return receive_reply(pair->first.get(), deadline);
}

}  // namespace bulkhead::auth

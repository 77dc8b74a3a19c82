#include "proxyctl/control_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include "platform/message_socket.h"
#include "proxyctl/places.h"

namespace bulkhead::proxyctl {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using namespace std::chrono_literals;

tl::unexpected<Failure> failure(ExitCode code, std::string message) {
  return tl::unexpected(Failure{code, std::move(message)});
}

Failure connect_failure(const std::string& directory, const platform::Error& error) {
  const int number = error.code.value();
  if (number == EACCES || number == EPERM) {
    return {ExitCode::permission_denied, "not allowed to control the bulkhead at " + directory +
                                             " (" + error.to_string() +
                                             "); try as root or as the user who started it"};
  }
  return {ExitCode::no_daemon,
          "no bulkhead is running at " + directory + " (" + error.to_string() +
              "); start it with \"bulkhead --config FILE\", or say where it is with --runtime-dir"};
}

tl::expected<platform::UniqueFd, Failure> connect(const std::string& directory, Deadline deadline) {
  while (true) {
    auto socket = platform::connect_message_socket(control_socket(directory));
    if (socket) return std::move(*socket);
    // A full backlog: the daemon is there, and busy.
    if (socket.error().code.value() != EAGAIN)
      return tl::unexpected(connect_failure(directory, socket.error()));
    if (Clock::now() >= deadline)
      return failure(ExitCode::failed, "the daemon does not accept connections in time");
    std::this_thread::sleep_for(5ms);
  }
}

// Somebody else may have made the directory, in /tmp above all, to be told passwords. Root talks to
// whom it names.
std::optional<Failure> distrust(int socket) {
  const auto peer = platform::peer_credentials(socket);
  if (peer && (::geteuid() == 0 || peer->uid == 0 || peer->uid == ::geteuid())) return std::nullopt;
  const std::string owner = peer ? "user " + std::to_string(peer->uid) : "somebody unknown";
  return Failure{ExitCode::permission_denied,
                 "what listens there is run by " + owner + ", neither by you nor by root"};
}

// An argument that was cut would be a different command.
template <typename Command>
tl::expected<proto::Bytes, Failure> encoded(Command& command,
                                            const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const bool taken = command.arguments.push(argument);
    if (!taken || command.arguments.items.back().value.size() != argument.size()) {
      return failure(ExitCode::usage, "too many or too long arguments");
    }
  }
  proto::Bytes bytes = proto::encode(command, 0);
  if (bytes.size() > proto::max_message_bytes)
    return failure(ExitCode::usage, "the arguments are too long together");
  return bytes;
}

tl::expected<proto::Bytes, Failure> encoded(const Question& question) {
  proto::Command command;
  command.name = question.name;
  return encoded(command, question.arguments);
}

tl::expected<proto::Bytes, Failure> encoded(const AuthQuestion& question) {
  proto::AuthCommand command;
  command.name = question.name;
  command.user = question.user;
  command.password.value = question.password;
  if (question.user.size() > proto::max_user_name || question.password.size() > proto::max_secret)
    return failure(ExitCode::usage, "the name or the password is too long");
  return encoded(command, question.arguments);
}

bool wait_readable(int socket, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waited{socket, POLLIN, 0};
    const int ready =
        ::poll(&waited, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
    if (ready > 0) return true;
    if (Clock::now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

template <typename Row>
bool keep(std::vector<Row>& rows, std::span<const std::uint8_t> body) {
  auto row = proto::decode<Row>(body);
  if (!row || rows.size() >= max_answer_rows) return false;
  rows.push_back(std::move(*row));
  return true;
}

bool keep_text(std::string& text, std::span<const std::uint8_t> body) {
  const auto part = proto::decode<proto::TextPart>(body);
  if (!part || text.size() + part->part.value.size() > max_answer_text) return false;
  text += part->part.value;
  return true;
}

bool keep_done(proto::Done& out, std::span<const std::uint8_t> body) {
  auto done = proto::decode<proto::Done>(body);
  if (done) out = std::move(*done);
  return done.has_value();
}

// False if it is no message that belongs here.
bool take(Answer& answer, std::uint16_t type, std::span<const std::uint8_t> body) {
  using enum proto::MessageType;
  switch (static_cast<proto::MessageType>(type)) {
    case status_row:
      return keep(answer.status, body);
    case worker_row:
      return keep(answer.workers, body);
    case listener_row:
      return keep(answer.listeners, body);
    case backend_row:
      return keep(answer.backends, body);
    case rule_row:
      return keep(answer.rules, body);
    case connection_row:
      return keep(answer.connections, body);
    case crash_row:
      return keep(answer.crashes, body);
    case ban_row:
      return keep(answer.bans, body);
    case stats_row:
      return keep(answer.stats, body);
    case backend_stats_row:
      return keep(answer.backend_stats, body);
    case diagnostic_row:
      return keep(answer.diagnostics, body);
    case backend_tested:
      return keep(answer.tests, body);
    case user_row:
      return keep(answer.users, body);
    case token_row:
      return keep(answer.tokens, body);
    case usage_row:
      return keep(answer.usage, body);
    case method_row:
      return keep(answer.methods, body);
    case lockout_row:
      return keep(answer.lockouts, body);
    case audit_row:
      return keep(answer.audit, body);
    case text:
      return keep_text(answer.text, body);
    case done:
      return keep_done(answer.done, body);
    default:
      return false;
  }
}

Failure nonsense() {
  return {ExitCode::failed, "the daemon's answer makes no sense: is it of another version?"};
}

// Waits for one message and gives it to take(type, body, descriptors).
template <typename Take>
std::optional<Failure> receive_one(int socket, Deadline deadline, Take take_message) {
  std::vector<std::uint8_t> buffer(proto::max_message_bytes);
  std::vector<platform::UniqueFd> descriptors;
  while (true) {
    const auto got = platform::receive_message(socket, buffer, descriptors);
    if (got.status == platform::ReceiveStatus::would_block) {
      if (!wait_readable(socket, deadline))
        return Failure{ExitCode::failed, "the daemon did not answer in time"};
      continue;
    }
    if (got.status == platform::ReceiveStatus::closed) {
      return Failure{ExitCode::failed, "the daemon closed the connection before it had answered"};
    }
    const auto message = std::span<const std::uint8_t>(buffer).first(got.bytes);
    proto::Reader reader(message);
    proto::Header header;
    if (got.status != platform::ReceiveStatus::received || !reader.get(header) ||
        !take_message(header.type, message.subspan(proto::header_bytes), descriptors)) {
      return nonsense();
    }
    return std::nullopt;
  }
}

constexpr auto done_type = static_cast<std::uint16_t>(proto::MessageType::done);

tl::expected<Answer, Failure> receive(int socket, Deadline deadline) {
  Answer answer;
  for (bool over = false; !over;) {
    const auto failed =
        receive_one(socket, deadline, [&](std::uint16_t type, auto body, const auto& descriptors) {
          over = type == done_type;
          return descriptors.empty() && take(answer, type, body);
        });
    if (failed) return tl::unexpected(*failed);
  }
  return answer;
}

std::optional<Failure> send(int socket, const proto::Bytes& bytes) {
  const auto sent = platform::send_message(socket, bytes);
  // A peer that closed at once may still have said why.
  if (sent.status == platform::SendStatus::sent || sent.status == platform::SendStatus::closed)
    return std::nullopt;
  return Failure{ExitCode::failed, "the question could not be sent to the daemon"};
}

// Connected, trusted and asked.
tl::expected<platform::UniqueFd, Failure> begin(const std::string& runtime_directory,
                                                const Question& question, Deadline deadline) {
  const auto bytes = encoded(question);
  if (!bytes) return tl::unexpected(bytes.error());
  auto socket = connect(runtime_directory, deadline);
  if (!socket) return tl::unexpected(socket.error());
  if (const auto distrusted = distrust(socket->get())) return tl::unexpected(*distrusted);
  if (const auto failed = send(socket->get(), *bytes)) return tl::unexpected(*failed);
  return std::move(*socket);
}

// The daemon's answer to "auth_channel": a socket, or why there is none.
tl::expected<platform::UniqueFd, Failure> receive_channel(int socket, Deadline deadline) {
  platform::UniqueFd channel;
  proto::Done done;
  const auto failed =
      receive_one(socket, deadline,
                  [&](std::uint16_t type, auto body, std::vector<platform::UniqueFd>& descriptors) {
                    if (type == done_type) return keep_done(done, body);
                    if (type != static_cast<std::uint16_t>(proto::MessageType::auth_channel))
                      return false;
                    if (descriptors.size() != 1) return false;
                    channel = std::move(descriptors.front());
                    return true;
                  });
  if (failed) return tl::unexpected(*failed);
  if (!channel) return tl::unexpected(Failure{ExitCode::failed, done.message.value});
  return channel;
}

}  // namespace

tl::expected<Answer, Failure> ask(const std::string& runtime_directory, const Question& question,
                                  std::chrono::milliseconds timeout) {
  const Deadline deadline = Clock::now() + timeout;
  const auto socket = begin(runtime_directory, question, deadline);
  if (!socket) return tl::unexpected(socket.error());
  return receive(socket->get(), deadline);
}

tl::expected<Answer, Failure> ask(const std::string& runtime_directory,
                                  const AuthQuestion& question, std::chrono::milliseconds timeout) {
  const Deadline deadline = Clock::now() + timeout;
  auto bytes = encoded(question);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto socket = begin(runtime_directory, {proto::CommandName::auth_channel, {}}, deadline);
  if (!socket) return tl::unexpected(socket.error());
  const auto channel = receive_channel(socket->get(), deadline);
  if (!channel) return tl::unexpected(channel.error());
  const auto failed = send(channel->get(), *bytes);
  platform::wipe(std::span(reinterpret_cast<char*>(bytes->data()), bytes->size()));
  if (failed) return tl::unexpected(*failed);
  return receive(channel->get(), deadline);
}

}  // namespace bulkhead::proxyctl

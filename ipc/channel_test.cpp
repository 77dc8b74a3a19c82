// Channels over real message sockets, both ends on one loop; a raw socket stands in where the peer
// has to misbehave.
#include "ipc/channel.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>

#include "proto/command.h"
#include "proto/opening.h"
#include "proto/worker.h"
#include "runtime/timer.h"

namespace bulkhead::ipc {
namespace {

using namespace std::chrono_literals;
using proto::Party;
using runtime::Task;
using Reply = std::optional<Envelope>;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

Task<void> run_into(Channel& channel, std::optional<ChannelEnd>& out) {
  ChannelEnd end = co_await channel.run();
  out = std::move(end);
}

Task<void> call_into(Channel& channel, proto::OpenTcp request, runtime::Deadline deadline,
                     std::optional<Reply>& out) {
  Reply reply = co_await channel.call(std::move(request), deadline);
  out = std::move(reply);
}

proto::OpenTcp open_to(std::string_view host) {
  proto::OpenTcp request;
  request.host = host;
  return request;
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  platform::UniqueFd read, write;
};

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() { connect(Party::acceptor, Party::egress); }

  void connect(Party left, Party right) {
    auto pair = platform::message_socket_pair();
    if (!pair) std::abort();
    left_ = std::make_unique<Channel>(std::move(pair->first), left, right);
    right_ = std::make_unique<Channel>(std::move(pair->second), right, left);
    left_end_.reset();
    right_end_.reset();
  }
  // The left end against a bare socket.
  void connect_raw(Party left, Party right) {
    auto pair = platform::message_socket_pair();
    if (!pair) std::abort();
    left_ = std::make_unique<Channel>(std::move(pair->first), left, right);
    right_.reset();
    raw_ = std::move(pair->second);
  }
  void run_left() { runtime::spawn(run_into(*left_, left_end_), &scope_); }
  void run_right() { runtime::spawn(run_into(*right_, right_end_), &scope_); }
  void run_both() {
    run_left();
    run_right();
  }

  // Runs the loop until it holds, or fails after two seconds.
  template <typename Condition>
  void run_until(Condition holds) {
    const auto limit = runtime::Clock::now() + 2s;
    while (!holds()) {
      ASSERT_LT(runtime::Clock::now(), limit) << "it did not happen";
      loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
      loop_.run();
    }
  }
  void finish() {
    if (left_) left_->close("test over");
    if (right_) right_->close("test over");
    run_until([this] { return (!left_ || left_end_) && (!right_ || right_end_); });
  }
  void send_raw(const proto::Bytes& bytes, std::span<const int> descriptors = {}) {
    ASSERT_EQ(platform::send_message(raw_.get(), bytes, descriptors).status,
              platform::SendStatus::sent);
  }
  void expect_violation(const std::string& reason) {
    run_until([this] { return left_end_.has_value(); });
    ASSERT_TRUE(left_end_);
    EXPECT_TRUE(left_end_->violation);
    EXPECT_NE(left_end_->reason.find(reason), std::string::npos) << left_end_->reason;
  }
  // The pair is made anew: an acceptor's supervisor is the one to send descriptors.
  void refuse(const proto::Bytes& bytes, const std::string& reason,
              std::span<const int> descriptors = {}) {
    left_end_.reset();
    connect_raw(Party::egress, Party::acceptor);
    run_left();
    send_raw(bytes, descriptors);
    expect_violation(reason);
  }

  runtime::Loop loop_;
  runtime::CancelScope scope_;
  std::unique_ptr<Channel> left_, right_;
  std::optional<ChannelEnd> left_end_, right_end_;
  platform::UniqueFd raw_;
};

// Answers with Refused, detail being the host asked for.
void answer(Channel& channel, std::uint32_t id, const std::string& detail) {
  proto::Refused refused;
  refused.detail = detail;
  channel.send(refused, {}, id);
}

TEST_F(ChannelTest, AnswersACall) {
  right_->on<proto::OpenTcp>([this](proto::OpenTcp request, Envelope& envelope) {
    answer(*right_, envelope.id, request.host.value);
  });
  run_both();
  std::optional<Reply> reply;
  runtime::spawn(call_into(*left_, open_to("example.com"), runtime::never, reply));
  run_until([&] { return reply.has_value(); });
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->as<proto::Refused>()->detail.value, "example.com");
  EXPECT_FALSE((*reply)->as<proto::Opened>());
  finish();
}

TEST_F(ChannelTest, MatchesRepliesThatComeOutOfOrder) {
  std::vector<std::pair<std::uint32_t, std::string>> asked;
  right_->on<proto::OpenTcp>([&](proto::OpenTcp request, Envelope& envelope) {
    asked.emplace_back(envelope.id, request.host.value);
  });
  run_both();
  std::array<std::optional<Reply>, 3> replies;
  for (std::size_t i = 0; i < 3; ++i) {
    runtime::spawn(call_into(*left_, open_to(std::to_string(i)), runtime::never, replies[i]));
  }
  run_until([&] { return asked.size() == 3; });
  for (const std::size_t i : {2U, 0U, 1U}) answer(*right_, asked[i].first, asked[i].second);
  run_until([&] { return replies[0] && replies[1] && replies[2]; });
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*replies[i])->as<proto::Refused>()->detail.value, std::to_string(i));
  }
  finish();
}

TEST_F(ChannelTest, ForgetsACallAtItsDeadlineAndDropsTheLateReply) {
  std::uint32_t asked = 0, abandoned = 0;
  right_->on<proto::OpenTcp>([&](proto::OpenTcp, Envelope& envelope) { asked = envelope.id; });
  left_->set_abandoned_handler([&](std::uint32_t id) { abandoned = id; });
  run_both();
  std::optional<Reply> reply;
  runtime::spawn(call_into(*left_, open_to("slow.example"), loop_.after(5ms), reply));
  run_until([&] { return reply.has_value() && asked != 0; });
  EXPECT_FALSE(*reply);
  EXPECT_EQ(abandoned, asked);

  const std::size_t before = open_descriptors();
  {
    const Pipe pipe;
    const int number = pipe.read.get();
    right_->send(proto::Opened{}, {&number, 1}, asked);
  }
  EXPECT_EQ(open_descriptors(), before);
  std::optional<Reply> next;
  right_->on<proto::OpenTcp>(
      [this](proto::OpenTcp, Envelope& envelope) { answer(*right_, envelope.id, "in time"); });
  runtime::spawn(call_into(*left_, open_to("fast.example"), runtime::never, next));
  run_until([&] { return next.has_value(); });
  EXPECT_TRUE(*next);
  EXPECT_EQ(open_descriptors(), before);
  finish();
}

TEST_F(ChannelTest, TellsOfACallThatWasCancelled) {
  std::uint32_t asked = 0, abandoned = 0;
  right_->on<proto::OpenTcp>([&](proto::OpenTcp, Envelope& envelope) { asked = envelope.id; });
  left_->set_abandoned_handler([&](std::uint32_t id) { abandoned = id; });
  run_both();
  runtime::CancelScope session;
  std::optional<Reply> reply;
  runtime::spawn(call_into(*left_, open_to("example.com"), runtime::never, reply), &session);
  run_until([&] { return asked != 0; });
  EXPECT_EQ(abandoned, 0U);
  session.cancel();
  run_until([&] { return reply.has_value(); });
  EXPECT_FALSE(*reply);
  EXPECT_EQ(abandoned, asked);
  EXPECT_FALSE(left_->ended());
  finish();
}

TEST_F(ChannelTest, FailsPendingCallsWhenThePeerIsGone) {
  run_both();
  std::uint32_t abandoned = 0;
  left_->set_abandoned_handler([&](std::uint32_t id) { abandoned = id; });
  std::optional<Reply> reply, after;
  runtime::spawn(call_into(*left_, open_to("example.com"), runtime::never, reply));
  right_->close("gone");
  run_until([&] { return reply.has_value() && left_end_ && right_end_; });
  EXPECT_FALSE(*reply);
  EXPECT_EQ(abandoned, 0U);
  EXPECT_FALSE(left_end_->violation);
  EXPECT_EQ(left_end_->reason, "peer closed the channel");
  EXPECT_FALSE(left_->send(open_to("x")));
  runtime::spawn(call_into(*left_, open_to("x"), runtime::never, after));
  EXPECT_TRUE(after && !*after);
}

TEST_F(ChannelTest, EndsWhenItsScopeIsCancelled) {
  run_both();
  scope_.cancel();
  run_until([&] { return left_end_ && right_end_; });
  EXPECT_FALSE(left_end_->violation);
}

TEST_F(ChannelTest, HandsDescriptorsOver) {
  right_->on<proto::OpenTcp>([this](proto::OpenTcp, Envelope& envelope) {
    const Pipe pipe;
    ASSERT_EQ(::write(pipe.write.get(), "hello", 5), 5);
    const int number = pipe.read.get();
    right_->send(proto::Opened{}, {&number, 1}, envelope.id);
  });
  run_both();
  std::optional<Reply> reply;
  runtime::spawn(call_into(*left_, open_to("example.com"), runtime::never, reply));
  run_until([&] { return reply.has_value(); });
  ASSERT_TRUE(*reply);
  ASSERT_EQ((*reply)->descriptors.size(), 1U);
  char buffer[8];
  EXPECT_EQ(::read((*reply)->descriptors[0].get(), buffer, sizeof(buffer)), 5);
  finish();
}

TEST_F(ChannelTest, RefusesWhatTheTableForbids) {
  refuse(proto::encode(proto::Opened{}, 1), "not allowed");
  refuse(proto::encode(proto::Hello{}, 0), "not allowed");
  proto::Bytes unknown = proto::encode(proto::Cancel{}, 0);
  unknown[0] = unknown[1] = 0xff;
  refuse(unknown, "not allowed");
}

TEST_F(ChannelTest, RefusesAMessageInTheWrongState) {
  connect_raw(Party::supervisor, Party::acceptor);
  run_left();
  send_raw(proto::encode(proto::Drained{}, 0));
  expect_violation("not allowed");

  left_end_.reset();
  connect_raw(Party::supervisor, Party::acceptor);
  run_left();
  send_raw(proto::encode(proto::Hello{}, 0));
  send_raw(proto::encode(proto::Drained{}, 0));
  send_raw(proto::encode(proto::Hello{}, 0));
  expect_violation("message 0 is not allowed");
}

TEST_F(ChannelTest, RefusesBodiesThatDoNotDecode) {
  proto::Bytes cut = proto::encode(proto::Cancel{}, 0);
  cut.pop_back();
  refuse(cut, "cancel does not decode");
  proto::Bytes more = proto::encode(proto::Cancel{}, 0);
  more.push_back(0);
  refuse(more, "cancel does not decode");
  refuse({1, 2, 3}, "without a header");
}

TEST_F(ChannelTest, RefusesAReplyThatDoesNotDecode) {
  connect_raw(Party::acceptor, Party::egress);
  run_left();
  std::optional<Reply> reply;
  runtime::spawn(call_into(*left_, open_to("example.com"), runtime::never, reply));
  proto::Bytes cut = proto::encode(proto::Refused{}, 1);
  cut.pop_back();
  send_raw(cut);
  expect_violation("refused does not decode");
  EXPECT_TRUE(reply && !*reply);
}

TEST_F(ChannelTest, RefusesAWrongNumberOfDescriptors) {
  const Pipe pipe;
  const std::array numbers{pipe.read.get(), pipe.write.get(), pipe.read.get()};
  refuse(proto::encode(proto::Cancel{}, 0), "wrong number of descriptors",
         std::span(numbers).first(1));
  refuse(proto::encode(proto::OpenUdpClient{}, 1), "wrong number of descriptors");
  refuse(proto::encode(proto::PinUdpClient{}, 1), "wrong number of descriptors",
         std::span(numbers).first(1));
  const std::size_t before = open_descriptors();
  refuse(proto::encode(proto::PinUdpClient{}, 1), "wrong number of descriptors", numbers);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ChannelTest, RefusesMessagesBeyond64KiB) {
  refuse(proto::Bytes(proto::max_message_bytes + 1, 0), "longer than allowed");
}

TEST_F(ChannelTest, EndsRatherThanSendBeyond64KiB) {
  connect(Party::proxyctl, Party::supervisor);
  run_both();
  proto::Command command;
  while (command.arguments.items.size() < 5) command.arguments.push(std::string(15'000, 'x'));
  EXPECT_FALSE(left_->send(command));
  run_until([&] { return left_end_.has_value() && right_end_.has_value(); });
  EXPECT_FALSE(left_end_->violation);
  EXPECT_NE(left_end_->reason.find("longer than allowed"), std::string::npos);
}

Task<void> wait_sent(Channel& channel, runtime::Deadline deadline, std::optional<bool>& out) {
  const bool sent = co_await channel.sent(deadline);
  out = sent;
}

TEST_F(ChannelTest, QueuesForASlowReaderAndKeepsTheOrder) {
  std::vector<std::uint32_t> seen;
  right_->on<proto::Cancel>(
      [&](proto::Cancel message, Envelope&) { seen.push_back(message.request); });
  run_left();
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(left_->send(proto::Cancel{i}));
  std::optional<bool> early, sent;
  runtime::spawn(wait_sent(*left_, loop_.after(5ms), early));
  run_until([&] { return early.has_value(); });
  EXPECT_FALSE(*early) << "the socket took everything: nothing was queued";
  runtime::spawn(wait_sent(*left_, runtime::never, sent));
  run_right();
  run_until([&] { return seen.size() == 3000 && sent.has_value(); });
  EXPECT_TRUE(*sent);
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_EQ(seen[i], i);
  finish();
}

TEST_F(ChannelTest, QueuedDescriptorsAreCopiesAndAreClosed) {
  connect(Party::egress, Party::acceptor);
  std::size_t arrived = 0;
  right_->on<proto::Opened>(
      [&](proto::Opened, Envelope& envelope) { arrived += envelope.descriptors.size(); });
  run_left();
  const Pipe pipe;
  const int number = pipe.read.get();
  const std::size_t before = open_descriptors();
  std::uint32_t sent = 0;
  for (; sent < 600; ++sent) ASSERT_TRUE(left_->send(proto::Opened{}, {&number, 1}, sent + 1));
  EXPECT_GT(open_descriptors(), before) << "nothing was queued";
  run_right();
  run_until([&] { return arrived == sent; });
  EXPECT_EQ(open_descriptors(), before);
  finish();
}

TEST_F(ChannelTest, EndsWhenThePeerNeverReads) {
  connect_raw(Party::acceptor, Party::egress);
  run_left();
  std::size_t sent = 0;
  while (left_->send(proto::Cancel{1}) && sent < 100'000) ++sent;
  EXPECT_GE(sent, Channel::max_queued);
  EXPECT_LT(sent, 100'000U);
  run_until([&] { return left_end_.has_value(); });
  EXPECT_FALSE(left_end_->violation);
  EXPECT_EQ(left_end_->reason, "peer does not read");
}

// The channel dies the moment run() has ended.
Task<void> run_and_destroy(std::unique_ptr<Channel> channel, bool& gone) {
  const ChannelEnd end = co_await channel->run();
  channel.reset();
  gone = !end.reason.empty();
}

// The queue's writer is still suspended when the peer breaks the rules: run() must not end before
// it. What would be touched afterwards is for the address sanitizer to see.
TEST_F(ChannelTest, ViolationWithAFullQueueLeavesNothingBehind) {
  connect_raw(Party::egress, Party::acceptor);
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(left_->send(proto::Refused{}, {}, i));
  bool gone = false;
  runtime::spawn(run_and_destroy(std::move(left_), gone), &scope_);
  send_raw({1});
  run_until([&] { return gone; });
}

TEST_F(ChannelTest, CancellationWithAFullQueueLeavesNothingBehind) {
  connect_raw(Party::egress, Party::acceptor);
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(left_->send(proto::Refused{}, {}, i));
  bool gone = false;
  runtime::spawn(run_and_destroy(std::move(left_), gone), &scope_);
  scope_.cancel();
  run_until([&] { return gone; });
}

// So few that the socket holds them all: the reader could take them in one go.
TEST_F(ChannelTest, ALoudPeerDoesNotStarveTheLoop) {
  constexpr std::size_t messages = 150;
  std::size_t seen = 0, seen_at_turn = 0;
  right_->on<proto::Cancel>([&](proto::Cancel, Envelope&) { ++seen; });
  for (std::uint32_t i = 0; i < messages; ++i) ASSERT_TRUE(left_->send(proto::Cancel{i}));
  run_both();
  loop_.post([&] { seen_at_turn = seen; });
  run_until([&] { return seen == messages; });
  EXPECT_GT(seen_at_turn, 0U);
  EXPECT_LT(seen_at_turn, messages);
  finish();
}

}  // namespace
}  // namespace bulkhead::ipc

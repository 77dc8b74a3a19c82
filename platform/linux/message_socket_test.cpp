// Message sockets against the real kernel.
#include "platform/message_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/temporary_directory_test.h"

namespace bulkhead::platform {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

class MessageSocket : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    left = std::move(pair->first);
    right = std::move(pair->second);
  }

  // Sends more descriptors than send_message would.
  void send_raw(std::size_t count) {
    std::array<unsigned char, CMSG_SPACE(sizeof(int) * 64)> control{};
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    const std::vector<int> passed(count, left.get());
    std::memcpy(CMSG_DATA(header), passed.data(), count * sizeof(int));
    ASSERT_EQ(sendmsg(left.get(), &message, 0), 1);
  }

  UniqueFd left;
  UniqueFd right;
  Bytes buffer = Bytes(64);
  std::vector<UniqueFd> descriptors;
};

TEST_F(MessageSocket, keeps_message_boundaries) {
  EXPECT_EQ(send_message(left.get(), Bytes{1, 2, 3}).status, SendStatus::sent);
  EXPECT_EQ(send_message(left.get(), Bytes{4}).status, SendStatus::sent);
  const auto first = receive_message(right.get(), buffer, descriptors);
  EXPECT_EQ(first.status, ReceiveStatus::received);
  EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + 3), (Bytes{1, 2, 3}));
  EXPECT_EQ(first.bytes, 3U);
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).bytes, 1U);
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::would_block);
}

TEST_F(MessageSocket, passes_descriptors_that_close_on_exec) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const int passed[] = {write_end.get()};
  ASSERT_EQ(send_message(left.get(), Bytes{7}, passed).status, SendStatus::sent);
  ASSERT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::received);
  ASSERT_EQ(descriptors.size(), 1U);
  EXPECT_NE(fcntl(descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(write(descriptors[0].get(), "y", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
}

TEST_F(MessageSocket, sends_sixteen_descriptors_and_refuses_more) {
  const std::vector<int> sixteen(16, left.get());
  ASSERT_EQ(send_message(left.get(), Bytes{1}, sixteen).status, SendStatus::sent);
  ASSERT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::received);
  EXPECT_EQ(descriptors.size(), 16U);
  const std::vector<int> more(17, left.get());
  const auto refused = send_message(left.get(), Bytes{1}, more);
  EXPECT_EQ(refused.status, SendStatus::error);
  EXPECT_EQ(refused.error, EINVAL);
}

TEST_F(MessageSocket, too_many_descriptors_are_lost_and_none_leaks) {
  const std::size_t before = open_descriptors();
  send_raw(17);
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).status,
            ReceiveStatus::descriptors_lost);
  EXPECT_TRUE(descriptors.empty());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(MessageSocket, a_message_longer_than_the_buffer_is_truncation_and_its_descriptors_close) {
  const std::size_t before = open_descriptors();
  const int passed[] = {left.get()};
  ASSERT_EQ(send_message(left.get(), Bytes(65, 1), passed).status, SendStatus::sent);
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::truncated);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(MessageSocket, tells_the_end_in_both_directions) {
  ASSERT_EQ(send_message(left.get(), Bytes{1}).status, SendStatus::sent);
  left.reset();
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::received);
  EXPECT_EQ(receive_message(right.get(), buffer, descriptors).status, ReceiveStatus::closed);
  EXPECT_EQ(send_message(right.get(), Bytes{1}).status, SendStatus::closed);
}

TEST_F(MessageSocket, a_full_socket_would_block_and_no_message_is_torn) {
  const Bytes big(8192, 9);
  std::size_t sent = 0;
  SendResult result{SendStatus::sent, 0};
  while (result.status == SendStatus::sent && sent < 10000) {
    result = send_message(left.get(), big);
    if (result.status == SendStatus::sent) ++sent;
  }
  EXPECT_EQ(result.status, SendStatus::would_block);
  Bytes large(8192);
  for (std::size_t i = 0; i < sent; ++i) {
    ASSERT_EQ(receive_message(right.get(), large, descriptors).bytes, big.size());
  }
  EXPECT_EQ(receive_message(right.get(), large, descriptors).status, ReceiveStatus::would_block);
}

TEST_F(MessageSocket, an_empty_message_is_refused) {
  EXPECT_EQ(send_message(left.get(), {}).error, EINVAL);
}

TEST_F(MessageSocket, knows_the_peer) {
  const auto peer = peer_credentials(left.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, geteuid());
  EXPECT_EQ(peer->gid, getegid());
  EXPECT_EQ(peer->pid, getpid());
}

TEST(MessageSocketPath, listens_with_the_mode_asked_for_and_connects) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/control";
  for (const mode_t mode : {mode_t{0600}, mode_t{0660}}) {
    auto listener = listen_message_socket(path, mode);
    ASSERT_TRUE(listener) << listener.error().to_string();
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, mode);
    EXPECT_EQ(accept_message_socket(listener->get()).error().code.value(), EAGAIN);
    const auto client = connect_message_socket(path);
    ASSERT_TRUE(client);
    const auto server = accept_message_socket(listener->get());
    ASSERT_TRUE(server);
    EXPECT_EQ(send_message(client->get(), Bytes{5}).status, SendStatus::sent);
    Bytes buffer(8);
    std::vector<UniqueFd> descriptors;
    EXPECT_EQ(receive_message(server->get(), buffer, descriptors).bytes, 1U);
  }  // the second round finds the first one's stale socket
}

TEST(MessageSocketPath, does_not_take_a_living_socket_or_a_file) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/control";
  const auto listener = listen_message_socket(path, 0600);
  ASSERT_TRUE(listener);
  EXPECT_EQ(listen_message_socket(path, 0600).error().code.value(), EADDRINUSE);
  EXPECT_TRUE(connect_message_socket(path));
  const std::string file = directory.path() + "/file";
  directory.write("file", "precious");
  EXPECT_EQ(listen_message_socket(file, 0600).error().code.value(), EEXIST);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(MessageSocketPath, a_path_too_long_is_an_error) {
  EXPECT_EQ(listen_message_socket("/tmp/" + std::string(120, 'a'), 0600).error().code.value(),
            ENAMETOOLONG);
}

}  // namespace
}  // namespace bulkhead::platform

#include "supervisor/listeners.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

#include "platform/socket.h"

namespace bulkhead::supervisor {
namespace {

std::uint16_t free_port() {
  const auto socket = platform::listen_tcp({wire::IpAddress::v4(0x7f000001), 0});
  return platform::local_endpoint(socket->get())->port;
}

config::Config config_of(std::uint16_t http, std::uint16_t socks) {
  config::Config config;
  config.server.http_port = http;
  config.server.socks5_port = socks;
  return config;
}

std::vector<std::uint32_t> ids(const Sockets& sockets) {
  std::vector<std::uint32_t> out;
  for (const auto& socket : sockets) out.push_back(socket->id);
  return out;
}

class ListenersTest : public testing::Test {
 protected:
  Sockets open(const config::Config& config, const std::vector<std::uint32_t>& acceptors,
               const Sockets& held) {
    auto sockets = listeners_.open(config, acceptors, held);
    EXPECT_TRUE(sockets) << sockets.error();
    return sockets ? std::move(*sockets) : Sockets{};
  }

  Listeners listeners_;
  const std::uint16_t http_ = free_port(), socks_ = free_port();
};

TEST_F(ListenersTest, OneSocketForEachAddressAndAcceptor) {
  const Sockets sockets = open(config_of(http_, 0), {0, 1}, {});
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0]->acceptor, 0U);
  EXPECT_EQ(sockets[1]->acceptor, 1U);
  EXPECT_EQ(platform::local_endpoint(sockets[1]->socket.get())->port, http_);
}

TEST_F(ListenersTest, KeepsWhatDidNotChange) {
  const Sockets before = open(config_of(http_, 0), {0, 1}, {});
  const Sockets after = open(config_of(http_, socks_), {0, 1, 2}, before);
  const auto has = [&](std::uint32_t id) {
    const auto all = ids(after);
    return std::find(all.begin(), all.end(), id) != all.end();
  };
  EXPECT_EQ(after.size(), 6U);
  for (const std::uint32_t id : ids(before)) EXPECT_TRUE(has(id));
}

TEST_F(ListenersTest, AnotherSettingOfTheSamePortIsAnotherSocket) {
  const Sockets before = open(config_of(http_, 0), {0}, {});
  config::Config config = config_of(http_, 0);
  config.server.proxy_protocol.enabled = true;
  const Sockets after = open(config, {0}, before);
  EXPECT_NE(ids(before), ids(after));
  EXPECT_TRUE(after[0]->message().proxy_protocol);
}

std::vector<std::uint32_t> owners(const Sockets& sockets) {
  std::vector<std::uint32_t> out;
  for (const auto& socket : sockets) out.push_back(socket->acceptor);
  return out;
}

// The kernel's socket that it stands for, whatever its number.
std::set<std::uint64_t> kernel_sockets(const Sockets& sockets) {
  std::set<std::uint64_t> out;
  for (const auto& socket : sockets) {
    struct stat status{};
    EXPECT_EQ(fstat(socket->socket.get(), &status), 0);
    out.insert(status.st_ino);
  }
  return out;
}

TEST_F(ListenersTest, FewerAcceptorsShareTheSocketsOfThoseThatGo) {
  const Sockets before = open(config_of(http_, 0), {0, 1, 2, 3}, {});
  const Sockets after = open(config_of(http_, 0), {0, 1}, before);
  EXPECT_EQ(kernel_sockets(after), kernel_sockets(before));
  EXPECT_EQ(owners(after), (std::vector<std::uint32_t>{0, 0, 1, 1}));
  const auto known = ids(before);
  const auto is_new = [&](std::uint32_t id) {
    return std::find(known.begin(), known.end(), id) == known.end();
  };
  EXPECT_EQ(std::ranges::count_if(ids(after), is_new), 2) << "each hold has a number of its own";
}

TEST_F(ListenersTest, NewAcceptorsGetSharedOnesFirst) {
  const Sockets four = open(config_of(http_, 0), {0, 1, 2, 3}, {});
  const Sockets one = open(config_of(http_, 0), {2}, four);
  EXPECT_EQ(owners(one), (std::vector<std::uint32_t>{2, 2, 2, 2}));
  const Sockets three = open(config_of(http_, 0), {0, 1, 2}, one);
  EXPECT_EQ(kernel_sockets(three), kernel_sockets(four));
  EXPECT_EQ(owners(three), (std::vector<std::uint32_t>{0, 1, 2, 2}));
  const Sockets five = open(config_of(http_, 0), {0, 1, 2, 3, 4}, three);
  EXPECT_EQ(owners(five), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(kernel_sockets(five).size(), 5U);
}

TEST_F(ListenersTest, ARemovedPortIsClosedForAll) {
  const Sockets before = open(config_of(http_, socks_), {0, 1}, {});
  const Sockets after = open(config_of(http_, 0), {0}, before);
  EXPECT_EQ(owners(after), (std::vector<std::uint32_t>{0, 0}));
  for (const auto& socket : after) EXPECT_EQ(socket->settings.port, http_);
}

TEST_F(ListenersTest, SaysWhoseThePortIs) {
  Listeners others;
  const auto theirs = others.open(config_of(http_, 0), {0}, {});
  ASSERT_TRUE(theirs);
  const auto ours = listeners_.open(config_of(http_, 0), {0}, {});
  ASSERT_FALSE(ours) << "two daemons share a port";
  EXPECT_NE(ours.error().find("127.0.0.1:" + std::to_string(http_)), std::string::npos)
      << ours.error();
  EXPECT_NE(ours.error().find("another program"), std::string::npos) << ours.error();
}

}  // namespace
}  // namespace bulkhead::supervisor

// Service notification, signals and file watching.
#include "platform/service.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/file_watch.h"
#include "platform/linux/temporary_directory_test.h"
#include "platform/linux/unix_address.h"
#include "platform/signals.h"

namespace bulkhead::platform {
namespace {

namespace fs = std::filesystem;

class Notify : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    name =
        GetParam() ? "@bulkhead-notify-" + std::to_string(getpid()) : directory.path() + "/notify";
    const auto address = unix_address(name);
    manager.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(manager.get(), address->get(), address->length), 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  std::string next() {
    char buffer[256];
    const ssize_t got = recv(manager.get(), buffer, sizeof(buffer), 0);
    return got < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(got));
  }
  TemporaryDirectory directory;
  std::string name;
  UniqueFd manager;
};

TEST_P(Notify, says_what_systemd_understands) {
  ServiceNotifier notifier = ServiceNotifier::from_environment();
  EXPECT_TRUE(notifier.connected());
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  notifier.ready();
  EXPECT_EQ(next(), "READY=1");
  notifier.status("serving\n2 ports");
  EXPECT_EQ(next(), "STATUS=serving 2 ports");
  notifier.reloading();
  EXPECT_THAT(next(), ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  notifier.stopping();
  EXPECT_EQ(next(), "STOPPING=1");
}

INSTANTIATE_TEST_SUITE_P(Addresses, Notify, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "abstract" : "path"; });

TEST(NotifyAbsent, does_nothing) {
  unsetenv("NOTIFY_SOCKET");
  ServiceNotifier notifier = ServiceNotifier::from_environment();
  EXPECT_FALSE(notifier.connected());
  notifier.ready();
}

TEST(Signals, arrive_as_readable_events) {
  sigset_t old;
  pthread_sigmask(SIG_BLOCK, nullptr, &old);
  auto set = SignalSet::create({SIGUSR1, SIGHUP});
  ASSERT_TRUE(set);
  EXPECT_FALSE(set->take());
  kill(getpid(), SIGHUP);
  pollfd entry{set->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&entry, 1, 5000), 1);
  const auto received = set->take();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->signal, SIGHUP);
  EXPECT_EQ(received->sender, getpid());
  EXPECT_FALSE(set->take());
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

class Watch : public ::testing::Test {
 protected:
  FileWatch watching(const std::string& path) {
    auto created = FileWatch::create(path);
    EXPECT_TRUE(created) << created.error().to_string();
    return std::move(*created);
  }
  TemporaryDirectory directory;
};

TEST_F(Watch, sees_writing_and_not_the_neighbours) {
  const std::string file = directory.write("config", "a");
  FileWatch watch = watching(file);
  EXPECT_FALSE(watch.drain());
  directory.write("other", "x");
  EXPECT_FALSE(watch.drain());
  directory.write("config", "b");
  pollfd entry{watch.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 5000), 1);
  EXPECT_TRUE(watch.drain());
  EXPECT_FALSE(watch.drain());
}

TEST_F(Watch, sees_an_editors_rename_once) {
  const std::string file = directory.write("config", "a");
  FileWatch watch = watching(file);
  fs::rename(directory.write("config.tmp", "b"), file);
  EXPECT_TRUE(watch.drain());
  EXPECT_FALSE(watch.drain());
}

TEST_F(Watch, a_missing_or_unfinished_file_is_no_change) {
  const std::string file = directory.write("config", "a");
  FileWatch watch = watching(file);
  fs::remove(file);
  EXPECT_FALSE(watch.drain());
  {
    std::ofstream stream(file);
    stream << "half" << std::flush;
    EXPECT_FALSE(watch.drain());
  }
  EXPECT_TRUE(watch.drain());
}

TEST_F(Watch, a_file_that_comes_later) {
  FileWatch watch = watching(directory.path() + "/config");
  EXPECT_FALSE(watch.drain());
  directory.write("config", "a");
  EXPECT_TRUE(watch.drain());
}

// config -> ..data/config, ..data -> ..v1; the swap renames a new link over ..data.
TEST_F(Watch, sees_the_swap_of_a_config_map) {
  const fs::path root = directory.path();
  for (const char* version : {"..v1", "..v2"}) {
    fs::create_directory(root / version);
    directory.write(std::string(version) + "/config", version);
  }
  fs::create_symlink("..v1", root / "..data");
  fs::create_symlink("..data/config", root / "config");
  FileWatch watch = watching((root / "config").string());
  EXPECT_FALSE(watch.drain());
  fs::create_symlink("..v2", root / "..data_tmp");
  EXPECT_FALSE(watch.drain());
  fs::rename(root / "..data_tmp", root / "..data");
  EXPECT_TRUE(watch.drain());
  directory.write("..v1/config", "the old one");
  EXPECT_FALSE(watch.drain());
  directory.write("..v2/config", "the new one");
  EXPECT_TRUE(watch.drain());
}

TEST_F(Watch, follows_a_link_into_another_directory) {
  const TemporaryDirectory elsewhere;
  const std::string real = elsewhere.write("real", "a");
  fs::create_symlink(real, directory.path() + "/config");
  FileWatch watch = watching(directory.path() + "/config");
  elsewhere.write("real", "b");
  EXPECT_TRUE(watch.drain());
}

TEST_F(Watch, needs_the_directory) {
  EXPECT_EQ(FileWatch::create(directory.path() + "/none/config").error().code.value(), ENOENT);
}

}  // namespace
}  // namespace bulkhead::platform

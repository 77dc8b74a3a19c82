#include "egress/hosts_file.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "egress/testing.h"

namespace bulkhead::egress {
namespace {

using testing::ip;
using namespace std::chrono_literals;

class HostsFileTest : public ::testing::Test {
 protected:
  HostsFileTest() : path_(::testing::TempDir() + "hosts." + std::to_string(::getpid())) {}
  ~HostsFileTest() override { std::remove(path_.c_str()); }

  void write(const std::string& text) { std::ofstream(path_) << text; }
  std::vector<wire::IpAddress> find(const std::string& name) {
    const auto* found = hosts_.find(name, now_);
    return found == nullptr ? std::vector<wire::IpAddress>() : *found;
  }

  std::string path_;
  HostsFile hosts_{path_};
  HostsFile::Time now_ = std::chrono::steady_clock::now();
};

using Addresses = std::vector<wire::IpAddress>;

TEST_F(HostsFileTest, FindsNamesAndAliases) {
  write(
      "# comment\n192.0.2.1\tone  alias # more\n2001:db8::1 one\n\nnonsense two\n192.0.2.3 "
      "Three.\r\n");
  EXPECT_EQ(find("one"), (Addresses{ip("192.0.2.1"), ip("2001:db8::1")}));
  EXPECT_EQ(find("alias"), Addresses{ip("192.0.2.1")});
  EXPECT_EQ(find("three"), Addresses{ip("192.0.2.3")});
  EXPECT_EQ(find("two"), Addresses{});
  EXPECT_EQ(find("more"), Addresses{});
}

TEST_F(HostsFileTest, ReadsAgainWhenChangedButLooksOnceASecond) {
  write("192.0.2.1 one\n");
  EXPECT_EQ(find("one"), Addresses{ip("192.0.2.1")});
  write("192.0.2.22 one\n");
  now_ += 999ms;
  EXPECT_EQ(find("one"), Addresses{ip("192.0.2.1")});
  now_ += 2ms;
  EXPECT_EQ(find("one"), Addresses{ip("192.0.2.22")});
}

TEST_F(HostsFileTest, ForgetsAFileThatIsGone) {
  write("192.0.2.1 one\n");
  EXPECT_EQ(find("one").size(), 1u);
  std::remove(path_.c_str());
  now_ += 2s;
  EXPECT_EQ(find("one").size(), 0u);
}

TEST_F(HostsFileTest, BoundsTheAddressesOfAName) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "192.0.2." + std::to_string(i) + " many\n";
  write(text);
  EXPECT_EQ(find("many").size(), HostsFile::max_addresses);
}

}  // namespace
}  // namespace bulkhead::egress

// The layout of the state that one program leaves to the next has a number. These tests fail when
// the layout changes and the number does not, and when the corpus is of another layout.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>

#include "proto/layout.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {
namespace {

// Gives every field a value of its own, so that two that change places are seen too.
class Numbering {
 public:
  template <typename T>
  void number(T& value) {
    if constexpr (requires { T::fields(value); }) {
      std::apply([this](auto&... field) { (number(field), ...); }, T::fields(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1);
    } else {
      value = static_cast<T>(next_++);
    }
  }
  template <std::size_t Max>
  void number(proto::Text<Max>& text) {
    text = "t" + std::to_string(next_++);
  }
  template <typename T, std::size_t Max>
  void number(proto::List<T, Max>& list) {
    T item{};
    number(item);
    list.push(std::move(item));
  }
  void number(wire::Endpoint& endpoint) {
    endpoint = *wire::Endpoint::parse("[2001:db8::1]:" + std::to_string(next_++));
  }

 private:
  unsigned next_ = 3;  // the first that can be an inherited descriptor
};

// One of everything.
DaemonState full_state() {
  DaemonState state;
  Numbering().number(state);
  state.crew = 9001;
  state.last_generation = 9002;
  state.last_listener = 9003;
  state.last_holder = 9004;
  return state;
}

// As a daemon that serves leaves it: nobody has crashed, nothing was inherited.
DaemonState plain_state() {
  DaemonState state = full_state();
  state.problem = "";
  state.askers.items.clear();
  state.crashes.items.clear();
  state.notifier = -1;
  return state;
}

std::string with(std::string bytes, std::size_t at, std::string_view octets) {
  return bytes.replace(at, octets.size(), octets);
}

// Behind the heading.
constexpr std::size_t heading_bytes = 12, version_at = 10, version_text_at = heading_bytes;

std::map<std::string, std::string> seeds() {
  const std::string full = encode_state(full_state()), plain = encode_state(plain_state());
  DaemonState negative = plain_state();
  negative.control = -7;
  return {
      {"one_of_everything", full},
      {"no_crash", plain},
      {"another_layout", with(plain, version_at, std::string(1, state_version + 1))},
      {"heading_only", plain.substr(0, heading_bytes)},
      {"long_text", with(plain, version_text_at, "\xff\xff")},
      {"negative_descriptor", encode_state(negative)},
      {"trailing", full + 'x'},
      {"truncated", full.substr(0, full.size() / 2)},
      {"all_ones", plain.substr(0, heading_bytes) + std::string(400, '\xff')},
      {"not_a_state", with(plain.substr(0, heading_bytes), 2, "BULKHEAD")},
      {"empty", ""},
  };
}

std::filesystem::path corpus() {
  return BULKHEAD_CORPORA "/daemon_state";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// When this fails: raise state_version (state.h), add a line here, and write the corpus anew with
// BULKHEAD_WRITE_CORPUS=1 supervisor_test --gtest_filter='StateLayout.*'
TEST(StateLayout, ChangesWithItsNumberOnly) {
  const std::map<unsigned, std::uint64_t> digests = {
      {3, 0xa286cf7ccd0cbf63},  // users: their channels; limits and bans: their pages
  };
  ASSERT_TRUE(digests.contains(state_version)) << "a number without a layout";
  EXPECT_EQ(digests.at(state_version), proto::layout_digest<DaemonState>())
      << "the layout has changed, and state_version has not: now it is\n"
      << std::hex << "0x" << proto::layout_digest<DaemonState>() << ", "
      << proto::layout_of<DaemonState>();
  EXPECT_EQ(digests.rbegin()->first, state_version);
}

TEST(StateLayout, TheSamplesMakeSense) {
  EXPECT_EQ(check_state(full_state()), "");
  EXPECT_EQ(check_state(plain_state()), "");
}

// Octet by octet: two fields of one kind that change places are a change too.
TEST(StateLayout, TheCorpusIsOfThisLayout) {
  if (std::getenv("BULKHEAD_WRITE_CORPUS") != nullptr) {
    for (const auto& [name, bytes] : seeds())
      std::ofstream(corpus() / name, std::ios::binary) << bytes;
  }
  for (const auto& [name, bytes] : seeds()) {
    ASSERT_TRUE(std::filesystem::exists(corpus() / name)) << name;
    EXPECT_EQ(read(corpus() / name), bytes) << name << " was written in another layout";
  }
}

}  // namespace
}  // namespace bulkhead::supervisor

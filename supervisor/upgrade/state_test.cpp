#include "supervisor/upgrade/state.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/process.h"
#include "platform/sealed_memory.h"

namespace bulkhead::supervisor {
namespace {

DaemonState sample() {
  DaemonState state;
  state.version = "0.1.0";
  state.program = 7;
  state.program_path = "/usr/sbin/bulkhead";
  state.crew = 3;
  state.generation = 2;
  state.last_generation = 4;
  state.last_listener = 6;
  state.last_holder = 9;
  state.pages.backends = 21;
  state.pages.health = 22;
  state.pages.limits = 23;
  state.pages.bans = 24;
  state.lock = 10;
  state.askers.push(11);
  state.pages.counters.push(12);
  state.pages.counters.push(-1);
  state.pages.columns.push(true);
  ListenerState listener;
  listener.socket = 13;
  listener.listener.id = 6;
  listener.listener.name = "http";
  listener.listener.address = *wire::Endpoint::parse("[::]:8080");
  state.listeners.push(listener);
  WorkerState worker;
  worker.pid = 4242;
  worker.pidfd = 14;
  worker.control = 15;
  worker.egress_end = 16;
  worker.output = 20;
  worker.tenure = {9, 17, 18, 19};
  worker.hello.role = proto::Party::acceptor;
  state.workers.push(worker);
  proto::CrashRow crash;
  crash.end = "killed by signal 9 (SIGKILL)";
  state.crashes.push(crash);
  return state;
}

TEST(State, ComesBackAsItWas) {
  const auto back = decode_state(encode_state(sample()));
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_state(*back), encode_state(sample()));
  EXPECT_EQ(back->workers.items.front().tenure.holder, 9U);
  EXPECT_EQ(back->listeners.items.front().listener.address.to_string(), "[::]:8080");
}

TEST(State, NamesEveryDescriptor) {
  auto all = descriptors_of(sample());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<int>{7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}));
}

TEST(State, AnotherLayoutIsRefusedWithItsNumber) {
  std::string bytes = encode_state(sample());
  bytes[10] = static_cast<char>(bytes[10] + 1);
  const auto back = decode_state(bytes);
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().find("layout " + std::to_string(state_version + 1)), std::string::npos);
}

TEST(State, DamageIsRefused) {
  const std::string bytes = encode_state(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_state(bytes.substr(0, length))) << length;
  EXPECT_FALSE(decode_state(bytes + 'x'));
}

// Every number that another version may have got wrong.
TEST(State, WhatCannotBeIsRefused) {
  using Change = void (*)(DaemonState&);
  const std::pair<const char*, Change> hostile[] = {
      {"no lock", [](DaemonState& state) { state.lock = -1; }},
      {"none", [](DaemonState& state) { state.control = -7; }},
      {"none", [](DaemonState& state) { state.notifier = 2; }},
      {"conversation", [](DaemonState& state) { state.askers.items[0] = -1; }},
      {"generation", [](DaemonState& state) { state.generation = 5; }},
      {"no time", [](DaemonState& state) { state.started_ns = UINT64_MAX; }},
      {"shared pages", [](DaemonState& state) { state.pages.health = -1; }},
      {"shared pages", [](DaemonState& state) { state.pages.bans = -1; }},
      {"counters", [](DaemonState& state) { state.pages.counters.items[0] = INT32_MIN; }},
      {"socket", [](DaemonState& state) { state.listeners.items[0].socket = 0; }},
      {"listener", [](DaemonState& state) { state.listeners.items[0].listener.id = 7; }},
      {"port", [](DaemonState& state) { state.listeners.items[0].listener.address.port = 0; }},
      {"process", [](DaemonState& state) { state.workers.items[0].pid = 1; }},
      {"process", [](DaemonState& state) { state.workers.items[0].pid = -1; }},
      {"channels", [](DaemonState& state) { state.workers.items[0].pidfd = -1; }},
      {"none", [](DaemonState& state) { state.workers.items[0].recorder = 1; }},
      {"places", [](DaemonState& state) { state.workers.items[0].index = 1 << 16; }},
      {"crew", [](DaemonState& state) { state.workers.items[0].crew = 4; }},
      {"columns", [](DaemonState& state) { state.workers.items[0].column = 512; }},
      {"time", [](DaemonState& state) { state.workers.items[0].draining_ns = UINT64_MAX; }},
      {"generation", [](DaemonState& state) { state.workers.items[0].generation = 5; }},
      {"role", [](DaemonState& s) { s.workers.items[0].hello.role = proto::Party::proxyctl; }},
      {"given away", [](DaemonState& state) { state.workers.items[0].tenure.holder = 10; }},
      {"pages", [](DaemonState& state) { state.workers.items[0].tenure.copies = -1; }},
      {"nobody", [](DaemonState& state) { state.workers.items[0].tenure.holder = 0; }},
      {"twice", [](DaemonState& state) { state.lock = state.program; }},
  };
  for (const auto& [problem, change] : hostile) {
    DaemonState state = sample();
    change(state);
    const auto back = decode_state(encode_state(state));
    ASSERT_FALSE(back) << problem;
    EXPECT_NE(back.error().find(problem), std::string::npos) << back.error();
  }
}

TEST(State, IsTakenFromTheEnvironmentOnce) {
  auto memory = seal_state(sample());
  ASSERT_TRUE(memory);
  ::setenv(state_variable, std::to_string(memory->release()).c_str(), 1);
  const auto taken = take_state();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(*taken);
  EXPECT_FALSE(take_state());
}

TEST(State, WhatIsNoStateIsSaid) {
  for (const char* text : {"", "x", "2", "-1", "12x", "99999"}) {
    ::setenv(state_variable, text, 1);
    const auto taken = take_state();
    ASSERT_TRUE(taken) << text;
    EXPECT_FALSE(*taken) << text;
  }
}

}  // namespace
}  // namespace bulkhead::supervisor

// The sandbox, from inside: every forbidden attempt alone in a process of its own, in each profile,
// and first as a control outside, where it must work: an attempt that fails everywhere proves
// nothing. Then what honest workers need.
#include "platform/sandbox.h"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/rogue.h"
#include "platform/linux/sandbox_filter.h"
#include "platform/linux/temporary_directory_test.h"
#include "platform/process.h"

namespace bulkhead::platform {
namespace {

struct Trial {
  ExitReason reason;
  std::string output;

  bool ended_with(int code) const {
    return reason.kind == ExitReason::Kind::exited && reason.value == code;
  }
  bool prevented() const { return reason.sandbox_violation() || ended_with(rogue_refused); }
  bool layer_is_on(std::string_view name) const {
    return output.find(std::string(name) + " on") != std::string::npos;
  }
  std::string describe() const { return reason.to_string() + ", having said:\n" + output; }
};

std::string read_all(int descriptor) {
  std::string text;
  char buffer[512];
  for (ssize_t got = 0; (got = read(descriptor, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

// Runs the rogue to its end, in a directory where everybody may write.
Trial attempt(const std::string& profile, const std::string& name) {
  const TemporaryDirectory directory;
  directory.write("readable", "x");
  chmod(directory.path().c_str(), 0777);
  chmod((directory.path() + "/readable").c_str(), 0666);
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  SpawnRequest request;
  request.executable = BULKHEAD_ROGUE;
  request.arguments = {"rogue", profile, name, directory.path()};
  request.descriptors = {{input.get(), 1}};
  const auto child = spawn(request);
  input.reset();
  if (!child) {
    ADD_FAILURE() << child.error().to_string();
    return {};
  }
  std::string text = read_all(output.get());
  return {wait_for(child->pid).value(), std::move(text)};
}

std::vector<std::string> names(std::initializer_list<std::span<const NamedAttempt>> lists) {
  std::vector<std::string> result;
  for (const auto list : lists) {
    for (const NamedAttempt& each : list) result.emplace_back(each.name);
  }
  return result;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& each) {
  return each.param;
}

// Why the attempt cannot be judged on this machine, if the control fails.
std::optional<std::string> control_fails(const std::string& name) {
  const Trial control = attempt("outside", name);
  if (control.ended_with(rogue_succeeded)) return std::nullopt;
  const std::string who =
      is_root() ? "root" : "an ordinary user (run the tests as root for this one)";
  return "nothing to prove: not even outside the sandbox can it be done here by " + who + ": " +
         control.describe();
}

// Read-only files are Landlock's to narrow in egress, which opens the resolver's; in auth, which
// keeps a database, written ones too. Where the kernel has no Landlock, the modes of the files are
// all there is.
bool only_landlock_prevents(const std::string& profile, const std::string& name) {
  if (name == "open_for_reading") return profile == "egress" || profile == "auth";
  static const std::set<std::string> writing = {"open_for_writing", "create_file", "truncate_file",
                                                "temporary_file", "remove_file"};
  return profile == "auth" && writing.contains(name);
}

void expect_prevented(const std::string& profile, const std::string& name) {
  const Trial trial = attempt(profile, name);
  if (trial.ended_with(rogue_not_here)) GTEST_SKIP() << "not in this build: " << name;
  if (only_landlock_prevents(profile, name) && !trial.layer_is_on(layer::landlock)) {
    GTEST_SKIP() << "this kernel has no Landlock, which alone forbids it: " << trial.describe();
  }
  EXPECT_TRUE(trial.prevented()) << profile << " could do " << name << ": " << trial.describe();
}

class Forbidden : public ::testing::TestWithParam<std::string> {};
class AcceptorForbidden : public ::testing::TestWithParam<std::string> {};
class VaultForbidden : public ::testing::TestWithParam<std::string> {};
class Needed : public ::testing::TestWithParam<std::string> {};

TEST_P(Forbidden, to_the_acceptor) {
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("acceptor", GetParam());
}

TEST_P(Forbidden, to_egress) {
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("egress", GetParam());
}

TEST_P(Forbidden, to_the_vault) {
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("vault", GetParam());
}

TEST_P(VaultForbidden, with_what_it_holds) {
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("vault", GetParam());
}

TEST_P(Forbidden, to_auth) {
  if (GetParam() == "unix_socket") GTEST_SKIP() << "its database may listen on one";
  if (GetParam() == "socket_pair") GTEST_SKIP() << "one leads to each of PAM's processes";
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("auth", GetParam());
}

TEST_P(AcceptorForbidden, on_the_network) {
  if (const auto why = control_fails(GetParam())) GTEST_SKIP() << *why;
  expect_prevented("acceptor", GetParam());
}

TEST_P(Needed, works_in_the_sandbox) {
  const bool own_sockets = GetParam() == "connect_out" || GetParam() == "udp_round_trip" ||
                           GetParam() == "read_resolver_files";
  const bool of_auth = GetParam() == "keep_database" || GetParam() == "start_threads" ||
                       GetParam() == "ask_this_machine";
  for (const std::string profile : {"outside", "acceptor", "egress", "vault", "auth"}) {
    const bool closed = profile == "acceptor" || profile == "vault";
    if (own_sockets && closed) continue;
    if (of_auth && (closed || profile == "egress")) continue;
    if (profile == "vault" && GetParam() == "accept_and_relay") continue;
    const Trial trial = attempt(profile, GetParam());
    EXPECT_TRUE(trial.ended_with(rogue_succeeded)) << profile << ": " << trial.describe();
  }
}

INSTANTIATE_TEST_SUITE_P(Rogue, Forbidden, ::testing::ValuesIn(names({rogue_system_attempts()})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Rogue, AcceptorForbidden,
                         ::testing::ValuesIn(names({rogue_network_attempts()})), name_of);
INSTANTIATE_TEST_SUITE_P(Rogue, VaultForbidden,
                         ::testing::ValuesIn(names({rogue_holding_attempts()})), name_of);
INSTANTIATE_TEST_SUITE_P(Worker, Needed, ::testing::ValuesIn(names({rogue_needs()})), name_of);

TEST(NetworkNamespace, not_even_loopback_can_be_reached) {
  ASSERT_TRUE(attempt("egress", "connect_out").ended_with(rogue_succeeded));
  const Trial trial = attempt("isolated", "connect_out");
  if (!trial.layer_is_on(layer::network_namespace))
    GTEST_SKIP() << "no namespace here: " << trial.describe();
  EXPECT_TRUE(trial.ended_with(rogue_refused)) << trial.describe();
}

TEST(NetworkNamespace, a_socket_from_outside_works_inside) {
  const Trial trial = attempt("isolated", "accept_and_relay");
  EXPECT_TRUE(trial.ended_with(rogue_succeeded)) << trial.describe();
}

// Outside the sanitizers, what is not on the list kills rather than fails.
TEST(Seccomp, kills) {
#ifdef BULKHEAD_SANITIZED
  GTEST_SKIP() << "a sanitizer build refuses with an errno instead";
#endif
  for (const char* name : {"bpf", "exec", "fork", "ptrace_victim", "connect"}) {
    const Trial trial = attempt("acceptor", name);
    EXPECT_TRUE(trial.reason.sandbox_violation()) << name << ": " << trial.describe();
  }
}

TEST(Report, names_every_layer_and_what_is_in_force) {
  const Trial trial = attempt("acceptor", "live");
  for (const auto name : {layer::capabilities, layer::no_new_privileges, layer::seccomp,
                          layer::limits, layer::not_dumpable}) {
    EXPECT_TRUE(trial.layer_is_on(name)) << name << trial.output;
  }
  EXPECT_EQ(trial.layer_is_on(layer::identity), is_root()) << trial.output;
  EXPECT_NE(trial.output.find(layer::landlock), std::string::npos);
}

TEST(Report, is_complete_when_nothing_is_unavailable) {
  SandboxReport report;
  report.layers = {{"seccomp", SandboxReport::State::on, "acceptor"},
                   {"identity", SandboxReport::State::off, ""}};
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.to_string(), "seccomp on (acceptor), identity off");
  report.layers.push_back({"landlock", SandboxReport::State::unavailable, "the kernel has none"});
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.find("landlock")->detail, "the kernel has none");
  EXPECT_EQ(report.find("nothing"), nullptr);
}

TEST(Filter, everything_but_some_numbers_is_covered_once) {
  const std::vector<int> numbers = {0, 5, 6, 63};
  const auto blocks = everything_but(numbers);
  std::uint64_t covered = 0;
  for (const AlignedBlock& block : blocks) covered += block.size;
  EXPECT_EQ(covered, (1ULL << 32) - numbers.size());
  for (std::uint32_t number = 0; number < 200; ++number) {
    const auto holding = std::count_if(
        blocks.begin(), blocks.end(),
        [number](const AlignedBlock& block) { return (number & block.mask()) == block.first; });
    const bool listed =
        std::find(numbers.begin(), numbers.end(), static_cast<int>(number)) != numbers.end();
    EXPECT_EQ(holding, listed ? 0 : 1) << number;
  }
  EXPECT_EQ(everything_but({}).size(), 1U);
}

TEST(Identities, each_role_has_its_own) {
  const Identity acceptor = identity_of(Role::acceptor);
  const Identity egress = identity_of(Role::egress);
  if (!is_root()) {
    EXPECT_EQ(acceptor.source, Identity::Source::invoking_user);
    EXPECT_EQ(acceptor.uid, geteuid());
    GTEST_SKIP() << "only root can give a role an identity of its own";
  }
  EXPECT_NE(acceptor.uid, egress.uid);
  EXPECT_NE(acceptor.uid, 0U);
  if (acceptor.source == Identity::Source::fallback) {
    EXPECT_EQ(acceptor.uid, first_fallback_id);
    EXPECT_EQ(acceptor.to_string(), "uid 64200 (no user bulkhead-acceptor, an id of its own)");
  }
}

// In a process of its own; 0 when everything held.
int become_for_good() {
  const Identity identity = identity_of(Role::vault);
  if (!become(identity)) return 1;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  if (getresuid(&real, &effective, &saved) != 0) return 2;
  if (real != identity.uid || effective != identity.uid || saved != identity.uid) return 3;
  if (getgroups(0, nullptr) != 0 || getegid() != identity.gid) return 4;
  return setuid(0) == 0 || setgid(0) == 0 ? 5 : 0;
}

int enter_without_sandbox() {
  SandboxRequest request;
  request.mode = SandboxMode::off;
  request.identity = identity_of(Role::acceptor);
  const SandboxReport report = enter_sandbox(request);
  if (geteuid() != request.identity.uid) return 1;
  if (report.find(layer::seccomp)->state != SandboxReport::State::off) return 2;
  const UniqueFd file(open("/etc/hosts", O_RDONLY | O_CLOEXEC));
  return file && report.complete() && report.layers.size() == 8 ? 0 : 3;
}

int enter_with_limit() {
  SandboxRequest request;
  request.identity = identity_of(Role::acceptor);
  request.open_files = 50;
  enter_sandbox(request);
  return fcntl(0, F_DUPFD_CLOEXEC, 49) >= 0 && fcntl(0, F_DUPFD_CLOEXEC, 50) < 0 ? 0 : 1;
}

TEST(IdentityDeathTest, is_taken_for_good) {
  if (!is_root()) GTEST_SKIP() << "only root can become another user";
  EXPECT_EXIT(_exit(become_for_good()), ::testing::ExitedWithCode(0), "");
}

TEST(SandboxDeathTest, off_gives_up_root_and_no_more) {
  EXPECT_EXIT(_exit(enter_without_sandbox()), ::testing::ExitedWithCode(0), "");
}

TEST(SandboxDeathTest, limits_open_files) {
  EXPECT_EXIT(_exit(enter_with_limit()), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace bulkhead::platform

// The managed file: merged before checks, written atomically, read back the same.
#include "config/managed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view base =
    "backends: [{name: a, type: direct}, {name: b, type: direct}]\n"
    "rules:\n"
    "  - {name: one, match: {ports: 1}, backend: a}\n"
    "  - {name: two, match: {ports: 2}, backend: a}\n"
    "  - {name: Default, match: {domains: '*'}, backend: a}\n";

std::vector<std::string> rule_names(const Config& config) {
  std::vector<std::string> names;
  for (const Rule& rule : config.rules) names.push_back(rule.name);
  return names;
}

ManagedRule blocked(std::string name, std::uint16_t port) {
  ManagedRule added;
  added.rule.name = std::move(name);
  added.rule.match.ports = {{port, port}};
  added.rule.action = RuleAction::block;
  return added;
}

class ManagedFile : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.file = folder_.write("config.yaml", base);
    options_.managed_file = folder_ / "managed.yaml";
  }
  LoadResult load_now() { return load(options_); }
  testing::Folder folder_;
  LoadOptions options_;
};

TEST_F(ManagedFile, AbsentMeansNothing) {
  EXPECT_THAT(read_managed(*options_.managed_file).diagnostics, IsEmpty());
  EXPECT_EQ(read_managed(*options_.managed_file).managed, Managed{});
  const LoadResult result = load_now();
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.files_read, ElementsAre(options_.file, *options_.managed_file));
}

TEST_F(ManagedFile, AddsRemovesAndReorders) {
  Managed managed;
  Backend parent;
  parent.name = "parent";
  parent.type = BackendType::socks5;
  parent.proxy.emplace();
  parent.proxy->address = {"parent.example", 1080};
  parent.proxy->username = "user";
  parent.proxy->password = Secret("p${w}: #'\"");
  managed.backends = {parent};
  managed.removed_backends = {"b"};
  managed.rules = {blocked("before default", 25), blocked("first", 26)};
  managed.rules[1].position = 0;
  managed.removed_rules = {"one"};
  managed.rule_order = {"before default", "two"};
  ASSERT_EQ(write_managed(*options_.managed_file, managed), std::nullopt);
  struct stat status{};
  ASSERT_EQ(::stat(options_.managed_file->c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(read_managed(*options_.managed_file).managed, managed);

  const LoadResult result = load_now();
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  EXPECT_THAT(rule_names(*result.config), ElementsAre("first", "before default", "two", "Default"));
  EXPECT_EQ(result.config->backend("b"), nullptr);
  EXPECT_EQ(result.config->backend("parent")->proxy->password, parent.proxy->password);
  EXPECT_EQ(result.config->backend("parent")->origin.source, Origin::Source::managed);
  EXPECT_EQ(result.config->backend("a")->origin.source, Origin::Source::file);
}

TEST_F(ManagedFile, IsCheckedAfterMerging) {
  folder_.write("managed.yaml",
                "backends:\n  - {name: x, type: http, via: nowhere, proxy: {address: 'h:1'}}\n"
                "removed_backends: [a, gone]\n"
                "rules:\n  - rule: {name: r, match: {ports: 5}, backend: y}\n");
  EXPECT_THAT(
      testing::texts(load_now().diagnostics),
      ElementsAre(
          HasSubstr("config.yaml:3:45: error: rules[0].backend: unknown backend \"a\""),
          HasSubstr("config.yaml:4:45: error: rules[1].backend: unknown backend \"a\""),
          HasSubstr("config.yaml:5:53: error: rules[2].backend: unknown backend \"a\""),
          HasSubstr("managed.yaml:2:32: error: backends[0].via: unknown backend \"nowhere\""),
          HasSubstr(
              "managed.yaml:3:19: warning: removed_backends[1]: there is no \"gone\" any more"),
          HasSubstr("managed.yaml:5:49: error: rules[0].rule.backend: unknown backend \"y\"")));
}

TEST_F(ManagedFile, ReplacesWhatHasTheSameName) {
  folder_.write("managed.yaml",
                "rules:\n  - rule: {name: two, match: {ports: 2}, action: block}\n");
  const LoadResult result = load_now();
  ASSERT_TRUE(result.config);
  EXPECT_THAT(rule_names(*result.config), ElementsAre("one", "two", "Default"));
  EXPECT_EQ(result.config->rules[1].action, RuleAction::block);
}

TEST_F(ManagedFile, AChangeCanBeTriedFirst) {
  Managed managed;
  managed.removed_backends = {"a"};
  EXPECT_FALSE(load_with(options_, managed).config);
  managed.removed_backends = {"b"};
  EXPECT_TRUE(load_with(options_, managed).config);
}

TEST_F(ManagedFile, WhatIsWrongWithAChangeHasItsPlace) {
  Managed managed;
  Backend& added = managed.backends.emplace_back();
  added.name = "x";
  added.via = "nowhere";
  const LoadResult tried = load_with(options_, managed);
  EXPECT_THAT(testing::texts(tried.diagnostics),
              ElementsAre(HasSubstr("managed.yaml:5:10: error: backends[0].via: unknown backend")));
  // It is the place it will have.
  ASSERT_EQ(write_managed(*options_.managed_file, managed), std::nullopt);
  EXPECT_EQ(testing::texts(load_now().diagnostics), testing::texts(tried.diagnostics));
  added.proxy.emplace().password = Secret("file:/etc/shadow");
  EXPECT_THAT(testing::texts(load_with(options_, managed).diagnostics),
              ElementsAre(HasSubstr("managed.yaml: error: a secret")));
}

TEST_F(ManagedFile, ForgetsTheOrderOfRulesThatAreGone) {
  Managed managed;
  managed.rule_order = {"two", "gone", "one"};
  const LoadResult tried = load_with(options_, managed);
  EXPECT_THAT(testing::texts(tried.diagnostics),
              ElementsAre(HasSubstr("overrides the order"), HasSubstr("no \"gone\" any more")));
  ASSERT_TRUE(tried.config);
  EXPECT_TRUE(forget_vanished(managed, *tried.config));
  EXPECT_THAT(managed.rule_order, ElementsAre("two", "one"));
  EXPECT_FALSE(forget_vanished(managed, *tried.config));
}

TEST_F(ManagedFile, AnOrderThatOverridesTheFilesIsSaid) {
  folder_.write("managed.yaml",
                "rules:\n  - rule: {name: new, match: {ports: 5}, action: block}\n"
                "rule_order: [new, two, one, Default]\n");
  EXPECT_THAT(
      testing::texts(load_now().diagnostics),
      ElementsAre(AllOf(
          HasSubstr("managed.yaml:3:13: warning: rule_order: overrides the order of the config"),
          HasSubstr("\"two\" is tried before \"one\", the file has it after"),
          HasSubstr("proxyctl rule reorder --reset"))));
  // As the file has it, with a rule of proxyctl's before: nothing of the file is overridden.
  folder_.write("managed.yaml",
                "rules:\n  - rule: {name: new, match: {ports: 5}, action: block}\n"
                "removed_rules: [two]\n"
                "rule_order: [new, one, Default]\n");
  EXPECT_THAT(testing::texts(load_now().diagnostics), IsEmpty());
}

TEST_F(ManagedFile, WhatWouldBeReadBackAsSealedIsNotKept) {
  Managed managed;
  managed.backends.emplace_back().proxy.emplace().password = Secret("enc:foo");
  EXPECT_THAT(write_managed(*options_.managed_file, managed).value_or(""),
              HasSubstr("cannot be kept"));
}

TEST_F(ManagedFile, WritingFailsWithAReason) {
  EXPECT_THAT(write_managed(folder_ / "absent/managed.yaml", {}).value_or(""),
              HasSubstr("cannot create"));
  Managed managed;
  managed.backends.emplace_back().proxy.emplace().password = Secret("file:/etc/shadow");
  EXPECT_THAT(write_managed(*options_.managed_file, managed).value_or(""),
              HasSubstr("cannot be kept"));
  EXPECT_FALSE(std::filesystem::exists(*options_.managed_file));
}

TEST_F(ManagedFile, BrokenOneIsAnError) {
  folder_.write("managed.yaml", "rulez: []\n");
  EXPECT_THAT(testing::texts(load_now().diagnostics),
              ElementsAre(HasSubstr("did you mean \"rules\"?")));
  EXPECT_FALSE(load_now().config);
}

}  // namespace
}  // namespace bulkhead::config

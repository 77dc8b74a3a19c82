// The chain of the audit log: what was changed, taken out or put in shows.
#include "proto/audit_chain.h"

#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::proto {
namespace {

std::vector<AuditRow> log_of(std::size_t entries) {
  std::vector<AuditRow> log;
  std::string hash;
  for (std::size_t each = 1; each <= entries; ++each) {
    AuditRow row;
    row.number = each;
    row.time_ms = 1'700'000'000'000 + each;
    row.kind = "login";
    row.subject = "alice";
    row.detail = "entry " + std::to_string(each);
    row.hash = hash = chain_hash(hash, row);
    log.push_back(row);
  }
  return log;
}

std::optional<std::uint64_t> broken_at(const std::vector<AuditRow>& log) {
  AuditChain chain;
  for (const AuditRow& row : log) chain.add(row);
  return chain.broken_at();
}

TEST(AuditChain, HoldsWhenNothingWasTouched) {
  const auto log = log_of(5);
  AuditChain chain;
  for (const AuditRow& row : log) EXPECT_TRUE(chain.add(row));
  EXPECT_EQ(chain.entries(), 5U);
  EXPECT_EQ(chain.head(), log.back().hash.value);
  EXPECT_EQ(chain.head().size(), 64U);
}

TEST(AuditChain, ShowsWhatWasChanged) {
  for (const auto change :
       {+[](AuditRow& row) { row.detail = "other"; }, +[](AuditRow& row) { row.time_ms += 1; },
        +[](AuditRow& row) { row.subject = "mallory"; },
        +[](AuditRow& row) { row.address = "192.0.2.1"; }, +[](AuditRow& row) { row.actor = "x"; },
        +[](AuditRow& row) { row.kind = "x"; }}) {
    auto log = log_of(5);
    change(log[2]);
    EXPECT_EQ(broken_at(log), 3U);
    // With a hash that fits again, the next one does not.
    log[2].hash = chain_hash(log[1].hash.value, log[2]);
    EXPECT_EQ(broken_at(log), 4U);
  }
}

TEST(AuditChain, ShowsWhatIsMissingOrMore) {
  auto log = log_of(5);
  log.erase(log.begin() + 1);
  EXPECT_EQ(broken_at(log), 3U);
  log = log_of(5);
  log.erase(log.begin());
  EXPECT_EQ(broken_at(log), 2U);
  log = log_of(5);
  log.insert(log.begin() + 3, log[3]);
  EXPECT_EQ(broken_at(log), 4U);
  log = log_of(5);
  std::swap(log[1], log[2]);
  EXPECT_EQ(broken_at(log), 3U);
}

// Text that moves from one field to the next is another text.
TEST(AuditChain, FieldsDoNotRunIntoOneAnother) {
  AuditRow one, other;
  one.actor = "ab";
  other.actor = "a";
  other.subject = "b";
  EXPECT_NE(chain_hash("", one), chain_hash("", other));
}

}  // namespace
}  // namespace bulkhead::proto

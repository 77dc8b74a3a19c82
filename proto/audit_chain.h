// How the entries of the audit log hang together: each carries a hash over itself and the hash
// before it, so that none can be changed, removed from the middle or put in without all that follow
// being made anew. Whoever has noted a hash somewhere else can tell that, too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/administration.h"

namespace bulkhead::proto {

// BLAKE2b-256 of the hash before (empty before the first entry) and the entry without its own hash,
// as 64 hexadecimal digits.
std::string chain_hash(std::string_view before, const AuditRow& row);

// Follows the log from its first entry.
class AuditChain {
 public:
  // False from the first entry on that does not fit; see broken_at().
  bool add(const AuditRow& row);

  std::uint64_t entries() const { return entries_; }
  const std::string& head() const { return head_; }  // the hash of the last entry
  std::optional<std::uint64_t> broken_at() const { return broken_at_; }

 private:
  std::uint64_t entries_ = 0;
  std::string head_;
  std::optional<std::uint64_t> broken_at_;
};

}  // namespace bulkhead::proto

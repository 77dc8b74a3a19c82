// The audit log: appended to only, each entry carrying the hash of all before it.
#include "proto/audit_chain.h"
#include "workers/auth/store/store.h"

namespace bulkhead::auth {
namespace {

proto::AuditRow to_row(const sql::Row& row) {
  proto::AuditRow out;
  out.number = static_cast<std::uint64_t>(sql::number(row, 0));
  out.time_ms = static_cast<std::uint64_t>(sql::number(row, 1));
  out.kind = sql::text(row, 2);
  out.actor = sql::text(row, 3);
  out.subject = sql::text(row, 4);
  out.address = sql::text(row, 5);
  out.detail = sql::text(row, 6);
  out.hash = sql::text(row, 7);
  return out;
}

proto::AuditRow to_row(const AuditEntry& entry, std::uint64_t number) {
  proto::AuditRow out;
  out.number = number;
  out.time_ms = static_cast<std::uint64_t>(entry.time_ms);
  out.kind = entry.kind;
  out.actor = entry.actor;
  out.subject = entry.subject;
  out.address = entry.address;
  out.detail = entry.detail;
  return out;
}

}  // namespace

Stored<AuditHead> Store::last_audit() {
  const auto last = ask("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", {});
  if (!last) return tl::unexpected(last.error());
  if (last->empty()) return AuditHead{};
  return AuditHead{sql::number(last->front(), 0), sql::text(last->front(), 1)};
}

Stored<AuditHead> Store::audit_head() {
  const Lock lock(mutex_);
  return last_audit();
}

// The last entry is read inside the transaction: another process may append too.
Stored<void> Store::append_audit(const std::vector<AuditEntry>& entries) {
  const Lock lock(mutex_);
  if (auto done = ready(); !done) return done;
  sql::Transaction transaction(*connection_);
  if (auto begun = transaction.begin(); !begun) return begun;
  const auto last = last_audit();
  if (!last) return tl::unexpected(last.error());
  std::uint64_t number = static_cast<std::uint64_t>(last->entries);
  std::string hash = last->hash;
  for (const AuditEntry& entry : entries) {
    proto::AuditRow row = to_row(entry, ++number);
    hash = proto::chain_hash(hash, row);
    const auto added =
        ask("INSERT INTO audit (number, time_ms, kind, actor, subject, address, detail, hash) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            {static_cast<std::int64_t>(row.number), static_cast<std::int64_t>(row.time_ms),
             row.kind.value, row.actor.value, row.subject.value, row.address.value,
             row.detail.value, hash});
    if (!added) return tl::unexpected(added.error());
  }
  return transaction.commit();
}

Stored<std::vector<proto::AuditRow>> Store::audit(std::int64_t from, std::size_t most) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT number, time_ms, kind, actor, subject, address, detail, hash FROM audit "
          "WHERE number >= $1 ORDER BY number LIMIT $2",
          {from, static_cast<std::int64_t>(most)});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<proto::AuditRow> all;
  for (const sql::Row& row : *rows) all.push_back(to_row(row));
  return all;
}

}  // namespace bulkhead::auth

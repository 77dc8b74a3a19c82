// As much of SQL as the store needs, so that it is written once for every database. Statements use
// what SQLite and PostgreSQL have in common; parameters are written $1, $2 …, numbers are 64 bits
// wide, texts are UTF-8 without NUL.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace bulkhead::auth::sql {

// Null, a number or a text.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

struct Error {
  // The database is not there, or busy: the same may succeed later.
  bool unavailable = false;
  std::string text;  // for an operator; no value that was sent is in it
};

// 0 and "" for null, and for the other kind.
inline std::int64_t number(const Row& row, std::size_t column) {
  const auto* value = column < row.size() ? std::get_if<std::int64_t>(&row[column]) : nullptr;
  return value == nullptr ? 0 : *value;
}
inline std::string text(const Row& row, std::size_t column) {
  const auto* value = column < row.size() ? std::get_if<std::string>(&row[column]) : nullptr;
  return value == nullptr ? std::string() : *value;
}

// One connection. For one thread at a time. Comes back by itself after it was lost; what was under
// way then has failed.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  virtual tl::expected<Rows, Error> run(std::string_view statement,
                                        std::span<const Value> parameters) = 0;

  virtual tl::expected<bool, Error> has_table(const std::string& name) = 0;

  // A transaction that writes: one at a time, whoever else uses the database.
  virtual tl::expected<void, Error> begin() = 0;
  virtual tl::expected<void, Error> commit() = 0;
  virtual void roll_back() = 0;

  // A consistent copy in a file that must not be there yet.
  virtual tl::expected<void, Error> back_up(const std::string& path) = 0;

  virtual std::string_view name() const = 0;  // "sqlite", "postgresql"
};

// begin() … commit(), unless it goes out of scope before.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  ~Transaction() {
    if (open_) connection_.roll_back();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  tl::expected<void, Error> begin() {
    auto begun = connection_.begin();
    open_ = begun.has_value();
    return begun;
  }
  tl::expected<void, Error> commit() {
    open_ = false;
    auto done = connection_.commit();
    if (!done) connection_.roll_back();
    return done;
  }

 private:
  Connection& connection_;
  bool open_ = false;
};

}  // namespace bulkhead::auth::sql

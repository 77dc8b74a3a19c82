#include "workers/auth/store/postgres_connection.h"

#include <charconv>
#include <chrono>
#include <libpq-fe.h>

namespace bulkhead::auth::sql {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto pause_between_attempts = 1s;
// One writer at a time, on whichever machine: the key of an advisory lock.
constexpr std::int64_t writer_lock = 0x62756c6b68656164;

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// Object ids of types that hold whole numbers.
bool is_number(Oid type) {
  constexpr Oid boolean = 16, int8 = 20, int2 = 21, int4 = 23;
  return type == boolean || type == int8 || type == int2 || type == int4;
}

Value read(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  if (!is_number(PQftype(result, column))) return std::string(text);
  std::int64_t number = text == "t" ? 1 : 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The server's last word before it closes the connection: it shuts down, or was told to end this.
// Or it said nothing: then libpq may still take a lost connection for a good one.
bool is_farewell(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr || std::string_view(state).starts_with("57P");
}

void ignore_notice(void*, const char*) {}

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(const platform::Secret& url) : url_(url) {}
  ~PostgresConnection() override { PQfinish(connection_); }

  tl::expected<Rows, Error> run(std::string_view statement,
                                std::span<const Value> parameters) override;
  tl::expected<void, Error> begin() override;
  tl::expected<void, Error> commit() override {
    in_transaction_ = false;
    return run_alone("COMMIT");
  }
  void roll_back() override {
    in_transaction_ = false;
    if (is_up()) run_alone("ROLLBACK");
  }
  tl::expected<void, Error> back_up(const std::string&) override {
    return tl::unexpected(Error{false, "PostgreSQL has tools of its own for this: pg_dump"});
  }
  tl::expected<bool, Error> has_table(const std::string& table) override {
    const Value wanted[] = {table};
    const auto found = run("SELECT to_regclass($1)::text", wanted);
    if (!found) return tl::unexpected(found.error());
    return !found->empty() && !text(found->front(), 0).empty();
  }
  std::string_view name() const override { return "postgresql"; }

 private:
  bool is_up() const { return connection_ != nullptr && PQstatus(connection_) == CONNECTION_OK; }
  tl::expected<void, Error> connect();
  tl::expected<void, Error> run_alone(const char* statement) {
    const auto done = run(statement, {});
    if (!done) return tl::unexpected(done.error());
    return {};
  }
  tl::expected<Rows, Error> execute(const std::string& statement,
                                    std::span<const Value> parameters);
  Error error(const PGresult* result) const;

  platform::Secret url_;
  PGconn* connection_ = nullptr;
  Clock::time_point next_attempt_;
  std::string last_failure_;
  bool in_transaction_ = false;
};

// The first line: what follows it may quote the statement.
std::string first_line(const char* message) {
  const std::string_view text(message == nullptr ? "" : message);
  return std::string(text.substr(0, text.find('\n')));
}

tl::expected<void, Error> PostgresConnection::connect() {
  if (is_up()) return {};
  // A transaction does not outlive its connection.
  if (in_transaction_) return tl::unexpected(Error{true, "postgresql: the connection was lost"});
  const auto now = Clock::now();
  if (now < next_attempt_) return tl::unexpected(Error{true, last_failure_});
  PQfinish(connection_);
  const std::string url(url_.reveal());
  const char* keywords[] = {"connect_timeout",  "tcp_user_timeout", "keepalives_idle",
                            "application_name", "client_encoding",  "gssencmode",
                            "options",          "dbname",           nullptr};
  // What the URL says comes last, and wins.
  const char* values[] = {"5",
                          "10000",
                          "30",
                          "bulkhead",
                          "UTF8",
                          "disable",
                          "-c statement_timeout=10000 -c lock_timeout=5000",
                          url.c_str(),
                          nullptr};
  connection_ = PQconnectdbParams(keywords, values, 1);
  platform::wipe(const_cast<std::string&>(url));
  if (is_up()) {
    PQsetNoticeProcessor(connection_, ignore_notice, nullptr);
    return {};
  }
  next_attempt_ = Clock::now() + pause_between_attempts;
  last_failure_ = "postgresql: " + first_line(PQerrorMessage(connection_));
  return tl::unexpected(Error{true, last_failure_});
}

Error PostgresConnection::error(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view code = state == nullptr ? "" : state;
  // Lost connections, resources, operator intervention, locks, read-only after a fail-over.
  const bool later = !is_up() || code.empty() || code.starts_with("08") || code.starts_with("53") ||
                     code.starts_with("57") || code.starts_with("40") || code == "55P03" ||
                     code == "25006";
  return {later,
          "postgresql: " + first_line(primary != nullptr ? primary : PQerrorMessage(connection_))};
}

tl::expected<Rows, Error> PostgresConnection::execute(const std::string& statement,
                                                      std::span<const Value> parameters) {
  std::vector<std::string> texts(parameters.size());
  std::vector<const char*> values(parameters.size(), nullptr);
  for (std::size_t each = 0; each < parameters.size(); ++each) {
    if (const auto* number = std::get_if<std::int64_t>(&parameters[each]))
      texts[each] = std::to_string(*number);
    else if (const auto* text = std::get_if<std::string>(&parameters[each]))
      texts[each] = *text;
    else
      continue;
    values[each] = texts[each].c_str();
  }
  const Result result(PQexecParams(connection_, statement.c_str(), static_cast<int>(values.size()),
                                   nullptr, values.data(), nullptr, nullptr, 0));
  for (std::string& text : texts) platform::wipe(text);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    const Error what = error(result.get());
    if (is_farewell(result.get())) {
      PQfinish(connection_);
      connection_ = nullptr;
    }
    return tl::unexpected(what);
  }
  Rows rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (int column = 0; column < PQnfields(result.get()); ++column)
      rows[row].push_back(read(result.get(), static_cast<int>(row), column));
  return rows;
}

tl::expected<Rows, Error> PostgresConnection::run(std::string_view statement,
                                                  std::span<const Value> parameters) {
  const bool was_up = is_up();
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  auto rows = execute(std::string(statement), parameters);
  // A server that restarted is only noticed by asking. What begins here can begin again; inside a
  // transaction all of it is lost.
  if (rows || is_up() || !was_up || in_transaction_) return rows;
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  return execute(std::string(statement), parameters);
}

tl::expected<void, Error> PostgresConnection::begin() {
  if (auto begun = run_alone("BEGIN"); !begun) return begun;
  in_transaction_ = true;
  const Value lock[] = {writer_lock};
  const auto locked = run("SELECT pg_advisory_xact_lock($1)", lock);
  if (locked) return {};
  roll_back();
  return tl::unexpected(locked.error());
}

}  // namespace

tl::expected<std::unique_ptr<Connection>, Error> open_postgres(const platform::Secret& url) {
  char* message = nullptr;
  std::string text(url.reveal());
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(text.c_str(), &message));
  platform::wipe(text);
  PQfreemem(message);
  // libpq's message would quote the URL, password and all.
  if (!options) return tl::unexpected(Error{false, "server.auth.store is no valid PostgreSQL URL"});
  return std::make_unique<PostgresConnection>(url);
}

}  // namespace bulkhead::auth::sql

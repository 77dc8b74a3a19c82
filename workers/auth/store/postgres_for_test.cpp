#include "workers/auth/store/postgres_for_test.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

namespace bulkhead::auth {
namespace {

namespace fs = std::filesystem;

std::string newest_programs() {
  std::string newest;
  std::error_code error;
  for (const auto& each : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string path = each.path().string() + "/bin";
    if (fs::exists(path + "/initdb") && path > newest) newest = path;
  }
  if (newest.empty()) throw std::runtime_error("PostgreSQL is not installed (postgresql)");
  return newest;
}

}  // namespace

// PostgreSQL refuses to run as root: then it is the user of its package.
PostgresForTest::PostgresForTest() : programs_(newest_programs()) {
  char path[] = "/tmp/bulkhead-postgres-XXXXXX";
  if (::mkdtemp(path) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = path;
  if (::geteuid() == 0) run("chown postgres " + directory_);
  run(as_server(programs_ + "/initdb -D " + directory_ + "/data -U tester -A trust -E UTF8 -N"));
  start();
}

PostgresForTest::~PostgresForTest() {
  stop();
  std::error_code error;
  fs::remove_all(directory_, error);
}

std::string PostgresForTest::as_server(const std::string& command) const {
  return ::geteuid() == 0 ? "runuser -u postgres -- " + command : command;
}

void PostgresForTest::run(const std::string& command) const {
  const std::string log = directory_ + "/command.log";
  const std::string whole = "cd / && " + command + " >" + log + " 2>&1";
  if (std::system(whole.c_str()) == 0) return;
  [[maybe_unused]] const int shown = std::system(("cat " + log + " >&2").c_str());
  throw std::runtime_error("failed: " + command);
}

void PostgresForTest::start() {
  run(as_server(programs_ + "/pg_ctl -w -D " + directory_ + "/data -l " + directory_ +
                "/data/server.log -o \"-c listen_addresses= -c fsync=off -k " + directory_ +
                "\" start"));
}

void PostgresForTest::stop() {
  run(as_server(programs_ + "/pg_ctl -w -m immediate -D " + directory_ + "/data stop"));
}

std::string PostgresForTest::new_database() {
  const std::string name = "test" + std::to_string(++databases_);
  run(programs_ + "/createdb -h " + directory_ + " -U tester " + name);
  return "postgresql://tester@/" + name + "?host=" + directory_;
}

PostgresForTest& postgres() {
  static PostgresForTest server;
  return server;
}

}  // namespace bulkhead::auth

// A PostgreSQL server of the distribution's packages, on a socket in a directory of its own.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>

namespace bulkhead::auth {

class PostgresForTest {
 public:
  PostgresForTest();   // throws std::runtime_error with the server's words
  ~PostgresForTest();  // and everything is gone
  PostgresForTest(const PostgresForTest&) = delete;
  PostgresForTest& operator=(const PostgresForTest&) = delete;

  // postgresql:// URL of an empty database that nobody else has been given.
  std::string new_database();
  void stop();
  void start();  // again

 private:
  void run(const std::string& command) const;
  std::string as_server(const std::string& command) const;

  std::string directory_, programs_;
  int databases_ = 0;
};

// One for the whole program.
PostgresForTest& postgres();

}  // namespace bulkhead::auth

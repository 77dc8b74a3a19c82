// The process log: one line an event on standard error, in logfmt:
//   time=2026-01-02T03:04:05.678Z level=info role=acceptor.0 pid=42 msg="listener added"
//   address=127.0.0.1:8080
// Values are escaped, so nothing that a client sends can forge a line or a field. Secrets have no
// conversion to Field.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bulkhead::runtime::log {

enum class Level { debug, info, warn, error };

struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  template <typename Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view name, Integer number) : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

// Call once at start, before any other thread. role: "supervisor", "acceptor.0", ...
void start(std::string_view role, Level level);
void set_level(Level level);
Level level();

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  if (level() <= Level::debug) write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

// Whether a process of that role and id wrote the line with write(): exactly its form, printable,
// role and pid at the end, and nowhere a second field that could be taken for one of the log's own.
// Of such a line only what it tells is the writer's word.
bool is_line_of(std::string_view line, std::string_view role, long pid);
// A line (without its end) that another process wrote, as it is.
void pass_on(std::string_view line);

// A value as logfmt wants it: bare if it is plain, else quoted with \" \\ \n and \xNN escapes.
std::string quote(std::string_view value);

}  // namespace bulkhead::runtime::log

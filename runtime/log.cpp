#include "runtime/log.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace bulkhead::runtime::log {
namespace {

std::atomic<Level> threshold{Level::info};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

const char* name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "info";
}

bool is_plain(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet > 0x20 && octet < 0x7f && c != '"' && c != '=' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto octet = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (octet < 0x20 || octet >= 0x7f) {
    out += "\\x";
    out += digits[octet >> 4];
    out += digits[octet & 15];
  } else {
    out += c;
  }
}

}  // namespace

void start(std::string_view role, Level level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("bulkhead", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ %v role=" + quote(role) + " pid=%P",
                      spdlog::pattern_time_type::utc);
  set_level(level);
}

void set_level(Level level) {
  threshold = level;
}
Level level() {
  return threshold;
}

std::string quote(std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain))
    return std::string(value);
  std::string out = "\"";
  for (const char c : value) append_escaped(out, c);
  return out + '"';
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < threshold.load()) return;
  std::string line = "level=";
  line += name(level);
  line += " msg=";
  line += quote(message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += quote(field.value);
  }
  spdlog::default_logger_raw()->log(to_spdlog(level),
                                    spdlog::string_view_t(line.data(), line.size()));
}

void pass_on(std::string_view line) {
  std::string whole(line);
  whole += '\n';
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

}  // namespace bulkhead::runtime::log

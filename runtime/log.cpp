#include "runtime/log.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "runtime/log_output.h"

namespace bulkhead::runtime::log {
namespace {

std::atomic<Level> threshold{Level::info};

LogOutput& output() {
  static LogOutput standard_error(STDERR_FILENO);
  return standard_error;
}

class Sink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    output().put({text.data(), text.size()});
  }
  void flush_() override {}
};

void say_lost() {
  if (const std::uint64_t lost = output().take_lost(); lost > 0) {
    const auto line =
        "level=warn msg=\"nobody read the log: lines were left out\" lines=" + std::to_string(lost);
    spdlog::default_logger_raw()->warn(line);
  }
}

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
  auto logger = std::make_shared<spdlog::logger>("bulkhead", std::make_shared<Sink>());
  logger->set_level(spdlog::level::trace);
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
  say_lost();
  spdlog::default_logger_raw()->log(to_spdlog(level),
                                    spdlog::string_view_t(line.data(), line.size()));
}

void pass_on(std::string_view line) {
  std::string whole(line);
  whole += '\n';
  say_lost();
  output().put(whole);
}

}  // namespace bulkhead::runtime::log

#include "workers/process/arguments.h"

#include <charconv>

namespace bulkhead::workers {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

template <typename Enum>
bool read_enum(std::string_view text, Enum last, Enum& out) {
  unsigned value = 0;
  if (!read_number(text, value) || value > static_cast<unsigned>(last)) return false;
  out = static_cast<Enum>(value);
  return true;
}

template <typename Enum>
std::string number(Enum value) {
  return std::to_string(static_cast<unsigned>(value));
}

bool read_option(Arguments& arguments, std::string_view name, const std::string& value) {
  using Source = platform::Identity::Source;
  if (name == "--index") return read_number(value, arguments.index);
  if (name == "--holder") return read_number(value, arguments.holder);
  if (name == "--uid") return read_number(value, arguments.identity.uid);
  if (name == "--gid") return read_number(value, arguments.identity.gid);
  if (name == "--identity")
    return read_enum(value, Source::invoking_user, arguments.identity.source);
  if (name == "--sandbox") return read_enum(value, platform::SandboxMode::off, arguments.sandbox);
  if (name == "--log-level")
    return read_enum(value, runtime::log::Level::error, arguments.log_level);
  if (name == "--user") {
    arguments.identity.user = value;
    return true;
  }
  if (name == "--pam") {
    arguments.pam = true;
    return true;
  }
  if (name == "--trial") {
    arguments.trial = true;
    return true;
  }
  if (name == "--state") {
    arguments.state_directory = value;
    return true;
  }
  if (name == "--readable") {
    arguments.readable_files.push_back(value);
    return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> Arguments::to_argv(std::string_view program) const {
  std::vector<std::string> argv{std::string(program),
                                "--index",
                                std::to_string(index),
                                "--holder",
                                std::to_string(holder),
                                "--uid",
                                std::to_string(identity.uid),
                                "--gid",
                                std::to_string(identity.gid),
                                "--identity",
                                number(identity.source),
                                "--user",
                                identity.user,
                                "--sandbox",
                                number(sandbox),
                                "--log-level",
                                number(log_level)};
  if (pam) {
    argv.emplace_back("--pam");
    argv.emplace_back("yes");
  }
  if (trial) {
    argv.emplace_back("--trial");
    argv.emplace_back("yes");
  }
  if (!state_directory.empty()) {
    argv.emplace_back("--state");
    argv.push_back(state_directory);
  }
  for (const std::string& file : readable_files) {
    argv.push_back("--readable");
    argv.push_back(file);
  }
  return argv;
}

std::optional<Arguments> Arguments::parse(int argc, char** argv) {
  if (argc % 2 == 0) return std::nullopt;
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    if (!read_option(arguments, argv[i], argv[i + 1])) return std::nullopt;
  }
  return arguments;
}

}  // namespace bulkhead::workers

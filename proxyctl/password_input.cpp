#include "proxyctl/password_input.h"

#include <array>
#include <cerrno>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

namespace bulkhead::proxyctl {
namespace {

constexpr std::size_t longest = 8192;

// Up to the line's end; never beyond it, and nothing of it is left in a buffer elsewhere.
tl::expected<platform::Secret, Failure> read_line() {
  std::array<char, longest> line{};
  std::size_t size = 0;
  while (true) {
    char c = 0;
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    if (size == line.size()) return tl::unexpected(Failure{ExitCode::usage, "that is too long"});
    line[size++] = c;
  }
  if (size != 0 && line[size - 1] == '\r') --size;
  platform::Secret secret(std::string_view(line.data(), size));
  sodium_memzero(line.data(), line.size());
  if (secret.empty())
    return tl::unexpected(
        Failure{ExitCode::usage,
                "no password was given: type it, or have it as the first line of standard input"});
  return secret;
}

void say(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

tl::expected<platform::Secret, Failure> ask_person(const std::string& prompt) {
  termios shown{};
  ::tcgetattr(STDIN_FILENO, &shown);
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  say(prompt);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  auto secret = read_line();
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  say("\n");
  return secret;
}

}  // namespace

tl::expected<platform::Secret, Failure> read_password(const std::string& prompt, bool again) {
  if (::isatty(STDIN_FILENO) == 0) return read_line();
  auto first = ask_person(prompt + ": ");
  if (!first || !again) return first;
  auto second = ask_person(prompt + ", again: ");
  if (!second) return second;
  if (*first != *second)
    return tl::unexpected(Failure{ExitCode::usage, "the two are not the same"});
  return first;
}

platform::Secret generate_password() {
  constexpr std::string_view characters = "abcdefghijkmnpqrstuvwxyz23456789";
  std::array<char, 20> text{};
  for (char& c : text)
    c = characters[randombytes_uniform(static_cast<std::uint32_t>(characters.size()))];
  platform::Secret secret(std::string_view(text.data(), text.size()));
  sodium_memzero(text.data(), text.size());
  return secret;
}

}  // namespace bulkhead::proxyctl

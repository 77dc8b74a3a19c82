#include "proxyctl/terminal.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sstream>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bulkhead::proxyctl {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int) {
  interrupted = 1;
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

void put(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// At most so many columns; an escape sequence counts for none, and is never cut.
std::string cut(std::string_view line, std::size_t columns) {
  std::string out;
  for (std::size_t i = 0, width = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      const std::size_t end = std::min(line.find('m', i), line.size() - 1);
      out.append(line.substr(i, end - i + 1));
      i = end;
      continue;
    }
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
    if (begins && ++width > columns) break;
    out += line[i];
  }
  return out;
}

}  // namespace

Terminal::Terminal() {
  catch_signals();
  changed_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (changed_) {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  put("\x1b[?1049h\x1b[?25l");
}

Terminal::~Terminal() {
  put("\x1b[?25h\x1b[?1049l");
  if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

Terminal::Size Terminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0) return {};
  return {window.ws_row, window.ws_col};
}

void Terminal::draw(const std::string& lines) {
  const Size room = size();
  std::string frame = "\x1b[H";
  std::istringstream in(lines);
  std::string line;
  for (std::size_t row = 0; row < room.rows && std::getline(in, line); ++row)
    frame += (row == 0 ? "" : "\r\n") + cut(line, room.columns) + "\x1b[0m\x1b[K";
  put(frame + "\x1b[J");
}

std::optional<char> Terminal::wait_key(std::chrono::steady_clock::time_point deadline) {
  while (interrupted == 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, static_cast<int>(std::min<long>(left.count(), 60'000)));
    if (ready <= 0) continue;
    char key = 'q';
    if (::read(STDIN_FILENO, &key, 1) == 1) return key;
    return 'q';
  }
  return 'q';
}

}  // namespace bulkhead::proxyctl

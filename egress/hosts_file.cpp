#include "egress/hosts_file.h"

#include <algorithm>
#include <fstream>

#include "wire/host_name.h"

namespace bulkhead::egress {
namespace {

constexpr std::string_view blanks = " \t\r";

// Takes the next word off the line; empty at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

const std::vector<wire::IpAddress>* HostsFile::find(const std::string& name, Time now) {
  if (path_.empty()) return nullptr;
  if (now >= next_look_) {
    next_look_ = now + std::chrono::seconds(1);
    refresh();
  }
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

std::optional<HostsFile::Version> HostsFile::version() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Version{status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino, status.st_size};
}

void HostsFile::refresh() {
  const std::optional<Version> current = version();
  if (current == read_version_) return;
  read_version_ = current;
  names_.clear();
  if (current) read();
}

void HostsFile::read() {
  std::ifstream file(path_);
  std::string line;
  for (std::size_t total = 0; std::getline(file, line);) {
    total += line.size() + 1;
    if (total > max_bytes) return;
    add_line(std::string_view(line).substr(0, line.find('#')));
  }
}

void HostsFile::add_line(std::string_view line) {
  const auto address = wire::IpAddress::parse(take_word(line));
  if (!address) return;
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    const auto name = wire::to_ascii_name(word);
    if (!name) continue;
    auto& addresses = names_[*name];
    const bool known = std::find(addresses.begin(), addresses.end(), *address) != addresses.end();
    if (!known && addresses.size() < max_addresses) addresses.push_back(*address);
  }
}

}  // namespace bulkhead::egress

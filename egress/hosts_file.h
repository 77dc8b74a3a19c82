// /etc/hosts, read again when it has changed. It is looked at once a second at most, on the
// caller's stack: it is a small local file. Without it, or when it cannot be read, no name is
// found.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unordered_map>
#include <vector>

#include "wire/address.h"

namespace bulkhead::egress {

class HostsFile {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t max_bytes = 16 * 1024 * 1024;  // what is beyond is not read
  static constexpr std::size_t max_addresses = 16;            // a name; what is beyond is dropped

  explicit HostsFile(std::string path) : path_(std::move(path)) {}  // empty: none

  // The addresses of a name as to_ascii_name() writes it, in the file's order; null if it has none.
  // Valid until the next call.
  const std::vector<wire::IpAddress>* find(const std::string& name, Time now);

 private:
  struct Version {
    time_t seconds = 0;
    long nanoseconds = 0;
    ino_t inode = 0;
    off_t size = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };

  std::optional<Version> version() const;
  void refresh();
  void read();
  void add_line(std::string_view line);

  std::string path_;
  Time next_look_ = Time::min();
  std::optional<Version> read_version_;
  std::unordered_map<std::string, std::vector<wire::IpAddress>> names_;
};

}  // namespace bulkhead::egress

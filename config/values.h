// The small value types settings are made of. All are plain values, compared by content.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "platform/secret.h"
#include "wire/address.h"

namespace bulkhead::config {

using Duration =
    std::chrono::milliseconds;  // written "500ms", "10s", "1m30s", "2h"; 0 is written "0s"
using Secret = platform::Secret;

// Bytes; written "100MB" (10^6), "10MiB" (2^20), "512KB", or a bare number.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend bool operator==(const ByteSize&, const ByteSize&) = default;
};

// Inclusive on both ends, 1-65535; written 443 or "8000-8999".
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// Which names a rule means, already normalised: lower case, A-labels (punycode), no trailing dot.
//   "*"                every destination, addresses included
//   "*.example.com"    example.com and everything below it
//   "example.com"      this name alone
//   "192.0.2.1"        an address literal, in wire::IpAddress::to_string() form
struct DomainPattern {
  std::string text;
  friend bool operator==(const DomainPattern&, const DomainPattern&) = default;
};

// Where something was written. Not part of its value: two origins always compare equal, so that
// moving a rule down a line is no change.
struct Origin {
  enum class Source : std::uint8_t { file, managed, built_in };
  Source source = Source::file;
  std::string path;   // "rules[3]": the key in its source
  unsigned line = 0;  // 1-based; 0 when there is none
  unsigned column = 0;
  friend bool operator==(const Origin&, const Origin&) { return true; }
};

}  // namespace bulkhead::config

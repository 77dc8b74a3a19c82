// The counters of all places together, in the reader's own memory.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "ipc/page/counters_page.h"

namespace bulkhead::ipc {

struct ByteSum {
  std::uint64_t up = 0, down = 0;
};

struct ProtocolSum {
  std::uint64_t active = 0, requests = 0;
  ByteSum bytes;
};

struct BackendSum {
  std::uint64_t active = 0, opened = 0, failed = 0;
  ByteSum bytes;
  std::array<std::uint64_t, methods> requests{};
  std::array<std::uint64_t, max_refusals> refused{};
  HistogramSum connect, request;
};

struct CountersSum {
  std::uint64_t active = 0, accepted = 0, turned_away = 0, lost = 0;
  std::array<std::uint64_t, methods> requests{};
  std::array<std::uint64_t, max_refusals> refused{};
  std::array<ProtocolSum, protocols> by_protocol{};
  HistogramSum connect, first_byte, request;
  std::map<std::string, BackendSum, std::less<>> backends;  // those asked for

  // Asks for a backend; before add().
  void want(std::string_view backend) { backends.try_emplace(std::string(backend)); }
  void add(const CountersPage& page);

  std::uint64_t all_requests() const;
  std::uint64_t all_refused() const;
  ByteSum all_bytes() const;
};

}  // namespace bulkhead::ipc

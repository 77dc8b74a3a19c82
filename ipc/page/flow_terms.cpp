#include "ipc/page/flow_terms.h"

#include <algorithm>

namespace bulkhead::ipc {
namespace {

proto::Bytes encoded(const FlowTerms& terms) {
  proto::Bytes bytes;
  proto::Writer(bytes).put(terms);
  return bytes;
}

// Takes away what the log can do without, one thing a call. False: nothing is left to take away.
bool shorten(FlowTerms& terms) {
  if (!terms.headers.items.empty()) {
    terms.headers.items.clear();
  } else if (!terms.referer.value.empty()) {
    terms.referer.value.clear();
  } else if (!terms.user_agent.value.empty()) {
    terms.user_agent.value.clear();
  } else if (!terms.path.value.empty()) {
    terms.path.value.resize(terms.path.value.size() / 2);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::size_t write_terms(FlowTerms terms, std::span<std::uint8_t> room) {
  proto::Bytes bytes = encoded(terms);
  while (bytes.size() > room.size()) {
    if (!shorten(terms)) return 0;
    bytes = encoded(terms);
  }
  std::copy(bytes.begin(), bytes.end(), room.begin());
  return bytes.size();
}

std::optional<FlowTerms> read_terms(std::span<const std::uint8_t> octets) {
  return proto::decode<FlowTerms>(octets);
}

}  // namespace bulkhead::ipc

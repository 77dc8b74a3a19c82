// A YAML document as a tree of positions and raw text, nothing interpreted. Built from yaml-cpp's
// events rather than its nodes: that keeps every position, sees duplicate keys, costs a fraction of
// the time, and lets the bounds below stop a hostile document while it is being read. Internal to
// config/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace bulkhead::config {

inline constexpr unsigned max_depth = 32;
inline constexpr std::size_t max_nodes = 1'000'000;  // aliases count as what they stand for
inline constexpr std::size_t max_text =
    std::size_t{64} * 1024 * 1024;  // bytes of all scalars together

// Where a node was written. source indexes a list of names kept by the reader of the tree.
struct Mark {
  unsigned source = 0;
  unsigned line = 0;  // 1-based; 0: nowhere
  unsigned column = 0;
};

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Mark mark;
  std::string text;            // scalar
  std::vector<Node> items;     // sequence
  std::vector<Entry> entries;  // map, in the order written, duplicates kept
};

struct Entry {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

// Parses one document. On a syntax error or a passed bound, adds a diagnostic (with `name` as file)
// and returns a null node. An empty document is a null node without complaint. Never throws but for
// lack of memory.
Node parse_tree(std::string_view yaml, std::string_view name, unsigned source,
                std::vector<Diagnostic>& diagnostics);

// "a list", "a mapping", "text", "nothing": for messages.
std::string_view kind_name(const Node& node);

}  // namespace bulkhead::config

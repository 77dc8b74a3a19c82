// Settings of the command line, put into the tree.
#include "config/override.h"

#include <algorithm>

#include "config/text.h"

namespace bulkhead::config {
namespace {

// The command line has no lines.
void place(Node& node, Mark mark) {
  node.mark = mark;
  for (Node& item : node.items) place(item, mark);
  for (Entry& entry : node.entries) {
    entry.mark = mark;
    place(entry.value, mark);
  }
}

Node& child(Node& parent, std::string_view key, Mark mark) {
  const auto found = std::find_if(parent.entries.begin(), parent.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found != parent.entries.end()) return found->value;
  parent.kind = Node::Kind::map;
  Entry entry;
  entry.key = key;
  entry.mark = mark;
  entry.value.mark = mark;
  return parent.entries.emplace_back(std::move(entry)).value;
}

Node parse_value(Reader& reader, std::string_view text, const Override& change, Mark mark) {
  Node value = parse_tree(text, change.source, mark.source, reader.diagnostics());
  if (value.kind == Node::Kind::null && text.empty())
    value.kind = Node::Kind::scalar;  // "key=" is empty text
  place(value, mark);
  return value;
}

}  // namespace

void apply_override(Reader& reader, Node& tree, const Override& change) {
  const Mark mark{reader.add_source(change.source), 0, 0};
  const std::string_view assignment = change.assignment;
  const std::size_t equals = assignment.find('=');
  std::string_view path = assignment.substr(0, equals);
  if (equals == std::string_view::npos || path.empty() ||
      std::count(path.begin(), path.end(), '.') >= max_depth)
    return reader.report(Severity::error, mark, printable(assignment.substr(0, equals)),
                         "is no setting", "write key=value, like server.http_port=9090");
  Node* at = &tree;
  for (;;) {
    if (at->kind != Node::Kind::map && at->kind != Node::Kind::null)
      return reader.report(Severity::error, mark, printable(assignment.substr(0, equals)),
                           "leads into what is no section", "a list is replaced as a whole");
    const std::size_t dot = path.find('.');
    at = &child(*at, path.substr(0, dot), mark);
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  *at = parse_value(reader, assignment.substr(equals + 1), change, mark);
}

}  // namespace bulkhead::config

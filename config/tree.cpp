// Builds the tree from yaml-cpp's events.
#include "config/tree.h"

#include <algorithm>
#include <istream>
#include <stdexcept>
#include <streambuf>
#include <unordered_map>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "config/text.h"

namespace bulkhead::config {
namespace {

// What the builder throws through yaml-cpp to stop it.
struct Refusal {
  Mark mark;
  std::string message;
  std::string hint;
};

// yaml-cpp reads from a stream; this one reads from where the text already is.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(unsigned source) : source_(source) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "a second document", "one file holds one configuration");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = at(mark);
    add(mark, std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias that stands inside what it refers to");
    charge(mark, found->second);
    add(mark, Node(found->second), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.mark = at(mark);
    node.text = value;
    charge_text(mark, value.size());
    add(mark, std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    bool has_key = false;  // in a map: a key waits for its value
  };

  Mark at(const YAML::Mark& mark) const {
    return {source_, static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message,
                           std::string hint = {}) const {
    throw Refusal{at(mark), std::move(message), std::move(hint)};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with(core)) return;
    refuse(mark, "a tag, and no setting takes one");
  }

  void charge_text(const YAML::Mark& mark, std::size_t bytes) {
    text_ += bytes;
    if (text_ > max_text) refuse(mark, "more text than a configuration may hold");
  }

  void charge_node(const YAML::Mark& mark) {
    if (++nodes_ > max_nodes)
      refuse(mark, "more values than a configuration may hold",
             "aliases count as what they stand for");
  }

  // An alias costs what it copies.
  void charge(const YAML::Mark& mark, const Node& node) {
    charge_node(mark);
    charge_text(mark, node.text.size());
    for (const Node& item : node.items) charge(mark, item);
    for (const Entry& entry : node.entries) {
      charge_text(mark, entry.key.size());
      charge(mark, entry.value);
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    check_tag(mark, tag);
    if (stack_.size() >= max_depth) refuse(mark, "nested deeper than any setting");
    Open opened;
    opened.node.kind = kind;
    opened.node.mark = at(mark);
    opened.anchor = anchor;
    opened.mark = mark;
    stack_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    add(closed.mark, std::move(closed.node), closed.anchor);
  }

  static unsigned height(const Node& node) {
    unsigned below = 0;
    for (const Node& item : node.items) below = std::max(below, height(item));
    for (const Entry& entry : node.entries) below = std::max(below, height(entry.value));
    return below + 1;
  }

  void remember(const YAML::Mark& mark, const Node& node, YAML::anchor_t anchor) {
    if (height(node) > max_depth) refuse(mark, "nested deeper than any setting");
    charge(mark, node);
    anchors_[anchor] = node;
  }

  void add(const YAML::Mark& mark, Node node, YAML::anchor_t anchor) {
    charge_node(mark);
    if (anchor != 0) remember(mark, node, anchor);
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.node.entries.back().value = std::move(node);
      parent.has_key = false;
    } else {
      add_key(mark, parent, std::move(node));
    }
  }

  void add_key(const YAML::Mark& mark, Open& parent, Node key) {
    if (key.kind == Node::Kind::null) key.text = "null";
    if (key.kind == Node::Kind::sequence || key.kind == Node::Kind::map)
      refuse(mark, "a key that is not a word");
    Entry entry;
    entry.key = std::move(key.text);
    entry.mark = key.mark;
    parent.node.entries.push_back(std::move(entry));
    parent.has_key = true;
  }

  unsigned source_;
  unsigned documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t text_ = 0;
  Node root_;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
};

// yaml-cpp guesses encodings and reads past odd bytes; what it is given is plain UTF-8 text or
// nothing.
void refuse_odd_bytes(std::string_view yaml, unsigned source) {
  const std::size_t bad = first_bad_text(yaml);
  if (bad == std::string_view::npos) return;
  const std::string_view before = yaml.substr(0, bad);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto line = static_cast<unsigned>(std::count(before.begin(), before.end(), '\n') + 1);
  throw Refusal{{source, line, static_cast<unsigned>(bad - line_start) + 1},
                "a byte that is neither UTF-8 nor printable",
                "save the file as UTF-8 text"};
}

Node build(std::string_view yaml, unsigned source) {
  if (yaml.starts_with("\xEF\xBB\xBF")) yaml.remove_prefix(3);
  refuse_odd_bytes(yaml, source);
  ViewBuffer buffer(yaml);
  std::istream stream(&buffer);
  YAML::Parser parser(stream);
  Builder builder(source);
  while (parser.HandleNextDocument(builder)) {
  }
  return builder.take_root();
}

// yaml-cpp says "illegal map value" of a line that a tab indents.
std::string hint_of_tab(std::string_view yaml, unsigned line) {
  for (unsigned at = 1; at < line; ++at) {
    const std::size_t end = yaml.find('\n');
    if (end == std::string_view::npos) return {};
    yaml.remove_prefix(end + 1);
  }
  const std::size_t text = yaml.find_first_not_of(" \t");
  if (yaml.substr(0, text).find('\t') == std::string_view::npos) return {};
  return "YAML indents with spaces; this line begins with a tab";
}

void report(std::vector<Diagnostic>& diagnostics, std::string_view name, Mark mark,
            std::string message, std::string hint = {}) {
  Diagnostic diagnostic;
  diagnostic.file = name;
  diagnostic.line = mark.line;
  diagnostic.column = mark.column;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  diagnostics.push_back(std::move(diagnostic));
}

}  // namespace

Node parse_tree(std::string_view yaml, std::string_view name, unsigned source,
                std::vector<Diagnostic>& diagnostics) {
  try {
    return build(yaml, source);
  } catch (const Refusal& refusal) {
    report(diagnostics, name, refusal.mark, refusal.message, refusal.hint);
  } catch (const YAML::Exception& error) {
    const bool known = !error.mark.is_null();
    const Mark mark{source, known ? static_cast<unsigned>(error.mark.line) + 1 : 0,
                    known ? static_cast<unsigned>(error.mark.column) + 1 : 0};
    report(diagnostics, name, mark, "YAML: " + printable(error.msg), hint_of_tab(yaml, mark.line));
  } catch (const std::logic_error&) {  // yaml-cpp lets some of the standard library's through
    report(diagnostics, name, {}, "YAML: not understood");
  } catch (const std::runtime_error&) {
    report(diagnostics, name, {}, "YAML: not understood");
  }
  return {};
}

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return "text";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a mapping";
    case Node::Kind::null:
      break;
  }
  return "nothing";
}

}  // namespace bulkhead::config

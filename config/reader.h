// Walks a tree along the definitions and fills the model, collecting every error on the way.
// Internal to config/.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/diagnostic.h"
#include "config/load.h"
#include "config/tree.h"
#include "config/values.h"

namespace bulkhead::config {

// A text the reader did not find where it was written: what the configuration names.
struct FileContents {
  std::string text;
  std::string error;  // why not, if it could not be read
};

// Reads a whole regular file of at most limit bytes; regular_only off also takes pipes (the
// configuration itself).
FileContents read_file(const std::string& path, std::size_t limit, bool regular_only = true);

class Reader {
 public:
  // What a scalar may stand for.
  struct Expansion {
    bool variables = true;  // ${NAME}
    bool files = true;      // file:/path and enc:…, in secrets
    bool internal = false;  // keys that only project() writes
  };

  Reader(const LoadOptions& options, Expansion expansion)
      : options_(options), expansion_(expansion) {}

  // A name diagnostics call a source by; its index goes into marks. base is the folder of relative
  // paths.
  unsigned add_source(std::string name, std::string base = {});

  // --- walking: the key the reader is at ---
  void enter(std::string_view key) { path_.emplace_back(key); }
  void enter(std::size_t index) { path_.emplace_back(index); }
  void leave() { path_.pop_back(); }
  std::string path() const;
  void note_position(Mark mark);  // of the key the reader is at, for checks that come later
  // Of the key in the file (overrides included: they replace) or the managed file, or of the
  // nearest one around it.
  Mark position(Origin::Source where, std::string_view path) const;
  bool written(Origin::Source where, std::string_view path) const;

  // --- scalars ---
  // The node's text after expansion, or nothing (and an error).
  std::optional<std::string> scalar(const Node& node, bool is_secret);
  std::string resolve_path(const Node& node, std::string path) const;
  bool internal_keys() const { return expansion_.internal; }
  void add_file(std::string path) { files_read_.push_back(std::move(path)); }

  // --- complaints, of the key the reader is at or of another ---
  void error(Mark mark, std::string message, std::string hint = {});
  void report(Severity severity, Mark mark, std::string key, std::string message, std::string hint);
  // The value was written, but as the wrong thing.
  void expected(const Node& node, std::string_view what, std::string hint = {});
  bool complained(Origin::Source where,
                  std::string_view prefix) const;  // an error about the key or below it

  std::vector<Diagnostic>& diagnostics() { return diagnostics_; }
  std::vector<std::string>& files_read() { return files_read_; }
  // What is read from here on belongs to the managed file, which is the source given.
  void begin_managed(unsigned source) {
    origin_source_ = Origin::Source::managed;
    managed_source_ = source;
  }
  std::size_t source_rank(std::string_view name) const;  // the order sources were added in
  Origin::Source origin_source() const { return origin_source_; }

 private:
  struct Source {
    std::string name;
    std::string base;
  };
  std::optional<std::string> expand(const Node& node);
  std::optional<std::string> read_secret(const Node& node, std::string_view path);
  std::optional<std::string> open_sealed(const Node& node, const std::string& sealed);
  std::optional<std::string> variable(std::string_view name) const;

  const LoadOptions& options_;
  Expansion expansion_;
  std::vector<Source> sources_;
  std::vector<std::variant<std::string_view, std::size_t>> path_;
  std::map<std::pair<Origin::Source, std::string>, Mark> positions_;
  Origin::Source origin_source_ = Origin::Source::file;
  unsigned managed_source_ = 0;  // means something once origin_source_ is managed
  std::vector<Diagnostic> diagnostics_;
  std::vector<std::string> files_read_;
};

// The index and key of list elements: "rules[3]".
std::string element(std::string_view list, std::size_t index);

}  // namespace bulkhead::config

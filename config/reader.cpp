// The reader's own part: where it is, what a scalar stands for, what was wrong. The walk itself is
// in read.cpp.
#include "config/reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/sealed.h"
#include "config/text.h"
#include "platform/unique_fd.h"

namespace bulkhead::config {
namespace {

constexpr std::size_t max_diagnostics = 500;

std::string system_error(int number) {
  return std::strerror(number);
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string_view parent_path(std::string_view path) {
  const std::size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
}

bool is_below(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) &&
         (key.size() == prefix.size() || key[prefix.size()] == '.' || key[prefix.size()] == '[');
}

}  // namespace

FileContents read_file(const std::string& path, std::size_t limit, bool regular_only) {
  // O_NONBLOCK: a FIFO named as a secret must not hang the start.
  const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular_only ? O_NONBLOCK : 0);
  const platform::UniqueFd file(::open(path.c_str(), flags));
  if (file.get() < 0) return {{}, system_error(errno)};
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return {{}, system_error(errno)};
  if (S_ISDIR(status.st_mode) || (regular_only && !S_ISREG(status.st_mode)))
    return {{}, "not a file"};
  FileContents contents;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) contents.error = system_error(errno);
    if (count <= 0) break;
    contents.text.append(buffer, static_cast<std::size_t>(count));
    if (contents.text.size() > limit) {
      contents.error = "larger than " + std::to_string(limit) + " bytes";
      break;
    }
  }
  platform::wipe(std::span<char>(buffer));
  if (!contents.error.empty()) platform::wipe(contents.text);
  return contents;
}

std::string element(std::string_view list, std::size_t index) {
  return std::string(list) + '[' + std::to_string(index) + ']';
}

unsigned Reader::add_source(std::string name, std::string base) {
  sources_.push_back({std::move(name), std::move(base)});
  return static_cast<unsigned>(sources_.size() - 1);
}

std::size_t Reader::source_rank(std::string_view name) const {
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const Source& source) { return source.name == name; });
  return static_cast<std::size_t>(found - sources_.begin());
}

std::string Reader::path() const {
  std::string out;
  for (const auto& segment : path_) {
    if (const auto* index = std::get_if<std::size_t>(&segment)) {
      out += '[' + std::to_string(*index) + ']';
    } else {
      if (!out.empty()) out += '.';
      out += std::get<std::string_view>(segment);
    }
  }
  return out;
}

void Reader::note_position(Mark mark) {
  positions_.insert_or_assign({origin_source_, path()}, mark);
}

bool Reader::written(Origin::Source where, std::string_view path) const {
  return positions_.contains({where, std::string(path)});
}

Mark Reader::position(Origin::Source where, std::string_view path) const {
  for (; !path.empty(); path = parent_path(path)) {
    const auto found = positions_.find({where, std::string(path)});
    if (found != positions_.end()) return found->second;
  }
  return {where == Origin::Source::managed ? managed_source_ : 0, 0, 0};
}

std::optional<std::string> Reader::variable(std::string_view name) const {
  if (options_.environment) return options_.environment(name);
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> Reader::expand(const Node& node) {
  const std::string& text = node.text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      out += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    const std::string_view name = end == std::string::npos
                                      ? std::string_view{}
                                      : std::string_view(text).substr(at + 2, end - at - 2);
    if (!is_variable_name(name)) {
      error(node.mark, "${ begins no variable",
            "write ${NAME} for the environment's, $${ for the characters");
      return std::nullopt;
    }
    const auto value = variable(name);
    if (!value) {
      error(node.mark, "the environment variable " + std::string(name) + " is not set",
            "set it, or write $${ for the characters");
      return std::nullopt;
    }
    out += *value;
    at = end + 1;
  }
  return out;
}

std::optional<std::string> Reader::read_secret(const Node& node, std::string_view path) {
  const std::string name = resolve_path(node, std::string(path));
  add_file(name);
  FileContents contents = read_file(name, max_secret_size);
  if (!contents.error.empty()) {
    error(node.mark, "cannot read the secret from " + printable(name) + ": " + contents.error);
    return std::nullopt;
  }
  while (contents.text.ends_with('\n') || contents.text.ends_with('\r')) contents.text.pop_back();
  return std::move(contents.text);
}

std::optional<std::string> Reader::open_sealed(const Node& node, const std::string& sealed) {
  const std::string path = variable("BULKHEAD_KEY_FILE").value_or(resolve_path(node, "secret.key"));
  add_file(path);
  const auto key = read_sealing_key(path);
  if (!key) {
    error(node.mark, "is sealed, and its key cannot be read: " + printable(key.error()),
          "BULKHEAD_KEY_FILE says where it is");
    return std::nullopt;
  }
  const auto opened = unseal(sealed, *key);
  if (!opened) {
    error(node.mark, opened.error(), "proxyctl secret seal makes another");
    return std::nullopt;
  }
  return std::string(opened->reveal());
}

std::string Reader::resolve_path(const Node& node, std::string path) const {
  const std::string& base = sources_[node.mark.source].base;
  if (path.empty() || path.starts_with('/') || base.empty()) return path;
  return base + '/' + path;
}

std::optional<std::string> Reader::scalar(const Node& node, bool is_secret) {
  if (node.kind != Node::Kind::scalar) {
    expected(node, is_secret ? "a secret as text" : "a single value",
             node.kind == Node::Kind::null ? "write \"\" for empty text" : "");
    return std::nullopt;
  }
  std::optional<std::string> text = expansion_.variables ? expand(node) : node.text;
  if (text && is_secret && expansion_.files && text->starts_with("file:"))
    text = read_secret(node, std::string_view(*text).substr(5));
  else if (text && is_secret && expansion_.files && text->starts_with(sealed_prefix))
    text = open_sealed(node, *text);
  if (text && first_bad_text(*text) != std::string::npos) {
    error(node.mark, "holds a control character, or bytes that are not UTF-8");
    platform::wipe(*text);
    return std::nullopt;
  }
  return text;
}

void Reader::error(Mark mark, std::string message, std::string hint) {
  report(Severity::error, mark, path(), std::move(message), std::move(hint));
}

void Reader::expected(const Node& node, std::string_view what, std::string hint) {
  error(node.mark, "expected " + std::string(what) + ", found " + std::string(kind_name(node)),
        std::move(hint));
}

void Reader::report(Severity severity, Mark mark, std::string key, std::string message,
                    std::string hint) {
  if (diagnostics_.size() > max_diagnostics) return;
  Diagnostic diagnostic;
  diagnostic.file = sources_[mark.source].name;
  diagnostic.line = mark.line;
  diagnostic.column = mark.column;
  diagnostic.severity = severity;
  diagnostic.key = std::move(key);
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  if (diagnostics_.size() == max_diagnostics) {
    diagnostic.severity = Severity::error;
    diagnostic.key.clear();
    diagnostic.message = "more is wrong than is worth listing";
    diagnostic.hint.clear();
  }
  diagnostics_.push_back(std::move(diagnostic));
}

bool Reader::complained(Origin::Source where, std::string_view prefix) const {
  const bool managed = where == Origin::Source::managed;
  return std::any_of(diagnostics_.begin(), diagnostics_.end(), [&](const Diagnostic& diagnostic) {
    const bool of_managed = origin_source_ == Origin::Source::managed &&
                            diagnostic.file == sources_[managed_source_].name;
    return diagnostic.severity == Severity::error && managed == of_managed &&
           is_below(diagnostic.key, prefix);
  });
}

}  // namespace bulkhead::config

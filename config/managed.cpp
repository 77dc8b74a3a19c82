// The managed file: read, applied, written.
#include "config/managed.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "config/describe.h"
#include "config/reader.h"
#include "config/sealed.h"
#include "config/writer.h"
#include "platform/unique_fd.h"

namespace bulkhead::config {
namespace {

template <class T>
auto find_named(std::vector<T>& items, const std::string& name) {
  return std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
}

template <class T>
void remove_named(std::vector<T>& items, const std::vector<std::string>& names) {
  std::erase_if(items, [&](const T& item) {
    return std::find(names.begin(), names.end(), item.name) != names.end();
  });
}

void add_rule(std::vector<Rule>& rules, const ManagedRule& added) {
  if (const auto same = find_named(rules, added.rule.name); same != rules.end()) {
    *same = added.rule;
    return;
  }
  auto place = std::find_if(rules.begin(), rules.end(),
                            [](const Rule& rule) { return rule.match.is_catch_all(); });
  if (added.position)
    place = rules.begin() +
            static_cast<std::ptrdiff_t>(std::min(std::size_t{*added.position}, rules.size()));
  rules.insert(place, added.rule);
}

// The places listed rules hold now, filled with the same rules in the order given.
void reorder(std::vector<Rule>& rules, const std::vector<std::string>& order) {
  std::vector<std::size_t> places;
  std::vector<Rule> sorted;
  for (const std::string& name : order) {
    const auto found = find_named(rules, name);
    const auto place = static_cast<std::size_t>(found - rules.begin());
    if (found == rules.end() || std::find(places.begin(), places.end(), place) != places.end())
      continue;
    places.push_back(place);
    sorted.push_back(*found);
  }
  std::sort(places.begin(), places.end());
  for (std::size_t index = 0; index < places.size(); ++index)
    rules[places[index]] = std::move(sorted[index]);
}

std::string failure(std::string_view what, const std::string& path) {
  return std::string(what) + ' ' + path + ": " + std::strerror(errno);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> replace_file(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  {
    const platform::UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
    if (file.get() < 0) return failure("cannot create", temporary);
    if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      std::string why = failure("cannot write", temporary);
      ::unlink(temporary.c_str());
      return why;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    std::string why = failure("cannot replace", path);
    ::unlink(temporary.c_str());
    return why;
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const platform::UniqueFd directory(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    return failure("cannot sync the folder of", path);
  return std::nullopt;
}

// Read back, a secret that begins so would be taken for a path, or for a sealed one.
bool looks_like_another(const Secret& secret) {
  return secret.reveal().starts_with("file:") || secret.reveal().starts_with(sealed_prefix);
}

bool has_unwritable_secret(const Backend& backend) {
  return (backend.proxy && looks_like_another(backend.proxy->password)) ||
         (backend.openvpn && looks_like_another(backend.openvpn->password));
}

}  // namespace

void merge(Config& config, const Managed& managed) {
  remove_named(config.backends, managed.removed_backends);
  remove_named(config.rules, managed.removed_rules);
  for (const Backend& backend : managed.backends) {
    const auto same = find_named(config.backends, backend.name);
    if (same != config.backends.end())
      *same = backend;
    else
      config.backends.push_back(backend);
  }
  for (const ManagedRule& rule : managed.rules) add_rule(config.rules, rule);
  reorder(config.rules, managed.rule_order);
}

ManagedResult read_managed_text(std::string_view yaml, std::string_view name,
                                const LoadOptions& options) {
  Reader reader(options, {});
  const unsigned source =
      reader.add_source(std::string(name), std::filesystem::path(name).parent_path().string());
  reader.begin_managed(source);
  ManagedResult result;
  const Node tree = parse_tree(yaml, name, source, reader.diagnostics());
  if (!has_errors(reader.diagnostics()))
    section_of<Managed>().read(reader, tree, {}, &result.managed);
  result.diagnostics = std::move(reader.diagnostics());
  return result;
}

ManagedResult read_managed(const std::string& path, const LoadOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  const FileContents contents = read_file(path, max_file_size);
  if (contents.error.empty()) return read_managed_text(contents.text, path, options);
  ManagedResult result;
  Diagnostic diagnostic;
  diagnostic.file = path;
  diagnostic.message = "cannot be read: " + contents.error;
  result.diagnostics.push_back(std::move(diagnostic));
  return result;
}

tl::expected<std::string, std::string> to_yaml(const Managed& managed) {
  if (std::any_of(managed.backends.begin(), managed.backends.end(), has_unwritable_secret))
    return tl::unexpected(
        std::string("a secret that begins with \"file:\" or \"enc:\" cannot be kept"));
  return "# Kept by proxyctl: what it added and removed. Applied over the configuration file.\n" +
         write_section(section_of<Managed>(), &managed, Writer::Purpose::managed, every_role);
}

bool forget_vanished(Managed& managed, const Config& config) {
  const auto is_gone = [&](const std::string& name) {
    return std::none_of(config.rules.begin(), config.rules.end(),
                        [&](const Rule& rule) { return rule.name == name; });
  };
  return std::erase_if(managed.rule_order, is_gone) != 0;
}

std::optional<std::string> write_managed(const std::string& path, const Managed& managed) {
  auto text = to_yaml(managed);
  if (!text) return text.error() + " in " + path;
  auto failed = replace_file(path, *text);
  platform::wipe(*text);
  return failed;
}

}  // namespace bulkhead::config

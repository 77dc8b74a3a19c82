// From sources to a checked Config: parse, apply overrides, read, merge the managed file, fetch
// what is named, check.
#include "config/load.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sodium.h>
#include <tuple>
#include <unordered_set>

#include "config/check.h"
#include "config/contents.h"
#include "config/describe.h"
#include "config/managed.h"
#include "config/merge_managed.h"
#include "config/override.h"
#include "config/precautions.h"
#include "config/projection.h"
#include "config/reader.h"
#include "config/store_url.h"
#include "config/text.h"
#include "config/writer.h"

namespace bulkhead::config {
namespace {

std::string folder(const std::string& path) {
  return path.empty() ? std::string() : std::filesystem::path(path).parent_path().string();
}

bool has_key(const Node& tree, std::string_view key) {
  return std::any_of(tree.entries.begin(), tree.entries.end(),
                     [&](const Entry& entry) { return entry.key == key; });
}

Backend direct_backend() {
  Backend backend;
  backend.name = "direct";
  backend.origin.source = Origin::Source::built_in;
  return backend;
}

Rule default_rule() {
  Rule rule;
  rule.name = "Default";
  rule.match.domains = {DomainPattern{"*"}};
  rule.backend = "direct";
  rule.origin.source = Origin::Source::built_in;
  return rule;
}

// A configuration that says nothing of ways out goes straight out; one that names some, or rules,
// means what it says.
void add_built_in(const Node& tree, Config& config) {
  const bool backends = has_key(tree, "backends");
  if (!backends) config.backends.push_back(direct_backend());
  if (!backends && !has_key(tree, "rules")) config.rules.push_back(default_rule());
}

// Between reading the file and checking: the managed file, from disk or from the caller.
using Merge = std::function<void(Reader&, Config&)>;

void merge_text(Reader& reader, Config& config, const std::string& name, std::string_view text) {
  const unsigned source = reader.add_source(name, folder(name));
  reader.begin_managed(source);
  const Node tree = parse_tree(text, name, source, reader.diagnostics());
  Managed managed;
  section_of<Managed>().read(reader, tree, {}, &managed);
  merge_with_warnings(reader, config, managed);
}

void merge_from_disk(const LoadOptions& options, Reader& reader, Config& config) {
  if (!options.managed_file) return;
  reader.add_file(*options.managed_file);
  std::error_code ignored;
  if (!std::filesystem::exists(*options.managed_file, ignored)) return;
  const FileContents contents = read_file(*options.managed_file, max_file_size);
  if (contents.error.empty())
    return merge_text(reader, config, *options.managed_file, contents.text);
  const unsigned source = reader.add_source(*options.managed_file);
  reader.begin_managed(source);
  reader.error({source, 0, 0}, "cannot be read: " + contents.error);
}

void sort(Reader& reader) {
  const auto position = [&](const Diagnostic& diagnostic) {
    return std::tuple(reader.source_rank(diagnostic.file), diagnostic.line, diagnostic.column);
  };
  auto& all = reader.diagnostics();
  std::sort(all.begin(), all.end(), [&](const Diagnostic& one, const Diagnostic& other) {
    if (position(one) != position(other)) return position(one) < position(other);
    return std::tie(one.key, one.message) < std::tie(other.key, other.message);
  });
}

LoadResult finish(Reader& reader, Config config) {
  sort(reader);
  LoadResult result;
  if (!has_errors(reader.diagnostics()))
    result.config = std::make_shared<const Config>(std::move(config));
  result.diagnostics = std::move(reader.diagnostics());
  result.files_read = std::move(reader.files_read());
  return result;
}

LoadResult load_tree(Reader& reader, Node tree, const LoadOptions& options,
                     const Merge& merge_step) {
  Config config;
  // What is no YAML has no keys to complain about.
  if (has_errors(reader.diagnostics())) return finish(reader, std::move(config));
  for (const Override& change : options.overrides) apply_override(reader, tree, change);
  section_of<Config>().read(reader, tree, {}, &config);
  add_built_in(tree, config);
  add_always_masked(config.access_log);
  merge_step(reader, config);
  read_contents(reader, config);
  check_all(config, reader);
  return finish(reader, std::move(config));
}

LoadResult load_text_merging(std::string_view yaml, std::string_view name,
                             const LoadOptions& options, const Merge& step) {
  Reader reader(options, {});
  const unsigned source = reader.add_source(std::string(name), folder(options.file));
  if (!options.file.empty()) {
    reader.add_file(options.file);
    if (name == options.file) warn_of_writers(reader, source, options.file);
  }
  if (yaml.size() > max_file_size) {
    reader.error({source, 0, 0}, "is larger than " + format(ByteSize{max_file_size}));
    return finish(reader, {});
  }
  Node tree = parse_tree(yaml, name, source, reader.diagnostics());
  return load_tree(reader, std::move(tree), options, step);
}

LoadResult load_merging(const LoadOptions& options, const Merge& step) {
  if (options.file.empty()) return load_text_merging("", "built-in defaults", options, step);
  const FileContents contents = read_file(options.file, max_file_size);
  if (contents.error.empty()) return load_text_merging(contents.text, options.file, options, step);
  Reader reader(options, {});
  reader.add_file(options.file);
  reader.error({reader.add_source(options.file), 0, 0}, "cannot be read: " + contents.error);
  return finish(reader, {});
}

// The egress speaks to parents for one purpose alone: to check a backend that lies behind them.
void forget_unchecked_logins(Config& config) {
  std::unordered_set<std::string_view> needed;
  for (const Backend& backend : config.backends) {
    const bool checked = backend.health_check && backend.health_check->enabled &&
                         backend.health_check->type != HealthCheckType::ping;
    const Backend* each = checked ? &backend : nullptr;
    for (; each != nullptr && needed.insert(each->name).second; each = config.backend(each->via)) {
    }
  }
  for (Backend& backend : config.backends) {
    if (!backend.proxy || needed.contains(backend.name)) continue;
    backend.proxy->username.clear();
    backend.proxy->password = {};
    backend.proxy->tls = {};
  }
}

}  // namespace

LoadResult load_text(std::string_view yaml, std::string_view name, const LoadOptions& options) {
  return load_text_merging(yaml, name, options, [&](Reader& reader, Config& config) {
    merge_from_disk(options, reader, config);
  });
}

LoadResult load(const LoadOptions& options) {
  return load_merging(
      options, [&](Reader& reader, Config& config) { merge_from_disk(options, reader, config); });
}

LoadResult load_with(const LoadOptions& options, const Managed& managed) {
  // By way of the text, so that what is wrong has the place where it would stand.
  return load_merging(options, [&](Reader& reader, Config& config) {
    const std::string name = options.managed_file.value_or("managed changes");
    auto text = to_yaml(managed);
    if (text) {
      merge_text(reader, config, name, *text);
      platform::wipe(*text);
    } else {
      reader.begin_managed(reader.add_source(name));
      reader.report(Severity::error, reader.position(Origin::Source::managed, {}), {}, text.error(),
                    {});
    }
  });
}

std::shared_ptr<const Config> defaults() {
  Config config;
  config.backends.push_back(direct_backend());
  config.rules.push_back(default_rule());
  add_always_masked(config.access_log);
  return std::make_shared<const Config>(std::move(config));
}

std::string show(const Config& config) {
  return write_section(section_of<Config>(), &config, Writer::Purpose::show, every_role);
}

std::string project(const Config& config, Role which) {
  if (which == Role::egress) {
    Config known = config;
    forget_unchecked_logins(known);
    return write_section(section_of<Config>(), &known, Writer::Purpose::projection, role(which));
  }
  return write_section(section_of<Config>(), &config, Writer::Purpose::projection, role(which));
}

std::vector<Diagnostic> read_user_limits(std::string_view yaml, UserLimits& limits) {
  const LoadOptions options;
  Reader reader(options, {.variables = false, .files = false, .internal = false});
  const unsigned source = reader.add_source("limits");
  const Node tree = parse_tree(yaml, "limits", source, reader.diagnostics());
  UserLimits read = limits;
  if (!has_errors(reader.diagnostics())) section_of<UserLimits>().read(reader, tree, {}, &read);
  if (!has_errors(reader.diagnostics())) limits = std::move(read);
  return std::move(reader.diagnostics());
}

std::shared_ptr<const Config> without_secrets(const Config& config) {
  using Key = std::array<unsigned char, crypto_generichash_KEYBYTES>;
  static const Key key = [] {
    Key drawn{};
    crypto_generichash_keygen(drawn.data());
    return drawn;
  }();
  auto copy = std::make_shared<Config>(config);
  section_of<Config>().replace_secrets(copy.get(), [](const Secret& secret) {
    std::array<char, 16> hash{};
    crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                       reinterpret_cast<const unsigned char*>(secret.reveal().data()),
                       secret.size(), key.data(), key.size());
    return Secret(std::string_view(hash.data(), hash.size()));
  });
  // Who starts the auth worker has to let it read these.
  const std::string files = files_alone(config.server.auth.store.reveal());
  if (!files.empty())
    copy->server.auth.store = Secret(files + std::string(copy->server.auth.store.reveal()));
  return copy;
}

LoadResult load_projection(std::string_view text) {
  const LoadOptions options;
  Reader reader(options, {.variables = false, .files = false, .internal = true});
  const unsigned source = reader.add_source("projection");
  const Node tree = parse_tree(text, "projection", source, reader.diagnostics());
  Config config;
  if (!has_errors(reader.diagnostics())) section_of<Config>().read(reader, tree, {}, &config);
  return finish(reader, std::move(config));
}

}  // namespace bulkhead::config

#include "supervisor/fallback.h"

namespace bulkhead::supervisor {
namespace {

using Choice = std::vector<bool>;  // which overrides are taken, in their order

config::LoadResult try_out(config::LoadOptions options, const Choice& taken) {
  std::vector<config::Override> chosen;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) chosen.push_back(options.overrides[i]);
  }
  options.overrides = std::move(chosen);
  return config::load(options);
}

// The value may be a secret.
std::string key_of(const config::Override& change) {
  return change.assignment.substr(0, change.assignment.find('='));
}

// Adds what is valid with those before it, again and again: one may only make sense beside a later
// one.
config::LoadResult choose(const config::LoadOptions& options, Choice& taken) {
  config::LoadResult best = try_out(options, taken);
  for (bool grown = true; grown;) {
    grown = false;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (taken[i]) continue;
      taken[i] = true;
      config::LoadResult tried = try_out(options, taken);
      taken[i] = tried.config != nullptr;
      if (!taken[i]) continue;
      best = std::move(tried);
      grown = true;
    }
  }
  return best;
}

}  // namespace

Fallback load_fallback(const config::LoadOptions& options) {
  config::LoadOptions without_file = options;
  without_file.file.clear();
  without_file.managed_file.reset();
  Choice taken(options.overrides.size(), true);
  Fallback fallback;
  fallback.loaded = try_out(without_file, taken);
  if (!fallback.loaded.config) {
    taken.assign(taken.size(), false);
    fallback.loaded = choose(without_file, taken);
  }
  for (std::size_t i = 0; i < taken.size(); ++i)
    (taken[i] ? fallback.kept : fallback.dropped).push_back(key_of(options.overrides[i]));
  return fallback;
}

std::string places(const config::Config& config) {
  std::string out;
  for (const config::Listener& listener : config::proxy_listeners(config)) {
    const wire::Endpoint endpoint{listener.address, listener.port};
    out += (out.empty() ? "" : ", ") + endpoint.to_string() + " (" + listener.name + ')';
  }
  return out;
}

}  // namespace bulkhead::supervisor

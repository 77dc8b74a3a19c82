// What --fallback-defaults runs instead of an invalid configuration: the built-in defaults, with as
// much of the command line and the environment as makes sense without the file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/load.h"

namespace bulkhead::supervisor {

struct Fallback {
  config::LoadResult loaded;         // always with a configuration
  std::vector<std::string> kept;     // settings in force, by key: "server.http_port"
  std::vector<std::string> dropped;  // that are invalid, alone or with the others
};

Fallback load_fallback(const config::LoadOptions& options);

// "127.0.0.1:8080 (http), 127.0.0.1:1080 (socks5)": where such a configuration is served.
std::string places(const config::Config& config);

}  // namespace bulkhead::supervisor

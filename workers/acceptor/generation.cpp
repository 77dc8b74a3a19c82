#include "workers/acceptor/generation.h"

#include <fstream>
#include <iterator>

namespace bulkhead::acceptor {
namespace {

std::string& system_certificates() {
  static std::string pem;
  return pem;
}

wire::http1::Limits limits_of(const config::Http& http) {
  wire::http1::Limits limits;
  limits.max_start_line = http.max_request_line.bytes;
  limits.max_head = http.max_header_bytes.bytes;
  limits.max_fields = http.max_header_count;
  return limits;
}

}  // namespace

void load_system_certificates() {
  std::ifstream in("/etc/ssl/certs/ca-certificates.crt", std::ios::binary);
  system_certificates().assign(std::istreambuf_iterator<char>(in), {});
}

std::shared_ptr<const Generation> Generation::make(
    std::uint32_t number, const std::shared_ptr<const config::Config>& config, std::string& error) {
  auto generation = std::make_shared<Generation>(
      Generation{number, config, RuleSet(config), limits_of(config->network.http), {}});
  for (const config::Backend& backend : config->backends) {
    if (!backend.proxy || !backend.proxy->tls.enabled) continue;
    const std::string& own = backend.proxy->tls.ca;
    auto context = runtime::make_client_context(own.empty() ? system_certificates() : own, error);
    if (!context) {
      error.insert(0, "backend " + backend.name + ": ");
      return nullptr;
    }
    generation->parent_tls.emplace(backend.name, std::move(context));
  }
  return generation;
}

}  // namespace bulkhead::acceptor

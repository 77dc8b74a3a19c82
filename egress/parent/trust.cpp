#include "egress/parent/trust.h"

#include <fstream>
#include <iterator>

namespace bulkhead::egress {
namespace {

std::string& system_certificates() {
  static std::string pem;
  return pem;
}

}  // namespace

void load_system_certificates() {
  std::ifstream in("/etc/ssl/certs/ca-certificates.crt", std::ios::binary);
  system_certificates().assign(std::istreambuf_iterator<char>(in), {});
}

runtime::SslContext make_trust(const std::string& pem, std::string& error) {
  return runtime::make_client_context(pem.empty() ? system_certificates() : pem, error);
}

TlsContexts make_parent_trust(const config::Config& config, std::string& error) {
  TlsContexts contexts;
  for (const config::Backend& backend : config.backends) {
    if (!backend.proxy || !backend.proxy->tls.enabled) continue;
    auto context = make_trust(backend.proxy->tls.ca, error);
    if (!context) {
      error.insert(0, "backend " + backend.name + ": ");
      return {};
    }
    contexts.emplace(backend.name, std::move(context));
  }
  return contexts;
}

}  // namespace bulkhead::egress

#include "workers/acceptor/generation.h"

#include "egress/parent/trust.h"

namespace bulkhead::acceptor {
namespace {

wire::http1::Limits limits_of(const config::Http& http) {
  wire::http1::Limits limits;
  limits.max_start_line = http.max_request_line.bytes;
  limits.max_head = http.max_header_bytes.bytes;
  limits.max_fields = http.max_header_count;
  return limits;
}

}  // namespace

std::shared_ptr<const Generation> Generation::make(
    std::uint32_t number, const std::shared_ptr<const config::Config>& config, std::string& error) {
  auto generation = std::make_shared<Generation>(Generation{number,
                                                            config,
                                                            RuleSet(config),
                                                            BackendAcl(config->server.auth),
                                                            limits_of(config->network.http),
                                                            {},
                                                            {}});
  generation->parent_tls = egress::make_parent_trust(*config, error);
  if (!error.empty()) return nullptr;
  for (const config::Rule& rule : config->rules) {
    generation->options.push_back(acceptor::options_of(*config, rule));
  }
  return generation;
}

}  // namespace bulkhead::acceptor

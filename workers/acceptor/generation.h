// Everything an acceptor derives from one generation of the configuration. Immutable; whoever began
// with one keeps it by its shared_ptr.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/model.h"
#include "egress/parent/chain.h"
#include "runtime/tls_stream.h"
#include "wire/http1/head_reader.h"
#include "workers/acceptor/policy/backend_acl.h"
#include "workers/acceptor/routing/balance/option.h"
#include "workers/acceptor/routing/rule_set.h"

namespace bulkhead::acceptor {

struct Generation {
  std::uint32_t number = 0;
  std::shared_ptr<const config::Config> config;
  RuleSet rules;
  BackendAcl acl;
  wire::http1::Limits http_limits;
  egress::TlsContexts parent_tls;       // by backend
  std::vector<BackendOptions> options;  // by rule

  // rule is one of config's.
  const BackendOptions& options_of(const config::Rule& rule) const {
    return options[static_cast<std::size_t>(&rule - config->rules.data())];
  }

  // Null, with the reason, if something in it cannot be used (a CA bundle without certificates).
  static std::shared_ptr<const Generation> make(std::uint32_t number,
                                                const std::shared_ptr<const config::Config>& config,
                                                std::string& error);
};

}  // namespace bulkhead::acceptor

// Whom to trust in TLS to parents: the CAs of the configuration, or the system's.
#pragma once

#include <string>

#include "config/model.h"
#include "egress/parent/chain.h"
#include "runtime/tls_stream.h"

namespace bulkhead::egress {

// Reads the system's CA bundle; call it before the sandbox closes. Without it "the system's" are
// none.
void load_system_certificates();

// A context that trusts this PEM bundle, or the system's if it is empty. Null, with the reason, if
// it cannot be used.
runtime::SslContext make_trust(const std::string& pem, std::string& error);

// Of all backends with proxy.tls.enabled. error, with the backend's name, if one cannot be used.
TlsContexts make_parent_trust(const config::Config& config, std::string& error);

}  // namespace bulkhead::egress

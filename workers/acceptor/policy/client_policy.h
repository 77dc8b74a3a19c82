// Which clients may use the proxy at all: access_control.whitelist and blacklist.
#pragma once

#include <optional>

#include "config/model.h"
#include "proto/refusal.h"
#include "wire/address.h"

namespace bulkhead::acceptor {

// The blacklist wins; an empty whitelist admits everyone.
bool admits(const config::AccessControl& control, const wire::IpAddress& client);

// Why this client is not served, if it is not: whoever it may be.
std::optional<proto::Refusal> objection_to(const config::Config& config,
                                           const wire::IpAddress& client);

// Whether the client is in one of the networks that need no credential.
bool is_trusted(const std::vector<wire::Cidr>& networks, const wire::IpAddress& client);

// Whether the address may announce other clients with the PROXY protocol.
bool is_trusted_proxy(const std::vector<wire::Cidr>& trusted, const wire::IpAddress& peer);

}  // namespace bulkhead::acceptor

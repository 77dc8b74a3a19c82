// Which clients may use the proxy at all: access_control.whitelist and blacklist.
#pragma once

#include "config/network.h"
#include "wire/address.h"

namespace bulkhead::acceptor {

// The blacklist wins; an empty whitelist admits everyone.
bool admits(const config::AccessControl& control, const wire::IpAddress& client);

// Whether the address may announce other clients with the PROXY protocol.
bool is_trusted_proxy(const std::vector<wire::Cidr>& trusted, const wire::IpAddress& peer);

}  // namespace bulkhead::acceptor

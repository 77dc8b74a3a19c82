// A connection through a SOCKS5 proxy (RFC 1928), with name and password if there are any
// (RFC 1929). The parent resolves names.
#pragma once

#include <string>

#include "egress/parent/handshake.h"
#include "wire/address.h"

namespace bulkhead::egress {

// As connect_through_http(). Refusals: parent_authentication_failed, parent_protocol_error,
// bad_request, those of Handshake, and for the parent's replies network_unreachable,
// host_unreachable, connection_refused, else parent_refused.
runtime::Task<tl::expected<void, Failure>> connect_through_socks5(
    runtime::Stream& stream, wire::HostPort target, const ParentCredentials* credentials,
    std::string& received, runtime::Deadline deadline, bool* asked = nullptr);

}  // namespace bulkhead::egress

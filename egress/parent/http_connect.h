// A tunnel through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6), Basic credentials (RFC 7617).
#pragma once

#include <string>

#include "egress/parent/handshake.h"
#include "wire/address.h"

namespace bulkhead::egress {

// via is the value of Via (RFC 9110 section 7.6.3), by which a proxy that meets itself again can
// tell; empty: no Via. After success the stream carries the tunnel, and `received` what
// of it has come in already. stream, credentials (null: none), received and asked must outlive the
// task; *asked is set when the parent is asked for the target (null: nobody wants to know).
//
// Refusals: parent_authentication_failed (407), parent_refused (any other answer but 2xx),
// parent_protocol_error (no HTTP, or hung up), bad_request (a target that cannot be written), and
// those of Handshake.
runtime::Task<tl::expected<void, Failure>> connect_through_http(
    runtime::Stream& stream, wire::HostPort target, std::string_view via,
    const ParentCredentials* credentials, std::string& received, runtime::Deadline deadline,
    bool* asked = nullptr);

// "Basic ..." for Proxy-Authorization. As secret as the password.
std::string basic_authorization(const ParentCredentials& credentials);

}  // namespace bulkhead::egress

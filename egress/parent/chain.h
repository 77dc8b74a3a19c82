// From a socket to the first parent proxy to a stream that ends at the destination: TLS and
// handshake with each parent on the way, nearest first.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/routes.h"
#include "egress/failure.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/tls_stream.h"
#include "wire/address.h"

namespace bulkhead::egress {

using StreamOutcome = tl::expected<std::unique_ptr<runtime::Stream>, Failure>;

// By name of the backend, for those with proxy.tls.enabled.
using TlsContexts = std::map<std::string, runtime::SslContext, std::less<>>;

// Refusals: tls_failed with what OpenSSL says, connect_timeout, shutting_down when cancelled.
runtime::Task<StreamOutcome> start_tls(std::unique_ptr<runtime::Stream> stream,
                                       runtime::SslContext context,
                                       runtime::TlsClientSettings settings,
                                       runtime::Deadline deadline);

// How far open_through() came: whose fault a failure is follows from that.
struct ChainProgress {
  runtime::Deadline reached;  // when the last parent was, its TLS included
  bool asked = false;         // it was asked for the target
};

// hops: backends of type http or socks5, nearest first; `first` is connected to the first one's
// address (with no hops it is the destination's, and the answer). With connect_last false nothing
// is said to the last parent, TLS apart: it gets the requests themselves, in absolute form, and
// target is not used. Bytes that a parent sent behind its answer are part of the stream.
//
// via: see connect_through_http(). It, hops and what they point to, contexts and progress
// (may be null) must outlive the task. Refusals: those of start_tls(), connect_through_http() and
// connect_through_socks5(); tls_failed for a missing context; backend_unsuitable for a hop that is
// no parent.
runtime::Task<StreamOutcome> open_through(const std::vector<const config::Backend*>& hops,
                                          std::unique_ptr<runtime::Stream> first,
                                          wire::HostPort target, bool connect_last,
                                          const TlsContexts& contexts, std::string_view via,
                                          runtime::Deadline deadline,
                                          ChainProgress* progress = nullptr);

}  // namespace bulkhead::egress

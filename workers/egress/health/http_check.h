// The HTTP request of a check, and the status of its answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/routes.h"
#include "egress/failure.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace bulkhead::egress_worker {

struct CheckUrl {
  bool secure = false;  // https
  wire::HostPort authority;
  std::string path_and_query;
  std::string text;  // as it goes into a request in absolute form
};

// Nothing if it is no http or https URL that a request can ask for; a fragment is left out.
std::optional<CheckUrl> parse_check_url(std::string_view url);

// Sends a GET and reads the answer's head. parent: the request goes to that proxy, in absolute
// form; null: to the origin. Refusals: connect_timeout, connection_reset, upstream_protocol_error.
// stream and what is pointed to must outlive the task; url as well.
runtime::Task<tl::expected<int, egress::Failure>> ask_for_status(runtime::Stream& stream,
                                                                 const CheckUrl& url,
                                                                 const config::ParentProxy* parent,
                                                                 runtime::Deadline deadline);

}  // namespace bulkhead::egress_worker

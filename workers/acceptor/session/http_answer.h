// Answers that the proxy gives itself: errors with Proxy-Status (RFC 9209), redirects, and the
// answer to CONNECT.
#pragma once

#include <string>

#include "runtime/task.h"
#include "wire/http1/request.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

struct HttpRefusal {
  Failure failure;
  int status = 0;           // 0: the failure's own
  bool keep_alive = false;  // the connection stays usable: the request had no body left to read
  bool to_head = false;
};

// Writes the answer and the record. True if the connection may carry another request.
runtime::Task<bool> refuse_http(Client& client, std::shared_ptr<const Generation> generation,
                                HttpRefusal refusal, AccessRecord record);

runtime::Task<bool> redirect_http(Client& client, const Route& route, bool keep_alive, bool to_head,
                                  AccessRecord record);

}  // namespace bulkhead::acceptor

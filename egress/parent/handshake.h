// What the handshakes with parent proxies have in common: waiting for as much of the answer as a
// parser needs, without losing what comes after it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "egress/failure.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace bulkhead::egress {

// A name and password for the parent; views into what the caller keeps during the call.
struct ParentCredentials {
  std::string_view username;  // not empty
  std::string_view password;
};

class Handshake {
 public:
  // Both must outlive the object. `received` holds what came in and is not used up yet.
  // peer: who is at the other end, in the words of a failure.
  Handshake(runtime::Stream& stream, std::string& received, runtime::Deadline deadline,
            std::string_view peer = "the parent")
      : stream_(stream), received_(received), deadline_(deadline), peer_(peer) {}

  // Refusals: connect_timeout, connection_reset, shutting_down when cancelled; receive_more() also
  // parent_protocol_error when the parent hangs up.
  runtime::Task<tl::expected<void, Failure>> send(std::string_view bytes);
  runtime::Task<tl::expected<void, Failure>> receive_more();  // at least one octet

  std::string_view received() const { return received_; }
  void use_up(std::size_t octets) { received_.erase(0, octets); }

 private:
  runtime::Stream& stream_;
  std::string& received_;
  runtime::Deadline deadline_;
  std::string_view peer_;
};

// For a read or write that did not succeed.
Failure failure_of(const runtime::IoResult& result, std::string_view peer = "the parent");

}  // namespace bulkhead::egress

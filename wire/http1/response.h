// The head of a response (RFC 9112 sections 4, 6.3) as a proxy receives it from an origin or a
// parent proxy.
#pragma once

#include <string>

#include "wire/http1/framing.h"
#include "wire/http1/head_reader.h"

namespace bulkhead::wire::http1 {

// What has to be known about the request to read its response.
struct ResponseContext {
  bool to_head = false;     // the method was HEAD: no body, whatever the fields say
  bool to_connect = false;  // the method was CONNECT: a 2xx turns the connection into a tunnel
  bool upgrade_requested = false;  // else a 101 is refused
};

// Owns everything it shows.
struct ResponseHead {
  Version version = Version::http_1_1;
  int status = 0;  // 100-999
  std::string reason;
  Headers headers;

  // none also for 1xx, 204, 304, to HEAD, and 2xx to CONNECT.
  BodyFraming body;

  // Whether the upstream connection may carry another request after this response.
  bool keep_alive = true;

  // 1xx but 101: another response follows on the same request.
  bool is_interim() const { return status >= 100 && status < 200 && status != 101; }

  void clear();  // keeps the memory
};

class ResponseParser {
 public:
  explicit ResponseParser(ResponseContext context = {}, const Limits& limits = {});

  // As RequestParser::parse.
  ParseResult parse(std::string_view buffer);

  ResponseHead& head() { return head_; }  // complete after parse() said so

  void reset();                         // for the final response after an interim one
  void reset(ResponseContext context);  // for the response to another request

 private:
  ParseError finish();
  ParseError decide_body();

  HeadScanner scanner_;
  ResponseContext context_;
  ResponseHead head_;
  ParseError error_ = ParseError::none;
};

}  // namespace bulkhead::wire::http1

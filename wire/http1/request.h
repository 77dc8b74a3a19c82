// The head of a request (RFC 9112 sections 3, 5, 6) as a forward proxy receives it.
#pragma once

#include <string>
#include <vector>

#include "wire/address.h"
#include "wire/http1/framing.h"
#include "wire/http1/head_reader.h"

namespace bulkhead::wire::http1 {

enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };
enum class Scheme : std::uint8_t { none, http, https };  // none: CONNECT

std::string_view to_string(Scheme scheme);  // "http"; empty for none
std::uint16_t default_port(Scheme scheme);  // 80, 443; 0 for none

// Owns everything it shows. Every string has been checked; none holds a control octet.
struct RequestHead {
  std::string method;  // case matters: a token, of which only CONNECT, OPTIONS and TRACE mean
                       // something here
  std::string target;  // as it was received
  TargetForm form = TargetForm::origin;
  Scheme scheme = Scheme::none;

  // Where the request is to go. From the target in absolute and authority form (the target wins
  // over Host, RFC 9112 section 3.2.2), else from Host. The host is empty only if an HTTP/1.0
  // request names none.
  HostPort authority;

  // The target in origin form, "/..." or "*"; empty for CONNECT.
  std::string path_and_query;

  Version version = Version::http_1_1;
  Headers headers;
  BodyFraming
      body;  // never until_close. For CONNECT none: what follows the head belongs to the tunnel

  // Whether the client wants the connection kept. An HTTP/1.0 client has to ask for it; RFC 9112
  // section 9.3 would have a proxy not even listen then, which costs real 1.0 clients more than it
  // protects.
  bool keep_alive = true;

  bool expects_continue =
      false;  // an HTTP/1.1 client waits for 100 (Continue) before it sends its body
  std::vector<std::string> upgrade;  // protocols asked for with "Connection: upgrade", in order

  void clear();  // keeps the memory
};

// Takes the target apart according to the method: fills form, scheme, authority (not from Host) and
// path_and_query.
ParseError parse_target(RequestHead& head);

// A Host field's value, or what a target says after "//": host, optional port, nothing else. ASCII
// only.
std::optional<HostPort> parse_authority(std::string_view text, std::uint16_t default_port);

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits = {});

  // buffer: all octets of the connection from the request's first one on. Call again with a longer
  // buffer after need_more. After complete, head() is valid and `consumed` octets of the buffer
  // belong to it; after an error every further call repeats it. reset() comes before the next one.
  ParseResult parse(std::string_view buffer);

  // Complete after parse() said so; may be moved from before reset().
  RequestHead& head() { return head_; }

  void reset();  // for the next request of the connection; memory is reused

 private:
  ParseError finish();

  HeadScanner scanner_;
  RequestHead head_;
  ParseError error_ = ParseError::none;
};

}  // namespace bulkhead::wire::http1

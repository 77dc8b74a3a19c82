// What a proxy has to do to a message before it passes it on (RFC 9110 sections 7.6, 10.1.4; RFC
// 9112 sections 3.2, 6).
//
// The order is: prepare_request() or prepare_response() on the parsed head; then whatever the proxy
// adds of its own (credentials for a parent, Forwarded), so that no client's Connection field can
// remove it; then append_request_head() or append_response_head().
#pragma once

#include <string>
#include <string_view>

#include "wire/http1/request.h"
#include "wire/http1/response.h"

namespace bulkhead::wire::http1 {

struct RequestForwarding {
  std::string_view pseudonym = no_text;   // a token: who we are in Via
  bool keep_alive = true;                 // else "Connection: close" is sent
  bool keep_proxy_authorization = false;  // the client's credentials are meant for a parent
  bool forward_upgrade = false;           // offer head.upgrade to the upstream; h2c never is
};

// Removes the hop-by-hop fields and those that Connection names, sets Host from head.authority,
// frames the body anew from head.body, appends Via. False if there is no authority (HTTP/1.0
// without Host) or a field could not be added (bounds of Headers, or a pseudonym that is no token):
// do not send.
bool prepare_request(RequestHead& head, const RequestForwarding& forwarding);

struct ResponseForwarding {
  std::string_view pseudonym = no_text;
  std::string_view date = no_text;  // what a final response without Date gets; empty: nothing
  Version client_version = Version::http_1_1;
  bool keep_alive = true;                // whether the client wants, and we grant, another request
  bool to_connect = false;               // the request was CONNECT
  bool keep_proxy_authenticate = false;  // a parent's challenge is meant for the client
};

// How the response goes to the client, decided by prepare_response().
struct Downstream {
  bool ok = false;          // false: as for prepare_request()
  BodyFraming body;         // until_close only for an HTTP/1.0 client, who must not get chunked
  bool keep_alive = false;  // what Connection now says
};

// As prepare_request(). What came until_close or chunked goes out chunked to an HTTP/1.1 client,
// with a length as that length; Content-Length stays in answers to HEAD and in 304, and goes from
// 1xx, 204 and 2xx to CONNECT (RFC 9110 section 8.6).
Downstream prepare_response(ResponseHead& head, const ResponseForwarding& forwarding);

// Whether the pseudonym stands in Via: the message has been here before.
bool via_names(const Headers& headers, std::string_view pseudonym);

// RFC 9110 section 7.6.2, for OPTIONS and TRACE; other methods are forwarded whatever the field
// says.
enum class MaxForwards : std::uint8_t {
  forward,      // no such field, or it was lowered by one
  answer_here,  // it is 0
  invalid,      // no number, or more than one: 400
};
MaxForwards take_max_forwards(RequestHead& head);

// "example.com", "example.com:8080", "[::1]:8080": without the port if it is the scheme's own.
std::string authority_text(const HostPort& authority, Scheme scheme);

// Appends "METHOD target HTTP/1.1", Host, the other fields and the empty line. form is origin to an
// origin ("*" where the path says so), absolute to a parent proxy, authority for CONNECT.
void append_request_head(std::string& out, const RequestHead& head, TargetForm form);

// The same with "HTTP/1.1 200 OK": a proxy answers in its own version (RFC 9110 section 2.5).
void append_response_head(std::string& out, const ResponseHead& head);

}  // namespace bulkhead::wire::http1

// The first octet chooses what the rest is read as. Whatever is accepted must come out of a
// serialiser as something that is accepted again and means the same, must not depend on how it
// arrived, and must never be forwarded with two framings.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "wire/http1/body.h"
#include "wire/http1/error_response.h"
#include "wire/http1/forward.h"

namespace bulkhead::wire::http1 {
namespace {

using Kind = BodyFraming::Kind;
using Status = ParseResult::Status;

// What we send may be larger than what we take by the fields a proxy adds.
const Limits roomy{.max_start_line = 16384, .max_head = 131072, .max_fields = 200};

void require(bool condition) {
  if (!condition) std::abort();
}

// Feeds all but the last octets first, so that a split head is compared with a whole one.
template <typename Parser>
ParseResult parse_in_pieces(Parser& parser, std::string_view input, std::size_t piece) {
  ParseResult result;
  for (std::size_t length = piece; length < input.size() && result.status == Status::need_more;
       length += piece) {
    result = parser.parse(input.substr(0, length));
  }
  return result.status == Status::need_more ? parser.parse(input) : result;
}

template <typename Parser>
bool agree(Parser whole, Parser pieces, std::string_view input) {
  const auto one = whole.parse(input);
  const auto other = parse_in_pieces(pieces, input, 1 + input.size() / 7);
  return one.status == other.status && one.error == other.error && one.consumed == other.consumed;
}

struct Drained {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  ParseError error = ParseError::none;
};

Drained drain(BodyDecoder& body, std::string_view input, std::size_t piece) {
  Drained drained;
  while (drained.consumed < input.size() && !body.done() && drained.error == ParseError::none) {
    const auto step = body.feed(input.substr(drained.consumed, piece));
    require(step.consumed <= piece && (step.consumed > 0 || step.error != ParseError::none));
    require(step.payload.size() <= step.consumed);
    drained.payload.append(step.payload);
    drained.consumed += step.consumed;
    drained.error = step.error;
  }
  drained.done = body.done();
  require(body.payload_octets() == drained.payload.size() && body.raw_octets() == drained.consumed);
  return drained;
}

void check_body(BodyFraming framing, std::string_view input) {
  BodyDecoder whole(framing);
  BodyDecoder pieces(framing);
  const Drained one = drain(whole, input, std::max<std::size_t>(input.size(), 1));
  const Drained other = drain(pieces, input, 1);
  require(one.payload == other.payload && one.consumed == other.consumed &&
          one.error == other.error);
  if (framing.kind == Kind::length) {
    require(one.payload.size() <= framing.length &&
            one.done == (one.payload.size() == framing.length));
  }
  if (framing.kind != Kind::chunked || !one.done) return;
  std::string again;
  append_chunk(again, one.payload);
  append_last_chunk(again, whole.trailers());
  BodyDecoder second({Kind::chunked, 0});
  const Drained round = drain(second, again, again.size());
  require(round.done && round.payload == one.payload && second.trailers() == whole.trailers());
}

std::size_t framings(const Headers& headers) {
  return headers.count("Content-Length") + headers.count("Transfer-Encoding");
}

void check_request(std::string_view input) {
  require(agree(RequestParser(), RequestParser(), input));
  RequestParser parser;
  const auto result = parser.parse(input);
  if (result.status != Status::complete) return;
  RequestHead& head = parser.head();
  require(result.consumed <= input.size() && head.body.kind != Kind::until_close);
  check_body(head.body, input.substr(result.consumed));
  via_names(head.headers, "bulkhead");
  take_max_forwards(head);
  const auto form =
      head.form == TargetForm::authority ? TargetForm::authority : TargetForm::absolute;
  if (!prepare_request(head, {.pseudonym = "bulkhead", .forward_upgrade = true})) return;
  require(framings(head.headers) <= 1 && head.headers.count("Host") == 1);
  std::string out;
  append_request_head(out, head, form);
  RequestParser second(roomy);
  const auto round = second.parse(out);
  const RequestHead& again = second.head();
  require(round.status == Status::complete && round.consumed == out.size());
  require(again.method == head.method && again.authority == head.authority &&
          again.body == head.body);
  require(again.path_and_query == head.path_and_query &&
          again.headers.size() == head.headers.size());
}

void check_response(std::string_view input, unsigned variant) {
  const ResponseContext context{(variant & 1) != 0, (variant & 2) != 0, (variant & 4) != 0};
  require(agree(ResponseParser(context), ResponseParser(context), input));
  ResponseParser parser(context);
  const auto result = parser.parse(input);
  if (result.status != Status::complete) return;
  ResponseHead& head = parser.head();
  require(head.status >= 100 && head.status <= 999);
  check_body(head.body, input.substr(result.consumed));
  const auto client = (variant & 8) != 0 ? Version::http_1_0 : Version::http_1_1;
  const auto downstream = prepare_response(
      head, {.pseudonym = "bulkhead", .client_version = client, .to_connect = context.to_connect});
  require(downstream.ok && framings(head.headers) <= 1);
  std::string out;
  append_response_head(out, head);
  ResponseParser second(context, roomy);
  const auto round = second.parse(out);
  require(round.status == Status::complete && round.consumed == out.size());
  require(second.head().status == head.status && second.head().body == downstream.body);
}

void check_error_response(std::string_view input) {
  const auto status = ProxyStatus{.proxy = input.substr(0, 8),
                                  .error = ProxyError::dns_error,
                                  .details = input,
                                  .next_hop = input.substr(input.size() / 2)};
  const std::string value = status.to_string();
  ErrorResponse error{.status = 502, .text = input, .proxy_status = value};
  const std::string out = error.to_string();
  ResponseParser parser;
  const auto result = parser.parse(out);
  require(result.status == Status::complete && parser.head().headers.get("Proxy-Status") == value);
  require(parser.head().body.length == out.size() - result.consumed);
}

}  // namespace
}  // namespace bulkhead::wire::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::wire::http1;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned variant = data[0] >> 2 & 15;
  switch (data[0] & 3) {
    case 0:
      check_request(input);
      break;
    case 1:
      check_response(input, variant);
      break;
    case 2:
      check_body(
          {(variant & 1) != 0 ? BodyFraming::Kind::length : BodyFraming::Kind::chunked, variant},
          input);
      break;
    default:
      check_error_response(input);
  }
  return 0;
}

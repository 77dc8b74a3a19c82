#include "wire/http1/forward.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bulkhead::wire::http1 {
namespace {

// Gone at every hop, named in Connection or not. Proxy-Connection and Keep-Alive are of old
// clients' making, HTTP2-Settings belongs to an upgrade that is never passed on. The framing fields
// are written anew from what was parsed.
constexpr std::array<std::string_view, 8> hop_by_hop{
    "Connection",        "Keep-Alive", "Proxy-Connection", "TE",
    "Transfer-Encoding", "Upgrade",    "HTTP2-Settings",   "Trailer"};

using Names = std::vector<std::string_view>;

template <typename List>
bool contains(const List& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](auto entry) { return equals_ignoring_case(entry, name); });
}

// What Connection names beyond those that are gone anyway: nothing, for most messages.
Names named_for_this_hop(const Headers& headers) {
  Names names;
  headers.for_each_element("Connection", [&](std::string_view option) {
    if (!contains(hop_by_hop, option) && !contains(names, option)) names.push_back(option);
  });
  return names;
}

// Comments and the port are no part of the name (RFC 9110 section 7.6.3).
std::string_view received_by(std::string_view element) {
  const std::size_t gap = element.find_first_of(" \t");
  if (gap == std::string_view::npos) return {};
  element = trim(element.substr(gap));
  return element.substr(0, element.find_first_of(" \t("));
}

bool add_via(Headers& headers, Version version, std::string_view pseudonym) {
  if (!is_token(pseudonym)) return false;
  std::string via(version == Version::http_1_1 ? "1.1 " : "1.0 ");
  return headers.add("Via", via.append(pseudonym));
}

bool add_framing(Headers& headers, const BodyFraming& body) {
  if (body.kind == BodyFraming::Kind::chunked) return headers.add("Transfer-Encoding", "chunked");
  if (body.kind == BodyFraming::Kind::length)
    return headers.add("Content-Length", std::to_string(body.length));
  return true;
}

void add_option(std::string& options, std::string_view option) {
  if (!options.empty()) options.append(", ");
  options.append(option);
}

std::string upgrade_offer(const RequestHead& head) {
  std::string offer;
  for (const auto& protocol : head.upgrade) {
    const bool http_2 = equals_ignoring_case(std::string_view(protocol).substr(0, 3), "h2c") ||
                        equals_ignoring_case(std::string_view(protocol).substr(0, 5), "HTTP/");
    if (!http_2) add_option(offer, protocol);
  }
  return offer;
}

// Room for a head of these fields, so that it is not moved while it grows.
void reserve_head(std::string& out, const Headers& headers, std::size_t start_line) {
  constexpr std::size_t around = 4;  // ": " and CRLF
  std::size_t octets = out.size() + start_line + around;
  headers.for_each(
      [&](const Field& field) { octets += field.name.size() + field.value.size() + around; });
  if (octets > out.capacity()) out.reserve(octets);
}

void append_fields(std::string& out, const Headers& headers, std::string_view except) {
  headers.for_each([&](const Field& field) {
    if (!except.empty() && equals_ignoring_case(field.name, except)) return;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  });
  out.append("\r\n");
}

BodyFraming downstream_body(const BodyFraming& body, Version client) {
  const bool unknown_length =
      body.kind == BodyFraming::Kind::chunked || body.kind == BodyFraming::Kind::until_close;
  if (!unknown_length) return body;
  return {client == Version::http_1_1 ? BodyFraming::Kind::chunked : BodyFraming::Kind::until_close,
          0};
}

// To HEAD and in a 304, Content-Length describes what is not sent.
bool keeps_content_length(const ResponseHead& head, const ResponseForwarding& forwarding) {
  const bool tunnel = forwarding.to_connect && head.status >= 200 && head.status < 300;
  return head.body.kind == BodyFraming::Kind::none && head.status >= 200 && head.status != 204 &&
         !tunnel;
}

// What the removal would take and the new head still needs: read before, written after.
struct HopFields {
  std::string trailer;
  std::string upgrade;
  bool takes_trailers = false;  // TE: trailers, the only TE that is passed on
};

template <typename Drop>  // drop(name): whether a field goes that neither Connection nor the RFC
                          // names
void remove_hop_by_hop(Headers& headers, Drop drop) {
  const Names names = named_for_this_hop(headers);
  headers.remove_if([&](const Field& field) {
    const bool length = equals_ignoring_case(field.name, "Content-Length");
    return drop(field.name) || contains(hop_by_hop, field.name) ||
           (!length && contains(names, field.name));
  });
}

bool add_trailer(Headers& headers, const std::string& trailer, const BodyFraming& body) {
  return trailer.empty() || body.kind != BodyFraming::Kind::chunked ||
         headers.add("Trailer", trailer);
}

bool add_hop_fields(Headers& headers, const HopFields& hop, bool keep_alive) {
  std::string options(keep_alive ? "" : "close");
  bool ok = true;
  if (hop.takes_trailers) {
    ok = headers.add("TE", "trailers");
    add_option(options, "TE");
  }
  if (!hop.upgrade.empty()) {
    ok = ok && headers.add("Upgrade", hop.upgrade);
    add_option(options, "upgrade");
  }
  return ok && (options.empty() || headers.add("Connection", options));
}

// Connection for the client: HTTP/1.1 persists unless told, HTTP/1.0 only when told. Interim
// responses say nothing.
bool add_client_connection(ResponseHead& head, const HopFields& hop,
                           const ResponseForwarding& forwarding, bool keep_alive) {
  Headers& headers = head.headers;
  if (!hop.upgrade.empty())
    return headers.add("Upgrade", hop.upgrade) && headers.add("Connection", "upgrade");
  if (head.status < 200) return true;
  if (!keep_alive) return headers.add("Connection", "close");
  return forwarding.client_version == Version::http_1_1 || headers.add("Connection", "keep-alive");
}

bool add_date(ResponseHead& head, std::string_view date) {
  return date.empty() || head.status < 200 || head.headers.has("Date") ||
         head.headers.add("Date", date);
}

bool is_challenge(std::string_view name) {
  return equals_ignoring_case(name, "Proxy-Authenticate") ||
         equals_ignoring_case(name, "Proxy-Authentication-Info");
}

}  // namespace

bool prepare_request(RequestHead& head, const RequestForwarding& forwarding) {
  if (head.authority.host.empty()) return false;
  Headers& headers = head.headers;
  const HopFields hop{std::string(headers.get("Trailer").value_or("")),
                      forwarding.forward_upgrade ? upgrade_offer(head) : std::string(),
                      headers.has_token("TE", "trailers")};
  remove_hop_by_hop(headers, [&](std::string_view name) {
    return equals_ignoring_case(name, "Content-Length") ||
           (!forwarding.keep_proxy_authorization &&
            equals_ignoring_case(name, "Proxy-Authorization"));
  });
  return headers.set("Host", authority_text(head.authority, head.scheme)) &&
         add_framing(headers, head.body) && add_trailer(headers, hop.trailer, head.body) &&
         add_hop_fields(headers, hop, forwarding.keep_alive) &&
         add_via(headers, head.version, forwarding.pseudonym);
}

Downstream prepare_response(ResponseHead& head, const ResponseForwarding& forwarding) {
  Headers& headers = head.headers;
  Downstream downstream{true, downstream_body(head.body, forwarding.client_version),
                        forwarding.keep_alive};
  if (downstream.body.kind == BodyFraming::Kind::until_close) downstream.keep_alive = false;
  const HopFields hop{std::string(headers.get("Trailer").value_or("")),
                      std::string(head.status == 101 ? headers.get("Upgrade").value_or("") : ""),
                      false};
  const bool keep_length = keeps_content_length(head, forwarding);
  remove_hop_by_hop(headers, [&](std::string_view name) {
    return (!keep_length && equals_ignoring_case(name, "Content-Length")) ||
           (!forwarding.keep_proxy_authenticate && is_challenge(name));
  });
  downstream.ok =
      add_framing(headers, downstream.body) && add_trailer(headers, hop.trailer, downstream.body) &&
      add_client_connection(head, hop, forwarding, downstream.keep_alive) &&
      add_date(head, forwarding.date) && add_via(headers, head.version, forwarding.pseudonym);
  return downstream;
}

bool via_names(const Headers& headers, std::string_view pseudonym) {
  bool found = false;
  headers.for_each("Via", [&](std::string_view value) {
    ListReader list(value, true);
    while (const auto element = list.next()) {
      found = found || equals_ignoring_case(received_by(*element), pseudonym);
    }
  });
  return found;
}

MaxForwards take_max_forwards(RequestHead& head) {
  if (head.method != "OPTIONS" && head.method != "TRACE") return MaxForwards::forward;
  const auto value = head.headers.get("Max-Forwards");
  if (!value) return MaxForwards::forward;
  const Decimal left = parse_decimal(*value);
  if (head.headers.count("Max-Forwards") > 1 || (!left.valid && !left.overflow))
    return MaxForwards::invalid;
  if (left.valid && left.value == 0) return MaxForwards::answer_here;
  // The largest number we hold stands for all that are larger.
  const std::uint64_t lowered = left.overflow ? std::uint64_t{1} << 32 : left.value - 1;
  return head.headers.set("Max-Forwards", std::to_string(lowered)) ? MaxForwards::forward
                                                                   : MaxForwards::invalid;
}

std::string authority_text(const HostPort& authority, Scheme scheme) {
  std::string text = authority.to_string();
  if (scheme != Scheme::none && authority.port == default_port(scheme))
    text.resize(text.rfind(':'));
  return text;
}

void append_request_head(std::string& out, const RequestHead& head, TargetForm form) {
  constexpr std::size_t around_target = 32;
  reserve_head(
      out, head.headers,
      head.method.size() + head.authority.host.size() + head.path_and_query.size() + around_target);
  out.append(head.method).append(" ");
  if (form == TargetForm::authority) {
    out.append(head.authority.to_string());
  } else {
    if (form == TargetForm::absolute) {
      out.append(to_string(head.scheme))
          .append("://")
          .append(authority_text(head.authority, head.scheme));
    }
    if (form != TargetForm::absolute || head.path_and_query != "*") out.append(head.path_and_query);
  }
  out.append(" HTTP/1.1\r\n");
  // Host comes first, where origins look for it (RFC 9110 section 7.2).
  head.headers.for_each(
      "Host", [&](std::string_view host) { out.append("Host: ").append(host).append("\r\n"); });
  append_fields(out, head.headers, "Host");
}

void append_response_head(std::string& out, const ResponseHead& head) {
  constexpr std::size_t around_reason = 16;
  reserve_head(out, head.headers, head.reason.size() + around_reason);
  out.append("HTTP/1.1 ")
      .append(std::to_string(head.status))
      .append(" ")
      .append(head.reason)
      .append("\r\n");
  append_fields(out, head.headers, {});
}

}  // namespace bulkhead::wire::http1

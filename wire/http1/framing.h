// How a message is delimited (RFC 9112 section 6) and what its Connection field asks for (RFC 9110
// section 7.6.1). Shared by requests and responses; everything here reads fields that have been
// parsed.
#pragma once

#include <cstdint>

#include "wire/http1/headers.h"
#include "wire/http1/parse_error.h"

namespace bulkhead::wire::http1 {

enum class Version : std::uint8_t { http_1_0, http_1_1 };

std::string_view to_string(Version version);  // "HTTP/1.1"

struct BodyFraming {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };

  Kind kind = Kind::none;
  std::uint64_t length = 0;  // octets; only for Kind::length, may be 0

  // Whether at least one octet of body, if only a last chunk, follows the head.
  bool has_body() const { return kind != Kind::none && !(kind == Kind::length && length == 0); }

  friend bool operator==(const BodyFraming&, const BodyFraming&) = default;
};

// Reads Content-Length and Transfer-Encoding. The result is none, length or chunked. Refused, not
// repaired: both fields together, more than one Content-Length (equal or not, RFC 9112 section 6.3
// allows to refuse), any transfer coding but a single "chunked", and Transfer-Encoding in HTTP/1.0.
ParseError read_framing(const Headers& headers, Version version, BodyFraming& framing);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;

  // Close wins over keep-alive; HTTP/1.0 persists only if it asks to.
  bool persists(Version version) const {
    return !close && (version == Version::http_1_1 || keep_alive);
  }
};

// At most this many options are looked at, so that removing what they name stays cheap.
inline constexpr std::size_t max_connection_options = 64;

ParseError read_connection_options(const Headers& headers, ConnectionOptions& options);

}  // namespace bulkhead::wire::http1

// Text in and out of the small value types, and text for messages. Internal to config/.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/values.h"

namespace bulkhead::config {

// Offset of the first byte that is no UTF-8 or is a control character other than tab and line ends;
// npos if none.
std::size_t first_bad_text(std::string_view text);

// For a message: control characters and bad bytes become '?', long text is cut at 80 bytes.
std::string printable(std::string_view text);

// The candidate nearest to what was written, if it is near enough to be meant; else empty. Case is
// ignored.
std::string_view nearest(std::string_view written, std::span<const std::string_view> candidates);

// "did you mean \"x\"?" for nearest(), or empty.
std::string did_you_mean(std::string_view written, std::span<const std::string_view> candidates);

std::optional<Duration> parse_duration(std::string_view text);  // "1m30s"; 0 needs no unit
std::string format(Duration duration);
std::optional<ByteSize> parse_size(std::string_view text);  // "100MB", "10MiB", "4096"
std::string format(ByteSize size);
std::optional<PortRange> parse_ports(std::string_view text);  // "443", "8000-8999"
std::string format(PortRange ports);

// A domain pattern as described in values.h, from any way of writing it; nothing if it is no host
// name, address or wildcard. UTS #46 non-transitional mapping, so that what browsers send is what
// matches.
std::optional<DomainPattern> parse_domain_pattern(std::string_view text);

// An absolute URL with one of the schemes ("http", "https"), a valid host, and no space or
// userinfo.
bool is_url(std::string_view text, std::span<const std::string_view> schemes);

// Whether such a URL's host is written as an address of this machine: 127.0.0.0/8 or ::1. Names,
// localhost included, are somebody's answer.
bool is_loopback_url(std::string_view url);

// A YAML scalar that reads back as text, plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);
std::string json_string(std::string_view text);

}  // namespace bulkhead::config

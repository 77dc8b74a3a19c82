// Reading JSON that came from outside: nothing throws, and what is not as expected is not there.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::auth {

using Json = nlohmann::json;

// An object, or nothing: not JSON, something else, nested deeper than deepest, or with a name twice
// (which two readers might understand in two ways).
std::optional<Json> parse_object(std::string_view text, std::size_t deepest = 16);

// A member of an object as text; nothing if it is missing or something else.
std::optional<std::string> text_of(const Json& object, std::string_view name);
// A text or a list of texts; other elements are left out.
std::vector<std::string> texts_of(const Json& value);
// Seconds since 1970 (RFC 7519 NumericDate), fractions cut off, at most those of the year 2255;
// nothing if it is negative or no number.
std::optional<std::int64_t> date_of(const Json& object, std::string_view name);
// True for true and for "true", as some providers write it.
std::optional<bool> truth_of(const Json& object, std::string_view name);

// The claim of that name, or, if there is none and the name has dots, the one at that path:
// "realm_access.roles". Null if there is none. Points into the object.
const Json* claim_of(const Json& object, std::string_view name);

}  // namespace bulkhead::auth

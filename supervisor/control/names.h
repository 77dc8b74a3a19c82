// How backends and rules are named and described to a person.
#pragma once

#include <string>
#include <string_view>

#include "config/routes.h"

namespace bulkhead::supervisor {

std::string_view kind_of(config::BackendType type);
std::string_view origin_of(const config::Origin& origin);  // file, managed, default
std::string match_of(const config::Match& match);          // "domains *.example.com, ports 443"
std::string action_of(
    const config::Rule& rule);  // "backend direct", "block", "redirect 302 https://…"

}  // namespace bulkhead::supervisor

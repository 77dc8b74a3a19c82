#include "workers/auth/method/oauth/json.h"

#include <algorithm>
#include <set>

namespace bulkhead::auth {
namespace {

// Refuses names that are there twice and too much depth, while the text is read.
class Guard {
 public:
  explicit Guard(std::size_t deepest) : deepest_(deepest) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    using enum Json::parse_event_t;
    if (static_cast<std::size_t>(std::max(depth, 0)) > deepest_) good_ = false;
    if (event == object_start) names_.emplace_back();
    if (event == key && !names_.empty())
      good_ = names_.back().insert(parsed.get<std::string>()).second && good_;
    if (event == object_end && !names_.empty()) names_.pop_back();
    return true;
  }
  bool good() const { return good_; }

 private:
  std::size_t deepest_;
  std::vector<std::set<std::string>> names_;
  bool good_ = true;
};

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Json> parse_object(std::string_view text, std::size_t deepest) {
  Guard guard(deepest);
  Json parsed = Json::parse(text, std::ref(guard), /*allow_exceptions=*/false);
  if (!guard.good() || !parsed.is_object()) return std::nullopt;
  return parsed;
}

std::optional<std::string> text_of(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::vector<std::string> texts_of(const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> texts;
  if (!value.is_array()) return texts;
  for (const Json& each : value)
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

std::optional<std::int64_t> date_of(const Json& object, std::string_view name) {
  constexpr double latest = 9'000'000'000;  // the year 2255: what a clock of nanoseconds can hold
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  // Written so that NaN fails.
  if (!(seconds >= 0)) return std::nullopt;
  return static_cast<std::int64_t>(std::min(seconds, latest));
}

std::optional<bool> truth_of(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found == nullptr) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_string()) return found->get<std::string>() == "true";
  return std::nullopt;
}

const Json* claim_of(const Json& object, std::string_view name) {
  if (const Json* found = member(object, name)) return found;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const Json* inner = member(object, name.substr(0, dot));
  return inner == nullptr ? nullptr : claim_of(*inner, name.substr(dot + 1));
}

}  // namespace bulkhead::auth

#include "workers/auth/method/chain.h"

#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

constexpr std::string_view nobody = "none";
constexpr std::string_view own_users = "native";

template <class Ask>
Verdict first_that_knows(const std::vector<std::unique_ptr<Method>>& methods, Deadline deadline,
                         std::vector<Verdict>* tried, Ask ask) {
  Inquiry inquiry;
  for (const auto& method : methods) {
    const bool late = std::chrono::steady_clock::now() >= deadline;
    Verdict verdict = late ? refusal(method->name(), Reason::timed_out) : ask(*method);
    if (tried != nullptr) tried->push_back(verdict);
    if (inquiry.take(std::move(verdict))) break;
  }
  return inquiry.answer();
}

}  // namespace

Inquiry::Inquiry() : answer_(refusal(nobody, Reason::no_method)) {}

bool Inquiry::take(Verdict verdict) {
  way_ += verdict.method;
  way_ += ':';
  way_ += to_string(verdict.reason);
  way_ += ' ';
  const bool known = verdict.outcome == Outcome::accepted || verdict.outcome == Outcome::refused;
  if (known || answer_.outcome != Outcome::unavailable) answer_ = std::move(verdict);
  return known;
}

Verdict Chain::check(const Credential& credential, Deadline deadline,
                     std::vector<Verdict>* tried) const {
  if (!acceptable(credential)) return refusal(nobody, Reason::malformed_credential);
  Verdict verdict = first_that_knows(methods_, deadline, tried, [&](Method& method) {
    return method.check(credential, deadline);
  });
  for (Method* elder : elders(credential, verdict)) {
    if (verdict.outcome == Outcome::accepted)
      verdict = heed(credential, verdict, elder->look_up(verdict.user, deadline));
  }
  return verdict;
}

// Of tokens only the server's own users are looked at: a directory that is slow is in nobody's way.
std::vector<Method*> Chain::elders(const Credential& credential, const Verdict& accepted) const {
  std::vector<Method*> found;
  const bool same_name =
      credential.kind == Credential::Kind::basic && credential.user == accepted.user;
  if (accepted.outcome != Outcome::accepted || same_name) return found;
  for (const auto& method : methods_) {
    if (method->name() == accepted.method) break;
    if (credential.kind == Credential::Kind::basic || method->name() == own_users)
      found.push_back(method.get());
  }
  return found;
}

// One that knows somebody of that name has not accepted this password for him.
Verdict Chain::heed(const Credential& credential, Verdict accepted, const Verdict& elder) {
  if (elder.outcome == Outcome::refused) return refusal(elder.method, elder.reason);
  if (elder.outcome == Outcome::accepted && credential.kind == Credential::Kind::basic)
    return refusal(elder.method, Reason::wrong_password);
  return accepted;
}

Verdict Chain::look_up(std::string_view user, Deadline deadline,
                       std::vector<Verdict>* tried) const {
  if (!acceptable_user(user)) return refusal(nobody, Reason::malformed_credential);
  return first_that_knows(methods_, deadline, tried,
                          [&](Method& method) { return method.look_up(user, deadline); });
}

}  // namespace bulkhead::auth

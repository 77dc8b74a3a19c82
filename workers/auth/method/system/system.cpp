#include "workers/auth/method/system/system.h"

#include <algorithm>

#include "workers/auth/method/remaining.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {

bool System::is_allowed(const std::vector<std::string>& groups) const {
  const auto& allowed = settings_.allowed_groups;
  return allowed.empty() || std::find_first_of(groups.begin(), groups.end(), allowed.begin(),
                                               allowed.end()) != groups.end();
}

Verdict System::judge(const PamReply& reply) const {
  if (reply.why() != Reason::accepted) return refusal(name(), reply.why());
  std::vector<std::string> groups;
  groups.reserve(reply.groups.items.size());
  for (const auto& group : reply.groups.items) groups.push_back(group.value);
  if (!is_allowed(groups)) return refusal(name(), Reason::not_in_allowed_groups);
  return acceptance(name(), reply.user.value, std::move(groups));
}

Verdict System::ask(PamRequest request, const platform::Secret& password, Deadline deadline) {
  if (!broker_) return refusal(name(), Reason::misconfigured);
  struct Place {
    std::atomic<unsigned>& taken;
    explicit Place(std::atomic<unsigned>& counter) : taken(counter) { ++taken; }
    ~Place() { --taken; }
  } const place(running_);
  if (place.taken > settings_.max_transactions) return refusal(name(), Reason::overloaded);
  request.service = settings_.service;
  return judge(broker_->run(request, password, within(deadline, settings_.timeout)));
}

bool System::concerns(const Credential& credential) const {
  return credential.kind == Credential::Kind::basic &&
         credential.secret.size() <= max_pam_password_bytes;
}

Verdict System::check(const Credential& credential, Deadline deadline) {
  if (!concerns(credential)) return refusal(name(), Reason::other_kind_of_credential);
  PamRequest request;
  request.user = credential.user;
  return ask(std::move(request), credential.secret, deadline);
}

Verdict System::look_up(std::string_view user, Deadline deadline) {
  PamRequest request;
  request.check_password = false;
  request.user = user;
  return ask(std::move(request), {}, deadline);
}

}  // namespace bulkhead::auth

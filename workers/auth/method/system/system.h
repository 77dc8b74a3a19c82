// `mode: system`: users of the operating system, by PAM. See pam_broker.h for how.
#pragma once

#include <atomic>
#include <memory>

#include "config/auth_methods.h"
#include "workers/auth/method/system/pam_broker.h"

namespace bulkhead::auth {

class System : public Method {
 public:
  System(config::SystemAuth settings, std::shared_ptr<PamBroker> broker)
      : settings_(std::move(settings)), broker_(std::move(broker)) {}

  std::string_view name() const override { return "system"; }
  bool concerns(const Credential& credential) const override;
  Verdict check(const Credential& credential, Deadline deadline) override;
  // The account phase alone: expired, locked or removed accounts are refused or unknown.
  Verdict look_up(std::string_view user, Deadline deadline) override;

 private:
  Verdict ask(PamRequest request, const platform::Secret& password, Deadline deadline);
  Verdict judge(const PamReply& reply) const;
  bool is_allowed(const std::vector<std::string>& groups) const;

  config::SystemAuth settings_;
  std::shared_ptr<PamBroker> broker_;  // may be null: then everybody is "misconfigured"
  std::atomic<unsigned> running_ = 0;
};

}  // namespace bulkhead::auth

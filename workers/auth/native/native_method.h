// Mode native: users with a password or a token that this server knows itself.
//
// Nobody learns by answer or by time whether a name exists: an unknown one is hashed for as well
// (accounts.h), and a disabled account says so to its own password only. A secret that has the form
// of a token is never taken for a password, so that it costs no hash.
#pragma once

#include "workers/auth/method/method.h"
#include "workers/auth/native/accounts.h"
#include "workers/auth/native/password_hash.h"

namespace bulkhead::auth {

class NativeMethod final : public Method {
 public:
  // Both outlive this.
  NativeMethod(const Accounts& accounts, HashingPlaces& places)
      : accounts_(accounts), places_(places) {}

  std::string_view name() const override { return "native"; }
  bool concerns(const Credential& credential) const override;
  Verdict check(const Credential& credential, Deadline deadline) override;
  Verdict look_up(std::string_view user, Deadline deadline) override;

 private:
  Verdict check_password(const Credential& credential, Deadline deadline);
  // user: whose it has to be; empty: anybody's.
  Verdict check_token(const Credential& credential, std::string_view user);
  Verdict refuse(Reason reason) const;
  Verdict refuse(const StoreError& error) const;
  Verdict accept(Account account) const;
  void upgrade(const Account& account, const Credential& credential, Deadline deadline);

  const Accounts& accounts_;
  HashingPlaces& places_;
};

}  // namespace bulkhead::auth

#include "workers/auth/method/ldap/bind_result.h"

#include <array>
#include <ldap.h>

namespace bulkhead::auth {
namespace {

struct Meaning {
  std::string_view code;
  Reason reason;
};

// Win32 errors in hexadecimal, as Active Directory writes them.
constexpr std::array active_directory{
    Meaning{"525", Reason::unknown_user},      // ERROR_NO_SUCH_USER
    Meaning{"52e", Reason::wrong_password},    // ERROR_LOGON_FAILURE
    Meaning{"530", Reason::account_disabled},  // ERROR_INVALID_LOGON_HOURS
    Meaning{"531", Reason::account_disabled},  // ERROR_INVALID_WORKSTATION
    Meaning{"532", Reason::password_expired},  // ERROR_PASSWORD_EXPIRED
    Meaning{"533", Reason::account_disabled},  // ERROR_ACCOUNT_DISABLED
    Meaning{"701", Reason::account_expired},   // ERROR_ACCOUNT_EXPIRED
    Meaning{"773", Reason::password_expired},  // ERROR_PASSWORD_MUST_CHANGE
    Meaning{"775", Reason::account_disabled},  // ERROR_ACCOUNT_LOCKED_OUT
};

Reason reason_of_invalid_credentials(std::string_view diagnostic) {
  constexpr std::string_view before = ", data ";
  const std::size_t place = diagnostic.find(before);
  if (place == std::string_view::npos) return Reason::wrong_password;
  const std::string_view rest = diagnostic.substr(place + before.size());
  const std::string_view code = rest.substr(0, rest.find_first_of(", "));
  for (const Meaning& each : active_directory)
    if (each.code == code) return each.reason;
  return Reason::wrong_password;
}

}  // namespace

Reason reason_of_bind(int code, std::string_view diagnostic, int policy) {
  // With a policy error a "success" allows nothing but changing the password.
  if (policy == PP_passwordExpired || policy == PP_changeAfterReset)
    return Reason::password_expired;
  if (policy == PP_accountLocked) return Reason::account_disabled;
  switch (code) {
    case LDAP_SUCCESS:
      return policy < 0 || policy == PP_noError ? Reason::accepted : Reason::account_disabled;
    case LDAP_INVALID_CREDENTIALS:
      return reason_of_invalid_credentials(diagnostic);
    case LDAP_INAPPROPRIATE_AUTH:  // no password is set
    case LDAP_NO_SUCH_OBJECT:      // gone since it was found
      return Reason::wrong_password;
    case LDAP_CONSTRAINT_VIOLATION:  // too many failures
    case LDAP_UNWILLING_TO_PERFORM:
    case LDAP_INSUFFICIENT_ACCESS:
      return Reason::account_disabled;
    case LDAP_CONFIDENTIALITY_REQUIRED:
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_AUTH_METHOD_NOT_SUPPORTED:
      return Reason::misconfigured;
    default:
      return Reason::server_failed;
  }
}

}  // namespace bulkhead::auth

#include "workers/auth/method/pam_check/transaction.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <security/pam_appl.h>

#include "workers/auth/method/pam_check/groups.h"

namespace bulkhead::auth {
namespace {

struct Answers {
  const platform::Secret& password;
  bool used = false;
};

// libpam frees the answers it is given, so they are malloc'ed; it wipes them first.
char* answer(const pam_message& message, Answers& answers, int& result) {
  result = PAM_SUCCESS;
  if (message.msg_style == PAM_TEXT_INFO || message.msg_style == PAM_ERROR_MSG) return nullptr;
  // A second prompt asks for something else than the password: nobody is there to answer it.
  const bool can = message.msg_style == PAM_PROMPT_ECHO_OFF && !answers.used;
  if (!can) {
    result = PAM_CONV_ERR;
    return nullptr;
  }
  answers.used = true;
  const std::string_view password = answers.password.reveal();
  return strndup(password.data(), password.size());
}

int converse(int count, const pam_message** messages, pam_response** responses, void* data) {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  auto* filled =
      static_cast<pam_response*>(calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (filled == nullptr) return PAM_BUF_ERR;
  int result = PAM_SUCCESS;
  for (int each = 0; each < count && result == PAM_SUCCESS; ++each)
    filled[each].resp = answer(*messages[each], *static_cast<Answers*>(data), result);
  if (result != PAM_SUCCESS) {
    for (int each = 0; each < count; ++each) free(filled[each].resp);
    free(filled);
    return result;
  }
  *responses = filled;
  return PAM_SUCCESS;
}

Reason reason_of(int result) {
  switch (result) {
    case PAM_SUCCESS:
      return Reason::accepted;
    case PAM_USER_UNKNOWN:
      return Reason::unknown_user;
    case PAM_AUTH_ERR:
    case PAM_MAXTRIES:
    case PAM_CONV_ERR:
      return Reason::wrong_password;
    case PAM_PERM_DENIED:
      return Reason::account_disabled;
    case PAM_ACCT_EXPIRED:
      return Reason::account_expired;
    case PAM_NEW_AUTHTOK_REQD:
    case PAM_CRED_EXPIRED:
    case PAM_AUTHTOK_EXPIRED:
      return Reason::password_expired;
    case PAM_OPEN_ERR:
    case PAM_SYMBOL_ERR:
    case PAM_MODULE_UNKNOWN:
    case PAM_CRED_INSUFFICIENT:
      return Reason::misconfigured;
    default:
      return Reason::server_failed;
  }
}

// Without its file libpam would take the service "other".
bool has_service(const std::string& service, const std::string& services) {
  std::error_code ignored;
  if (!services.empty()) return std::filesystem::exists(services + '/' + service, ignored);
  for (const char* folder : {"/etc/pam.d/", "/usr/lib/pam.d/", "/usr/share/pam.d/"})
    if (std::filesystem::exists(folder + service, ignored)) return true;
  return false;
}

// Our lock-out makes wrong passwords slow; a sleeping process would only hold a place.
void no_delay(int, unsigned, void*) {}

class Handle {
 public:
  Handle(const PamRequest& request, const std::string& services, const pam_conv& conversation) {
    result_ =
        pam_start_confdir(request.service.value.c_str(), request.user.value.c_str(), &conversation,
                          services.empty() ? nullptr : services.c_str(), &handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) pam_end(handle_, result_);
  }

  int run(bool check_password) {
    if (result_ != PAM_SUCCESS) return result_;
    set(PAM_FAIL_DELAY, reinterpret_cast<const void*>(&no_delay));
    set(PAM_RUSER, "bulkhead");
    constexpr int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
    if (check_password) result_ = pam_authenticate(handle_, flags);
    if (result_ == PAM_SUCCESS) result_ = pam_acct_mgmt(handle_, flags);
    return result_;
  }

  // Modules may have mapped the name to another.
  std::string user() const {
    const void* item = nullptr;
    if (pam_get_item(handle_, PAM_USER, &item) != PAM_SUCCESS || item == nullptr) return {};
    return static_cast<const char*>(item);
  }

 private:
  void set(int item, const void* value) { static_cast<void>(pam_set_item(handle_, item, value)); }

  pam_handle_t* handle_ = nullptr;
  int result_ = PAM_SYSTEM_ERR;
};

PamReply reply_with(Reason reason) {
  PamReply reply;
  reply.reason = static_cast<std::uint8_t>(reason);
  return reply;
}

}  // namespace

PamReply transact(const PamRequest& request, const platform::Secret& password,
                  const std::string& services) {
  if (!is_service_name(request.service.value) || !has_service(request.service.value, services))
    return reply_with(Reason::misconfigured);
  Answers answers{password};
  const pam_conv conversation{converse, &answers};
  Handle handle(request, services, conversation);
  const Reason reason = reason_of(handle.run(request.check_password));
  PamReply reply = reply_with(reason);
  if (reason != Reason::accepted) return reply;
  reply.user = handle.user();
  for (const std::string& group : groups_of(reply.user.value)) reply.groups.push(group);
  return reply;
}

}  // namespace bulkhead::auth

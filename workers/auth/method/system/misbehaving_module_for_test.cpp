// A PAM module that does what its first argument says: what the one-shot process is there for.
// Built for the tests, never installed.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string>
#include <unistd.h>

namespace {

struct Call {
  pam_handle_t* handle;
  std::string with;  // the second argument
};

int check_password(const Call& call) {
  const char* token = nullptr;
  if (pam_get_authtok(call.handle, PAM_AUTHTOK, &token, nullptr) != PAM_SUCCESS)
    return PAM_CONV_ERR;
  return token != nullptr && call.with == token ? PAM_SUCCESS : PAM_AUTH_ERR;
}

// Asks a second time, as a module does that wants a new password.
int ask_twice(const Call& call) {
  const char* token = nullptr;
  pam_get_authtok(call.handle, PAM_AUTHTOK, &token, nullptr);
  char* answer = nullptr;
  return pam_prompt(call.handle, PAM_PROMPT_ECHO_OFF, &answer, "again: ");
}

// Deaf to every signal that can be ignored, and so is its child, whose number it leaves behind.
int block(const Call& call) {
  const bool child = fork() == 0;
  for (int number = 1; number < 65; ++number) signal(number, SIG_IGN);
  if (child) {
    const std::string unfinished = call.with + ".new";
    std::ofstream(unfinished) << getpid() << '\n';
    rename(unfinished.c_str(), call.with.c_str());
  }
  for (;;) pause();
}

int leak(const Call&) {
  constexpr std::size_t much = 1 << 20;
  for (;;) {
    void* lost = malloc(much);
    if (lost == nullptr) abort();
    memset(lost, 1, much);
  }
}

int print_everywhere(const Call&) {
  constexpr std::string_view text = "accepted accepted accepted\n";
  for (int descriptor = 0; descriptor < 16; ++descriptor)
    if (write(descriptor, text.data(), text.size()) < 0) continue;
  return PAM_AUTH_ERR;
}

int rename_user(const Call& call) {
  return pam_set_item(call.handle, PAM_USER, call.with.c_str());
}

int give(const Call& call) {
  return std::stoi(call.with);
}

[[noreturn]] int crash(const Call&) {
  abort();
}

[[noreturn]] int leave(const Call&) {
  _exit(0);
}

int authenticate(const std::string& what, const Call& call) {
  const std::map<std::string, int (*)(const Call&)> behaviours = {{"password", check_password},
                                                                  {"twice", ask_twice},
                                                                  {"block", block},
                                                                  {"leak", leak},
                                                                  {"print", print_everywhere},
                                                                  {"rename", rename_user},
                                                                  {"return", give},
                                                                  {"crash", crash},
                                                                  {"exit", leave}};
  const auto found = behaviours.find(what);
  return found == behaviours.end() ? PAM_SERVICE_ERR : found->second(call);
}

}  // namespace

extern "C" {

int pam_sm_authenticate(pam_handle_t* handle, int, int argc, const char** argv) {
  return authenticate(argc > 0 ? argv[0] : "", {handle, argc > 1 ? argv[1] : ""});
}

int pam_sm_setcred(pam_handle_t*, int, int, const char**) {
  return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t*, int, int argc, const char** argv) {
  return argc > 1 && std::strcmp(argv[0], "return") == 0 ? std::stoi(argv[1]) : PAM_SUCCESS;
}
}

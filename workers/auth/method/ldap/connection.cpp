#include "workers/auth/method/ldap/connection.h"

#include <algorithm>
#include <cerrno>
#include <ldap.h>
#include <openldap.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

#include "workers/auth/method/ldap/bind_result.h"
#include "workers/auth/method/ldap/dial.h"
#include "workers/auth/method/remaining.h"
#include "workers/auth/method/watchdog.h"

namespace bulkhead::auth {
namespace {

// Longest message that is taken from a directory.
constexpr ber_len_t max_incoming = ber_len_t{4} * 1024 * 1024;

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;

timeval to_timeval(Deadline deadline) {
  const auto left = remaining(deadline);
  return {left.count() / 1000, static_cast<suseconds_t>(left.count() % 1000 * 1000)};
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// What the library says about itself is short; a directory may say anything.
std::string bounded(std::string_view text) {
  constexpr std::size_t most = 200;
  return std::string(text.substr(0, most));
}

std::string text_option(LDAP* handle, int option) {
  char* text = nullptr;
  if (ldap_get_option(handle, option, static_cast<void*>(&text)) != LDAP_OPT_SUCCESS ||
      text == nullptr)
    return {};
  std::string out = bounded(text);
  ldap_memfree(text);
  return out;
}

bool set(LDAP* handle, int option, const void* value) {
  return ldap_set_option(handle, option, value) == LDAP_OPT_SUCCESS;
}

bool set_number(LDAP* handle, int option, int value) {
  return set(handle, option, &value);
}

// Of this handle alone; what an ldap.conf says has no part in it.
bool set_up_tls(LDAP* handle, const config::LdapTls& tls) {
  const std::string file = tls.ca_cert.empty() ? system_ca_file() : tls.ca_cert;
  bool good = file.empty() || set(handle, LDAP_OPT_X_TLS_CACERTFILE, file.c_str());
  good = good && set_number(handle, LDAP_OPT_X_TLS_REQUIRE_CERT,
                            tls.skip_verify ? LDAP_OPT_X_TLS_NEVER : LDAP_OPT_X_TLS_DEMAND);
  good = good && set_number(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL_TLS1_2);
  return good && set_number(handle, LDAP_OPT_X_TLS_NEWCTX, 0);
}

bool set_up(LDAP* handle, const config::LdapAuth& settings) {
  bool good = set_number(handle, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3);
  good = good && set(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  good = good && set_number(handle, LDAP_OPT_DEREF, LDAP_DEREF_NEVER);
  good = good && set(handle, LDAP_OPT_RESTART, LDAP_OPT_ON);
  return good && set_up_tls(handle, settings.tls);
}

// A server that stops in the middle of a TLS record must not keep us for ever, nor may one send
// without end.
void bound_connection(LDAP* handle, int socket, std::chrono::milliseconds timeout) {
  const timeval limit{timeout.count() / 1000,
                      static_cast<suseconds_t>(timeout.count() % 1000 * 1000)};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    static_cast<void>(setsockopt(socket, SOL_SOCKET, option, &limit, sizeof limit));
  Sockbuf* buffer = nullptr;
  ldap_get_option(handle, LDAP_OPT_SOCKBUF, static_cast<void*>(&buffer));
  ber_len_t most = max_incoming;
  if (buffer != nullptr) ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
}

struct Place {
  bool encrypted = false;
  std::string host;
  int port = 0;

  // For the library, which takes the name that certificates are checked against from it.
  std::string url() const {
    const bool brackets = host.find(':') != std::string::npos;
    return "ldap://" + (brackets ? '[' + host + ']' : host) + ':' + std::to_string(port);
  }
};

std::optional<Place> parse_url(const std::string& url) {
  LDAPURLDesc* parsed = nullptr;
  if (ldap_url_parse(url.c_str(), &parsed) != LDAP_URL_SUCCESS) return std::nullopt;
  const std::unique_ptr<LDAPURLDesc, void (*)(LDAPURLDesc*)> owner(parsed, ldap_free_urldesc);
  Place place{std::string_view(parsed->lud_scheme) == "ldaps",
              parsed->lud_host != nullptr ? parsed->lud_host : "", parsed->lud_port};
  if (place.port == 0) place.port = place.encrypted ? LDAPS_PORT : LDAP_PORT;
  if (place.host.empty()) return std::nullopt;
  return place;
}

LDAPControl* ask_for_policy(LDAPControl& control) {
  static char oid[] = LDAP_CONTROL_PASSWORDPOLICYREQUEST;
  control = {oid, {0, nullptr}, 0};
  return &control;
}

// The error in the password policy response; -1 if there is none.
int policy_of(LDAP* handle, LDAPControl** controls) {
  LDAPControl* found = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, nullptr);
  if (found == nullptr) return -1;
  ber_int_t expires = -1;
  ber_int_t grace = -1;
  LDAPPasswordPolicyError error = PP_noError;
  const int result = ldap_parse_passwordpolicy_control(handle, found, &expires, &grace, &error);
  return result == LDAP_SUCCESS ? static_cast<int>(error) : -1;
}

LdapEntry read_entry(LDAP* handle, LDAPMessage* message) {
  LdapEntry entry;
  if (char* dn = ldap_get_dn(handle, message)) {
    entry.dn = dn;
    ldap_memfree(dn);
  }
  BerElement* position = nullptr;
  for (char* name = ldap_first_attribute(handle, message, &position); name != nullptr;
       name = ldap_next_attribute(handle, message, position)) {
    std::vector<std::string>& values = entry.attributes[lowered(name)];
    if (berval** found = ldap_get_values_len(handle, message, name)) {
      for (berval** value = found; *value != nullptr; ++value)
        values.emplace_back((*value)->bv_val, (*value)->bv_len);
      ldap_value_free_len(found);
    }
    ldap_memfree(name);
  }
  if (position != nullptr) ber_free(position, 0);
  return entry;
}

LdapError timed_out() {
  return {LDAP_TIMEOUT, Reason::timed_out, "no answer in time", true};
}

// One answer, whole. The message is freed by its owner.
tl::expected<Message, LdapError> await(LDAP* handle, int id, Deadline deadline) {
  timeval limit = to_timeval(deadline);
  LDAPMessage* message = nullptr;
  const int type = ldap_result(handle, id, LDAP_MSG_ALL, &limit, &message);
  Message owner(message);
  if (type == 0) {
    ldap_abandon_ext(handle, id, nullptr, nullptr);
    return tl::unexpected(timed_out());
  }
  if (type < 0)
    return tl::unexpected(
        LdapError{LDAP_SERVER_DOWN, Reason::server_unreachable, "the connection was lost", true});
  return owner;
}

struct Result {
  int code = LDAP_OTHER;
  std::string diagnostic;
  int policy = -1;
};

Result parse_result(LDAP* handle, LDAPMessage* message) {
  Result result;
  char* text = nullptr;
  LDAPControl** controls = nullptr;
  const int parsed =
      ldap_parse_result(handle, message, &result.code, nullptr, &text, nullptr, &controls, 0);
  if (parsed != LDAP_SUCCESS) result.code = LDAP_DECODING_ERROR;
  if (text != nullptr) result.diagnostic = bounded(text);
  result.policy = policy_of(handle, controls);
  ldap_memfree(text);
  if (controls != nullptr) ldap_controls_free(controls);
  return result;
}

Reason reason_of_search(int code) {
  switch (code) {
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_INAPPROPRIATE_AUTH:
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_OPERATIONS_ERROR:  // Active Directory, for a search without a bind
    case LDAP_CONFIDENTIALITY_REQUIRED:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_FILTER_ERROR:
      return Reason::misconfigured;
    case LDAP_TIMELIMIT_EXCEEDED:
    case LDAP_TIMEOUT:
      return Reason::timed_out;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return Reason::server_failed;
    default:
      return code < 0 ? Reason::server_unreachable : Reason::server_failed;
  }
}

// The entries, unless the server said no. More than the size limit is a yes.
tl::expected<std::vector<LdapEntry>, LdapError> read_entries(LDAP* handle, LDAPMessage* message) {
  std::vector<LdapEntry> entries;
  Result result;
  for (LDAPMessage* each = ldap_first_message(handle, message); each != nullptr;
       each = ldap_next_message(handle, each)) {
    if (ldap_msgtype(each) == LDAP_RES_SEARCH_ENTRY) entries.push_back(read_entry(handle, each));
    if (ldap_msgtype(each) == LDAP_RES_SEARCH_RESULT) result = parse_result(handle, each);
  }
  if (result.code == LDAP_SUCCESS || result.code == LDAP_SIZELIMIT_EXCEEDED) return entries;
  return tl::unexpected(
      LdapError{result.code, reason_of_search(result.code),
                std::string(ldap_err2string(result.code)) + ": " + result.diagnostic});
}

}  // namespace

const std::vector<std::string>& LdapEntry::values(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = attributes.find(lowered(name));
  return found == attributes.end() ? none : found->second;
}

LdapConnection::LdapConnection(std::string url, struct ldap* handle)
    : url_(std::move(url)), handle_(handle) {}

LdapConnection::~LdapConnection() {
  ldap_unbind_ext(handle_, nullptr, nullptr);
}

tl::expected<std::unique_ptr<LdapConnection>, LdapError> LdapConnection::open(
    const std::string& url, const config::LdapAuth& settings, Deadline deadline) {
  const auto place = parse_url(url);
  if (!place)
    return tl::unexpected(LdapError{LDAP_PARAM_ERROR, Reason::misconfigured, "not a usable URL"});
  auto socket = dial(place->host, place->port, deadline);
  if (!socket)
    return tl::unexpected(
        LdapError{LDAP_SERVER_DOWN, socket.error().reason, socket.error().detail, true});
  LDAP* handle = nullptr;
  if (ldap_init_fd(socket->get(), LDAP_PROTO_TCP, place->url().c_str(), &handle) != LDAP_SUCCESS)
    return tl::unexpected(LdapError{LDAP_NO_MEMORY, Reason::server_failed, "libldap failed"});
  const int descriptor = socket->release();  // the handle closes it
  std::unique_ptr<LdapConnection> connection(new LdapConnection(url, handle));
  if (!set_up(handle, settings))
    return tl::unexpected(LdapError{LDAP_PARAM_ERROR, Reason::misconfigured,
                                    "cannot set up TLS: is the file of CAs readable?"});
  Watchdog watchdog(descriptor, deadline);
  auto secured = connection->secure(place->encrypted, settings.tls.start_tls, deadline);
  if (watchdog.stop()) return tl::unexpected(timed_out());
  if (!secured) return tl::unexpected(secured.error());
  bound_connection(handle, descriptor, settings.timeout);
  return connection;
}

tl::expected<void, LdapError> LdapConnection::secure(bool at_once, bool start_tls,
                                                     Deadline deadline) {
  if (!at_once && !start_tls) return {};
  if (start_tls) {
    auto granted = ask_to_start_tls(deadline);
    if (!granted) return granted;
  }
  const int secured = ldap_install_tls(handle_);
  if (secured != LDAP_SUCCESS) return tl::unexpected(lost(secured));
  return {};
}

// A server that does not want to is no reason to go on in clear.
tl::expected<void, LdapError> LdapConnection::ask_to_start_tls(Deadline deadline) {
  int id = 0;
  const int sent = ldap_start_tls(handle_, nullptr, nullptr, &id);
  if (sent != LDAP_SUCCESS) return tl::unexpected(lost(sent));
  const auto message = await(handle_, id, deadline);
  if (!message) return tl::unexpected(message.error());
  const Result result = parse_result(handle_, message->get());
  if (result.code == LDAP_SUCCESS) return {};
  return tl::unexpected(LdapError{result.code, Reason::server_failed,
                                  "StartTLS was refused: " + result.diagnostic, true});
}

tl::expected<void, LdapError> LdapConnection::bind(const std::string& dn,
                                                   const platform::Secret& password,
                                                   Deadline deadline) {
  if (!dn.empty() && password.empty())
    return tl::unexpected(
        LdapError{LDAP_INAPPROPRIATE_AUTH, Reason::wrong_password, "an empty password"});
  const std::string_view clear = password.reveal();
  berval credential{clear.size(), const_cast<char*>(clear.data())};
  LDAPControl policy{};
  LDAPControl* controls[] = {ask_for_policy(policy), nullptr};
  int id = 0;
  const int sent =
      ldap_sasl_bind(handle_, dn.c_str(), LDAP_SASL_SIMPLE, &credential, controls, nullptr, &id);
  if (sent != LDAP_SUCCESS) return tl::unexpected(lost(sent));
  const auto message = await(handle_, id, deadline);
  if (!message) return tl::unexpected(message.error());
  const Result result = parse_result(handle_, message->get());
  const Reason reason = reason_of_bind(result.code, result.diagnostic, result.policy);
  if (reason == Reason::accepted) return {};
  return tl::unexpected(LdapError{
      result.code, reason, std::string(ldap_err2string(result.code)) + ": " + result.diagnostic});
}

tl::expected<std::vector<LdapEntry>, LdapError> LdapConnection::search(const LdapSearch& search,
                                                                       Deadline deadline) {
  std::vector<char*> names;
  names.reserve(search.attributes.size() + 1);
  for (const std::string& name : search.attributes)
    names.push_back(const_cast<char*>(name.c_str()));
  names.push_back(nullptr);
  timeval limit = to_timeval(deadline);
  int id = 0;
  const int sent =
      ldap_search_ext(handle_, search.base.c_str(), LDAP_SCOPE_SUBTREE, search.filter.c_str(),
                      names.data(), 0, nullptr, nullptr, &limit, search.most, &id);
  if (sent == LDAP_FILTER_ERROR)
    return tl::unexpected(LdapError{sent, Reason::misconfigured, "the filter is no LDAP filter"});
  if (sent != LDAP_SUCCESS) return tl::unexpected(lost(sent));
  const auto message = await(handle_, id, deadline);
  if (!message) return tl::unexpected(message.error());
  auto entries = read_entries(handle_, message->get());
  if (entries && entries->size() > static_cast<std::size_t>(search.most))
    entries->resize(static_cast<std::size_t>(search.most));
  return entries;
}

// The library could not do it: the connection is of no more use.
LdapError LdapConnection::lost(int code) {
  std::string detail = ldap_err2string(code);
  const std::string more = text_option(handle_, LDAP_OPT_DIAGNOSTIC_MESSAGE);
  if (!more.empty()) detail += ": " + more;
  const Reason reason = code == LDAP_TIMEOUT ? Reason::timed_out : Reason::server_unreachable;
  return {code, reason, std::move(detail), true};
}

std::string system_ca_file() {
  for (const char* file : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"})
    if (access(file, R_OK) == 0) return file;
  return {};
}

}  // namespace bulkhead::auth

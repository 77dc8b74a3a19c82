// Finding out who a client is before it is served: what an HTTP request or a SOCKS client presents,
// and what follows if that is nothing.
#pragma once

#include <optional>

#include "wire/http1/request.h"
#include "workers/acceptor/policy/authenticator.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

// What was found in a request's Proxy-Authorization.
struct HttpLogin {
  enum class State {
    none,       // nothing was presented
    malformed,  // something that is no credential
    known,      // remembered: user
    refused,    // remembered: refusal
    unknown,    // to be asked for
  };
  State state = State::none;
  std::shared_ptr<User> user;
  proto::Refusal refusal = proto::Refusal::authentication_failed;
  CredentialKey key{};
  Presented presented;
};

// Takes it out of the head: nothing of it is left there. For generations that ask for credentials.
HttpLogin take_login(Client& client, wire::http1::RequestHead& head);

// Sets client.user, to null if none is needed; or says why not.
runtime::Task<std::optional<AuthFailure>> log_in(Client& client,
                                                 std::shared_ptr<const Generation> generation,
                                                 HttpLogin login, std::string_view protocol);
runtime::Task<std::optional<AuthFailure>> log_in_socks(Client& client, Presented presented);

// Both end with it: a pause before a refusal that cost nothing (AuthFailure::free).
runtime::Task<void> hold_back(bool free);

// Whether clients have to say who they are: Auth::required(), but asked with every request, so
// without making a list to compare with.
bool asks_who(const config::Config& config);

// What log_in() would do, where nobody has to be asked for it: true, and the user is set. False:
// call log_in(), with the same login.
bool log_in_at_once(Client& client, const Generation& generation, HttpLogin& login);

// Whether the client may stay who it is: nobody.
bool needs_no_login(const Client& client, const config::Config& config);

}  // namespace bulkhead::acceptor

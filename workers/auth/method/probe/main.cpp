// auth_method_probe CONFIG [PAM-SERVICES]: the methods of a configuration, without the auth worker
// around them. For the tests; never installed.
//
// Reads one JSON object a line: {"user": …, "password": …}, {"token": …} or {"look_up": USER}, each
// with "id" and "timeout" (seconds) if wanted, and writes one verdict a line as it comes. Requests
// run in parallel unless they say {"wait": true}: that one runs after all before it.
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/load.h"
#include "platform/signals.h"
#include "runtime/log.h"
#include "workers/auth/method/chain.h"
#include "workers/auth/method/methods.h"
#include "workers/auth/method/oauth/oauth.h"

namespace bulkhead::auth {
namespace {

using nlohmann::json;

json describe(const Verdict& verdict) {
  json out{{"outcome", to_string(verdict.outcome)},
           {"reason", to_string(verdict.reason)},
           {"method", verdict.method}};
  if (verdict.outcome != Outcome::accepted) return out;
  out["user"] = verdict.user;
  out["groups"] = verdict.groups;
  if (verdict.expires)
    out["expires"] =
        std::chrono::duration_cast<std::chrono::seconds>(verdict.expires->time_since_epoch())
            .count();
  return out;
}

Verdict ask(const Chain& chain, const json& request, std::vector<Verdict>& tried) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(request.value("timeout", 30.0)));
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  if (request.contains("look_up"))
    return chain.look_up(request["look_up"].get<std::string>(), deadline, &tried);
  Credential credential;
  if (request.contains("token")) {
    credential.kind = Credential::Kind::bearer;
    credential.secret = platform::Secret(request["token"].get<std::string>());
  } else {
    credential.user = request.value("user", "");
    credential.secret = platform::Secret(request.value("password", ""));
  }
  return chain.check(credential, deadline, &tried);
}

// The attempts that have been begun, by their state. Thread-safe.
class Logins {
 public:
  explicit Logins(const Chain& chain) {
    for (const auto& method : chain.methods())
      if (auto* oauth = dynamic_cast<Oauth*>(method.get())) flow_ = &oauth->code_flow();
  }

  json begin(const std::string& redirect_url, Deadline deadline) {
    auto attempt = flow_->begin(redirect_url, deadline);
    if (!attempt) return {{"error", attempt.error().detail}};
    const json out{{"url", attempt->url}, {"state", attempt->state}, {"nonce", attempt->nonce}};
    const std::lock_guard lock(mutex_);
    attempts_.insert_or_assign(attempt->state, std::move(*attempt));
    return out;
  }

  json finish(const std::string& state, const std::string& code, Deadline deadline) {
    CodeFlow::Attempt attempt;
    {
      const std::lock_guard lock(mutex_);
      attempt = attempts_.at(state);
    }
    return describe(flow_->finish(attempt, code, deadline));
  }

 private:
  CodeFlow* flow_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, CodeFlow::Attempt> attempts_;
};

std::string answer(const Chain& chain, Logins& logins, const json& request) {
  const auto began = std::chrono::steady_clock::now();
  const Deadline deadline = began + std::chrono::seconds(30);
  json out;
  if (request.contains("begin_login")) {
    out = logins.begin(request["begin_login"], deadline);
  } else if (request.contains("finish_login")) {
    out = logins.finish(request["finish_login"], request["code"], deadline);
  } else {
    std::vector<Verdict> tried;
    out = describe(ask(chain, request, tried));
    for (const Verdict& each : tried) out["tried"].push_back(describe(each));
  }
  out["id"] = request.value("id", json());
  out["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return out.dump();
}

void serve(const Chain& chain) {
  Logins logins(chain);
  std::mutex writing;
  std::vector<std::thread> running;
  std::string line;
  while (std::getline(std::cin, line)) {
    const json request = json::parse(line);
    running.emplace_back([&chain, &logins, &writing, request] {
      const std::string text = answer(chain, logins, request);
      const std::lock_guard lock(writing);
      std::cout << text << std::endl;
    });
  }
  for (std::thread& each : running) each.join();
}

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  platform::ignore_broken_pipe();
  runtime::log::start("probe", runtime::log::Level::debug);
  config::LoadOptions options;
  options.file = argv[1];
  const config::LoadResult loaded = config::load(options);
  for (const auto& each : loaded.diagnostics) std::cerr << to_string(each) << '\n';
  if (!loaded.config) return 1;
  const config::Auth& settings = loaded.config->server.auth;
  wake_libraries();
  const Surroundings surroundings = start_pam(LIBEXEC, argc > 2 ? argv[2] : "");
  std::vector<std::unique_ptr<Method>> methods;
  for (const config::AuthMode mode : settings.mode)
    if (auto method = make_method(mode, settings, surroundings))
      methods.push_back(std::move(method));
  const Chain chain(std::move(methods));
  std::cerr << "ready" << std::endl;
  serve(chain);
  return 0;
}

}  // namespace
}  // namespace bulkhead::auth

int main(int argc, char** argv) {
  return bulkhead::auth::run(argc, argv);
}

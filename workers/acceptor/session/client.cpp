#include "workers/acceptor/session/client.h"

#include <algorithm>
#include <functional>

#include "ipc/page/flight_recorder.h"
#include "workers/acceptor/policy/client_policy.h"
#include "workers/acceptor/session/login.h"

namespace bulkhead::acceptor {
namespace {

tl::unexpected<Failure> refuse(proto::Refusal reason, std::string detail = {}) {
  return tl::unexpected(Failure{reason, std::move(detail)});
}

// Which one of the configuration's it is, from 1, or 0: the flight recorder keeps numbers.
template <typename Item>
std::uint64_t position(const std::vector<Item>& items, const Item* item) {
  constexpr std::less<> before;
  if (items.empty() || before(item, &items.front()) || before(&items.back(), item)) return 0;
  return static_cast<std::uint64_t>(item - items.data()) + 1;
}

}  // namespace

// Whatever a session forgets, nobody is served who should have said who he is.
std::optional<proto::Refusal> objection_to(const Client& client, const config::Config& config) {
  if (const auto reason = objection_to(config, client.entry.client.address)) return reason;
  if (client.entry.user() || needs_no_login(client, config)) return std::nullopt;
  return proto::Refusal::authentication_required;
}

AccessRecord Client::new_record(std::string_view protocol) const {
  AccessRecord record;
  record.id = entry.id();
  record.client = entry.client;
  record.listener = listener.name.value;
  record.protocol = protocol;
  if (entry.user()) record.username = entry.user()->name();
  return record;
}

bool Client::refuse(Failure failure) {
  if (acceptor.refused.full()) return false;
  refused = std::make_unique<Refused>(std::move(failure), acceptor.refused, entry.scope());
  return true;
}

std::optional<Failure> admit(Client& client, const AccessRecord& record) {
  if (client.refused) return client.refused->failure();
  const std::shared_ptr<User>& user = client.entry.user();
  const OwnTerms terms = user ? user->terms() : nullptr;
  if (auto refused = client.place.enter_user(record.username, terms)) return refused;
  return client.place.admit_request();
}

tl::expected<Route, Failure> route(Client& client, std::shared_ptr<const Generation> generation,
                                   const wire::HostPort& destination,
                                   config::MatchProtocol protocol, AccessRecord& record) {
  const config::Config& config = *generation->config;
  const std::shared_ptr<User>& user = client.entry.user();
  if (client.refused) return tl::unexpected(client.refused->failure());
  if (const auto reason = objection_to(client, config)) return refuse(*reason);
  if (auto refused = admit(client, record)) return tl::unexpected(std::move(*refused));
  client.acceptor.abuse.port_asked(client.place.address(), client.entry.client.address,
                                   destination.port);
  if (user) {
    ++user->unreported.requests;
    if (const auto reason = user->objection_to(destination)) return refuse(*reason);
  }
  const RouteQuery query{destination, client.entry.client.address, protocol, record.username,
                         user ? std::span(user->groups()) : std::span<const std::string>{}};
  Route route;
  route.rule = generation->rules.match(query);
  route.generation = std::move(generation);
  if (route.rule == nullptr) return refuse(proto::Refusal::no_rule);
  record.rule = route.rule->name;
  if (route.rule->action == config::RuleAction::block) return refuse(proto::Refusal::rule_blocked);
  if (route.rule->action == config::RuleAction::redirect) {
    route.redirect = &*route.rule->redirect;
    return route;
  }
  // Until one is chosen, and if none is, the log names it where there is but one.
  record.backend = route.rule->backend;
  const BackendOptions& options = route.generation->options_of(*route.rule);
  const auto denied = [&](const BackendOption& option) {
    return !route.generation->acl.allows(user.get(), option.backend->name);
  };
  if (!options.empty() && std::all_of(options.begin(), options.end(), denied))
    return refuse(proto::Refusal::backend_denied);
  return route;
}

void note_backend(Client& client, Route& route, AccessRecord& record,
                  const config::Backend& backend) {
  const config::Config& config = *route.generation->config;
  route.backend = &backend;
  record.backend = backend.name;
  client.entry.backend = backend.name;
  ipc::note(ipc::Happening::routed, record.id, position(config.rules, route.rule),
            position(config.backends, &backend));
}

void record_lost_client(Client& client, const Generation& generation, AccessRecord record) {
  record.status = 499;
  record.detail = "the client went away";
  client.acceptor.record(generation, record);
}

void set_refusal(AccessRecord& record, const Failure& failure) {
  record.refusal = failure.reason;
  record.detail = failure.detail;
  record.status = terms_of(failure.reason).http_status;
  ipc::note(ipc::Happening::refused, record.id, static_cast<std::uint64_t>(failure.reason),
            terms_of(failure.reason).http_status);
}

}  // namespace bulkhead::acceptor

#include "egress/resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "wire/host_name.h"

namespace bulkhead::egress {
namespace {

using Status = DnsAnswer::Status;
using Wait = runtime::Event::Result;

bool is_negative(const DnsAnswer& answer) {
  return answer.status == Status::no_name || answer.status == Status::no_data;
}

}  // namespace

// A name being asked for. Shared by the resolver, until both answers are in, and by those who wait.
struct Resolver::Question {
  std::string name;
  std::optional<DnsAnswer> ipv4, ipv6;
  runtime::Event usable;  // there are addresses, or all answers
  runtime::Event done;    // all answers

  std::vector<wire::IpAddress> addresses() const {
    std::vector<wire::IpAddress> all;
    for (const auto* answer : {&ipv4, &ipv6}) {
      if (*answer) all.insert(all.end(), (*answer)->addresses.begin(), (*answer)->addresses.end());
    }
    return all;
  }
  // NXDOMAIN holds for both families (RFC 8020); otherwise the answer that leaves the most open.
  const DnsAnswer& failure() const {
    if (!ipv6 || ipv4->status == Status::no_name) return *ipv4;
    if (ipv6->status == Status::no_name) return *ipv6;
    return is_negative(*ipv4) ? *ipv6 : *ipv4;
  }
};

namespace {

tl::unexpected<Failure> refusal_for(const DnsAnswer& answer, const std::string& name) {
  const std::string detail = name + ": " + answer.detail;
  if (is_negative(answer)) return failed(proto::Refusal::name_not_found, detail);
  if (answer.status == Status::timed_out) return failed(proto::Refusal::dns_timeout, detail);
  return failed(proto::Refusal::dns_failed, detail);
}

const std::vector<wire::IpAddress>& loopbacks() {
  static const std::vector<wire::IpAddress> both = {*wire::IpAddress::parse("127.0.0.1"),
                                                    *wire::IpAddress::parse("::1")};
  return both;
}

}  // namespace

Resolver::Resolver(const config::Dns& dns, config::Ipv6 ipv6)
    : dns_(dns),
      ipv6_(ipv6),
      hosts_(dns.hosts_file),
      cache_(dns.cache_size),
      client_(dns.servers, dns.timeout) {}

runtime::Task<tl::expected<Resolved, Failure>> Resolver::resolve(std::string host,
                                                                 runtime::Deadline deadline) {
  const std::optional<std::string> name = wire::to_ascii_name(host);
  if (!name) co_return failed(proto::Refusal::name_not_found, "not a host name");
  if (auto known = answer_without_dns(host, *name)) co_return std::move(*known);
  const std::shared_ptr<Question> question = ask(*name);
  if (!question) co_return failed(proto::Refusal::overloaded, "too many names to look up");
  const Wait usable = co_await question->usable.wait(deadline);
  if (usable == Wait::cancelled) co_return cancelled();
  if (usable == Wait::timed_out)
    co_return failed(proto::Refusal::dns_timeout, *name + ": no answer in time");
  const auto patience = std::min(deadline, runtime::Loop::current().after(resolution_delay));
  const Wait done = co_await question->done.wait(patience);
  if (done == Wait::cancelled) co_return cancelled();
  const std::vector<wire::IpAddress> addresses = question->addresses();
  if (addresses.empty()) co_return refusal_for(question->failure(), *name);
  co_return arrange(addresses);
}

std::optional<Resolver::Outcome> Resolver::answer_without_dns(const std::string& host,
                                                              const std::string& name) {
  const auto now = runtime::Clock::now();
  if (const auto literal = wire::IpAddress::parse(host)) {
    if (literal->is_v6() && !ipv6_.enabled) {
      return failed(proto::Refusal::network_unreachable, "network.ipv6 is off");
    }
    return Resolved{{*literal}};
  }
  if (wire::is_within(name, "localhost")) return arrange(loopbacks());
  // RFC 7686 section 2: not for the DNS.
  if (wire::is_within(name, "onion")) return failed(proto::Refusal::name_not_found, "onion name");
  if (const auto* listed = hosts_.find(name, now)) return arrange(*listed);
  const auto* cached = cache_.find(name, now);
  if (cached == nullptr) return std::nullopt;
  return arrange(*cached);
}

std::shared_ptr<Resolver::Question> Resolver::ask(const std::string& name) {
  if (const auto found = questions_.find(name); found != questions_.end()) return found->second;
  if (questions_.size() >= max_questions) return nullptr;
  const auto question = std::make_shared<Question>();
  question->name = name;
  questions_[name] = question;
  const auto ask_for = [&](AddressFamily family) {
    client_.query(name, family, [this, question, family](DnsAnswer answer) {
      take(question, family, std::move(answer));
    });
  };
  ask_for(AddressFamily::ipv4);
  if (ipv6_.enabled) ask_for(AddressFamily::ipv6);
  return question;
}

void Resolver::take(const std::shared_ptr<Question>& question, AddressFamily family,
                    DnsAnswer answer) {
  const bool found = answer.status == Status::found;
  (family == AddressFamily::ipv4 ? question->ipv4 : question->ipv6) = std::move(answer);
  if (found) question->usable.set();
  if (!question->ipv4 || (ipv6_.enabled && !question->ipv6)) return;
  keep(*question);
  questions_.erase(question->name);
  question->usable.set();
  question->done.set();
}

void Resolver::keep(const Question& question) {
  const auto now = runtime::Clock::now();
  const std::vector<wire::IpAddress> addresses = question.addresses();
  if (addresses.empty()) {
    if (is_negative(question.failure())) cache_.store(question.name, {}, now + dns_.negative_ttl);
    return;
  }
  auto ttl = std::chrono::seconds::max();
  for (const auto* answer : {&question.ipv4, &question.ipv6}) {
    if (*answer && (*answer)->status == Status::found) ttl = std::min(ttl, (*answer)->ttl);
  }
  const config::Duration bounded =
      std::max(std::min<config::Duration>(ttl, dns_.max_ttl), dns_.min_ttl);
  if (bounded.count() > 0) cache_.store(question.name, addresses, now + bounded);
}

Resolver::Outcome Resolver::arrange(const std::vector<wire::IpAddress>& addresses) const {
  Resolved resolved;
  for (const wire::IpAddress& address : addresses) {
    if (address.is_v4() || ipv6_.enabled) resolved.addresses.push_back(address);
  }
  if (resolved.addresses.empty()) {
    return failed(proto::Refusal::name_not_found, "the name has no usable address");
  }
  std::stable_partition(
      resolved.addresses.begin(), resolved.addresses.end(),
      [this](const wire::IpAddress& address) { return address.is_v6() == ipv6_.prefer_ipv6; });
  return resolved;
}

}  // namespace bulkhead::egress

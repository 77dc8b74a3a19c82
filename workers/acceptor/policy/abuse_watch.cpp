#include "workers/acceptor/policy/abuse_watch.h"

#include "runtime/log.h"

namespace bulkhead::acceptor {
namespace {

using ipc::LimitScope;
using proto::BanReason;
using proto::Refusal;

constexpr std::uint64_t second = 1'000'000'000;
// The supervisor hears of one offence no more often than this.
constexpr std::uint64_t report_interval = 5 * second;
// A flood is told once in so long for each address, and this process tells so many a second.
constexpr std::uint64_t flood_interval = 60 * second;
constexpr RateTerms log_terms{second / 2, 5 * second};

bool is_about_the_destination(Refusal reason) {
  switch (reason) {
    case Refusal::destination_denied:
    case Refusal::name_not_found:
    case Refusal::connection_refused:
    case Refusal::network_unreachable:
    case Refusal::host_unreachable:
    case Refusal::connect_timeout:
      return true;
    default:
      return false;
  }
}

std::uint32_t detail(BanReason reason) {
  return static_cast<std::uint32_t>(reason);
}

}  // namespace

void AbuseWatch::connection_refused(std::uint64_t subject, const wire::IpAddress& address) {
  log_flood(subject, address);
  const AbuseTerms& terms = limits_.terms().abuse;
  if (limits_.exceeds(key_of(subject, LimitScope::flood), terms.floods))
    report(subject, address, BanReason::connection_flood);
}

void AbuseWatch::log_flood(std::uint64_t subject, const wire::IpAddress& address) {
  constexpr std::uint32_t logged = UINT32_MAX;
  if (!limits_.first_seen(key_of(subject, LimitScope::report, logged), flood_interval)) return;
  if (ipc::take(log_lines_, limits_.now(), log_terms.cost, log_terms.tolerance) != 0) return;
  runtime::log::warn("a client opens connections too fast", {{"client", address.to_string()}});
}

void AbuseWatch::port_asked(std::uint64_t subject, const wire::IpAddress& address,
                            std::uint16_t port) {
  const AbuseTerms& terms = limits_.terms().abuse;
  if (!terms.ports.limited()) return;
  if (!limits_.first_seen(key_of(subject, LimitScope::port, port), terms.window)) return;
  if (limits_.exceeds(key_of(subject, LimitScope::ports), terms.ports))
    report(subject, address, BanReason::port_scan);
}

void AbuseWatch::refused(std::uint64_t subject, const wire::IpAddress& address, Refusal reason) {
  const AbuseTerms& terms = limits_.terms().abuse;
  if (!terms.failures.limited() || !is_about_the_destination(reason)) return;
  if (limits_.exceeds(key_of(subject, LimitScope::failures), terms.failures))
    report(subject, address, BanReason::failed_destinations);
}

void AbuseWatch::authentication_failed(std::uint64_t subject, const wire::IpAddress& address) {
  report(subject, address, BanReason::authentication);
}

void AbuseWatch::report(std::uint64_t subject, const wire::IpAddress& address, BanReason reason) {
  const std::uint64_t key = key_of(subject, LimitScope::report, detail(reason));
  if (report_ && limits_.first_seen(key, report_interval)) report_(reason, address);
}

}  // namespace bulkhead::acceptor

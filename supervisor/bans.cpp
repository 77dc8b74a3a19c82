#include "supervisor/bans.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "ipc/page/limits_page.h"
#include "proto/worker.h"
#include "runtime/log.h"
#include "supervisor/needed_memory.h"

namespace bulkhead::supervisor {
namespace {

using Access = platform::SharedMapping::Access;

std::uint64_t steady_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

std::uint64_t wall_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

bool is_spared(const config::Abuse& settings, const wire::IpAddress& address) {
  return std::any_of(settings.allow.begin(), settings.allow.end(),
                     [&](const wire::Cidr& block) { return block.contains(address); });
}

}  // namespace

Bans::Bans(ipc::HashKey secret)
    : secret_(secret),
      memory_(need(platform::create_shared_memory("bulkhead-bans", sizeof(ipc::BansPage)))),
      view_(need(platform::read_only_view(memory_.get()))),
      mapping_(need(
          platform::SharedMapping::map(memory_.get(), sizeof(ipc::BansPage), Access::read_write))) {
  page().layout = ipc::bans_layout;
}

void Bans::inherit(platform::UniqueFd memory, ipc::HashKey secret) {
  auto view = platform::read_only_view(memory.get());
  auto mapping =
      platform::SharedMapping::map(memory.get(), sizeof(ipc::BansPage), Access::read_write);
  if (!view || !mapping) return;
  secret_ = secret;
  memory_ = std::move(memory);
  view_ = std::move(*view);
  mapping_ = std::move(*mapping);
}

void Bans::hand_over(ipc::Channel& acceptor) const {
  const std::array descriptors{view_.get()};
  acceptor.send(proto::Page{proto::PageKind::bans, 0}, descriptors);
}

void Bans::listen(ipc::Channel& acceptor) {
  acceptor.on<proto::Offence>([this](proto::Offence offence, ipc::Envelope&) { note(offence); });
}

bool Bans::is_banned(const wire::IpAddress& address) const {
  return ipc::is_banned(mapping_.as<ipc::BansPage>(), ipc::subject_of(secret_, address),
                        steady_ns());
}

void Bans::note(const proto::Offence& offence) {
  const wire::IpAddress& address = offence.client.address;
  if (settings_.enabled && !is_spared(settings_, address)) {
    if (is_banned(address)) return;
    ban(address, offence.reason, settings_.ban);
    return on_report(address, offence.reason, settings_.ban);
  }
  runtime::log::warn("a client misbehaves",
                     {{"client", address.to_string()}, {"reason", to_string(offence.reason)}});
}

void Bans::ban(const wire::IpAddress& address, proto::BanReason reason, config::Duration time) {
  const ipc::Ban made{address, reason, wall_ms(),
                      static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count())};
  ipc::ban(page(), ipc::subject_of(secret_, address), made, steady_ns());
  runtime::log::warn(
      "banned",
      {{"client", address.to_string()}, {"reason", to_string(reason)}, {"for_ms", time.count()}});
}

bool Bans::lift(const wire::IpAddress& address) {
  const bool lifted = ipc::lift(page(), ipc::subject_of(secret_, address));
  if (lifted) runtime::log::info("ban lifted", {{"client", address.to_string()}});
  return lifted;
}

std::vector<ipc::Ban> Bans::list() {
  return ipc::bans(page(), steady_ns());
}

}  // namespace bulkhead::supervisor

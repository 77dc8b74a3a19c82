#include "egress/destination_policy.h"

#include <algorithm>
#include <utility>

#include "egress/embedded_address.h"
#include "platform/socket.h"

namespace bulkhead::egress {
namespace {

struct BuiltIn {
  wire::Cidr block;
  std::string_view reason;
};

BuiltIn refuse(std::string_view block, std::string_view reason) {
  return {*wire::Cidr::parse(block), reason};
}

const std::vector<BuiltIn>& built_in() {
  static const std::vector<BuiltIn> all = {
      refuse("169.254.169.254/32", "cloud metadata"),
      refuse("100.100.100.200/32", "cloud metadata"),
      refuse("168.63.129.16/32", "cloud metadata"),
      refuse("192.0.0.192/32", "cloud metadata"),
      refuse("fd00:ec2::254/128", "cloud metadata"),
      refuse("fd20:ce::254/128", "cloud metadata"),
      refuse("0.0.0.0/8", "unspecified"),
      refuse("::/128", "unspecified"),
      refuse("127.0.0.0/8", "loopback"),
      refuse("::1/128", "loopback"),
      refuse("169.254.0.0/16", "link-local"),
      refuse("fe80::/10", "link-local"),
      refuse("224.0.0.0/4", "multicast"),
      refuse("ff00::/8", "multicast"),
      refuse("255.255.255.255/32", "broadcast"),
  };
  return all;
}

// The prefix length of the most specific block that holds the address; -1 if none does.
int longest(const std::vector<wire::Cidr>& blocks, const wire::IpAddress& address) {
  int best = -1;
  for (const wire::Cidr& block : blocks) {
    if (block.contains(address)) best = std::max(best, static_cast<int>(block.prefix_length()));
  }
  return best;
}

bool is_host_length(int prefix_length, const wire::IpAddress& address) {
  return prefix_length == static_cast<int>(address.bytes().size() * 8);
}

}  // namespace

bool is_local_address(const wire::IpAddress& address) {
  const auto socket = platform::create_udp(address);
  return socket && platform::bind_socket(socket->get(), {address, 0}).has_value();
}

DestinationPolicy::DestinationPolicy(config::Destinations destinations,
                                     std::vector<wire::Endpoint> own_listeners, IsLocal is_local)
    : destinations_(std::move(destinations)),
      own_listeners_(std::move(own_listeners)),
      is_local_(std::move(is_local)) {}

std::optional<Denied> DestinationPolicy::check(const wire::Endpoint& destination) const {
  if (auto denied = check_one(destination)) return denied;
  for (const wire::IpAddress& inner : embedded_ipv4(destination.address)) {
    if (auto denied = check_one({inner, destination.port})) return denied;
  }
  return std::nullopt;
}

std::optional<Denied> DestinationPolicy::check_one(const wire::Endpoint& destination) const {
  const wire::IpAddress& address = destination.address;
  const int allowed = longest(destinations_.allow, address);
  const int denied = longest(destinations_.deny, address);
  if (!is_host_length(allowed, address) && is_own_listener(destination)) {
    return Denied{"own listener"};
  }
  if (denied >= 0 && denied >= allowed) return Denied{"access_control.destinations.deny"};
  if (allowed >= 0) return std::nullopt;
  for (const BuiltIn& refusal : built_in()) {
    if (refusal.block.contains(address)) return Denied{refusal.reason};
  }
  return std::nullopt;
}

bool DestinationPolicy::is_own_listener(const wire::Endpoint& destination) const {
  return std::any_of(
      own_listeners_.begin(), own_listeners_.end(),
      [&](const wire::Endpoint& listener) { return listener_takes(listener, destination); });
}

bool DestinationPolicy::listener_takes(const wire::Endpoint& listener,
                                       const wire::Endpoint& destination) const {
  if (listener.port != destination.port) return false;
  if (listener.address == destination.address) return true;
  if (!listener.address.is_unspecified()) return false;
  // Connecting to 0.0.0.0 or :: reaches this host, too.
  if (destination.address.is_loopback() || destination.address.is_unspecified()) return true;
  if (listener.address.is_v4() && destination.address.is_v6()) return false;
  return is_local_(destination.address);
}

}  // namespace bulkhead::egress

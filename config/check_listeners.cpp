// Places to listen: that they can all be bound, and that nobody opens a proxy to the world by
// accident.
#include <algorithm>
#include <unordered_map>

#include "config/check.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

struct Place {
  std::string key;  // where it was written
  wire::IpAddress address;
  std::uint16_t port = 0;
};

std::vector<Place> all_places(const Config& config) {
  std::vector<Place> places;
  const Server& server = config.server;
  const std::pair<std::string_view, std::uint16_t> classic[] = {
      {"server.http_port", server.http_port},
      {"server.socks5_port", server.socks5_port},
      {"server.mixed_port", server.mixed_port},
      {"server.web_ui_port", server.web_ui_port},
      {"metrics.port", config.metrics.enabled ? config.metrics.port : std::uint16_t{0}}};
  for (const auto& [key, port] : classic)
    for (const wire::IpAddress& address : server.bind_address)
      if (port != 0) places.push_back({std::string(key), address, port});
  for (std::size_t index = 0; index < config.listeners.size(); ++index)
    places.push_back({element("listeners", index) + ".port", config.listeners[index].address,
                      config.listeners[index].port});
  return places;
}

// Whether binding one keeps the other from being bound. "::" is dual stack: it takes the IPv4 port
// as well.
bool overlap(const wire::IpAddress& one, const wire::IpAddress& other) {
  if (one == other) return true;
  const auto takes = [](const wire::IpAddress& wide, const wire::IpAddress& narrow) {
    return wide.is_unspecified() && (wide.is_v6() || narrow.is_v4());
  };
  return takes(one, other) || takes(other, one);
}

void check_clashes(Checker& checker) {
  std::unordered_map<std::uint16_t, std::vector<Place>> by_port;
  for (const Place& place : all_places(checker.config())) {
    if (place.port == 0) continue;
    auto& taken = by_port[place.port];
    const auto clash = std::find_if(taken.begin(), taken.end(), [&](const Place& other) {
      return overlap(place.address, other.address);
    });
    if (clash != taken.end())
      checker.error(
          place.key,
          "port " + std::to_string(place.port) + " on " + place.address.to_string() + " is taken",
          "by " + clash->key + " on " + clash->address.to_string());
    else
      taken.push_back(place);
  }
}

std::string taken_by_server(const std::string& name) {
  return '"' + name + "\" is what server." + name + "_port is called";
}

void check_names(Checker& checker) {
  std::unordered_map<std::string_view, std::size_t> seen;
  const auto& listeners = checker.config().listeners;
  for (std::size_t index = 0; index < listeners.size(); ++index) {
    const std::string& name = listeners[index].name;
    const std::string key = element("listeners", index) + ".name";
    if (name == "http" || name == "socks5" || name == "mixed")
      checker.error(key, taken_by_server(name), "choose another name");
    else if (!name.empty() && !seen.emplace(name, index).second)
      checker.error(key, "duplicate name \"" + printable(name) + '"',
                    "first used by " + element("listeners", seen[name]));
  }
}

// The first listener that others can reach, as the key it was written at.
std::string exposed_key(const Config& config) {
  const bool classic = config.server.http_port != 0 || config.server.socks5_port != 0 ||
                       config.server.mixed_port != 0;
  for (const wire::IpAddress& address : config.server.bind_address)
    if (classic && !address.is_loopback()) return "server.bind_address";
  for (std::size_t index = 0; index < config.listeners.size(); ++index)
    if (!config.listeners[index].address.is_loopback())
      return element("listeners", index) + ".address";
  return {};
}

void check_open_proxy(Checker& checker) {
  const Config& config = checker.config();
  if (config.server.auth.required() || checker.broken("server.auth.mode")) return;
  const std::string key = exposed_key(config);
  if (key.empty()) return;
  constexpr std::string_view what = "listens beyond loopback without authentication";
  if (!config.access_control.open_proxy && !checker.written("server.auth.mode"))
    checker.error(
        key, std::string(what),
        "write server.auth, or access_control.open_proxy: true if an open proxy is meant");
  else if (config.access_control.whitelist.empty())
    checker.warn(key, std::string(what) + ": an open proxy",
                 "access_control.whitelist can say who may connect");
}

void check_proxy_protocol(Checker& checker) {
  const Config& config = checker.config();
  if (!config.server.proxy_protocol.trusted.empty() ||
      checker.broken("server.proxy_protocol.trusted"))
    return;
  constexpr std::string_view what =
      "expects PROXY headers, but server.proxy_protocol.trusted names nobody who may send them";
  if (config.server.proxy_protocol.enabled)
    checker.error("server.proxy_protocol.enabled", std::string(what));
  for (std::size_t index = 0; index < config.listeners.size(); ++index)
    if (config.listeners[index].proxy_protocol)
      checker.error(element("listeners", index) + ".proxy_protocol", std::string(what));
}

}  // namespace

void check_listeners(Checker& checker) {
  const Config& config = checker.config();
  if (config.server.bind_address.empty() && !checker.broken("server.bind_address"))
    checker.error("server.bind_address", "names no address", "\"127.0.0.1\" for this machine only");
  else if (proxy_listeners(config).empty() && !checker.broken("server") &&
           !checker.broken("listeners"))
    checker.error("server.http_port", "there is nothing to listen on",
                  "every port is 0 and there are no listeners");
  check_clashes(checker);
  check_names(checker);
  check_open_proxy(checker);
  check_proxy_protocol(checker);
}

}  // namespace bulkhead::config

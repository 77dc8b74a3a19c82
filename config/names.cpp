// What the enumerations' values are called in YAML.
#include <array>

#include "config/scalars.h"

namespace bulkhead::config {
namespace {

template <class E, std::size_t N>
constexpr auto table(const std::pair<std::string_view, E> (&names)[N]) {
  std::array<std::pair<std::string_view, int>, N> out{};
  for (std::size_t index = 0; index < N; ++index)
    out[index] = {names[index].first, static_cast<int>(names[index].second)};
  return out;
}

}  // namespace

#define BULKHEAD_NAMES(E, ...)                             \
  template <>                                              \
  EnumNames enum_names<E>() {                              \
    static constexpr auto names = table<E>({__VA_ARGS__}); \
    return names;                                          \
  }

BULKHEAD_NAMES(LogLevel, {"debug", LogLevel::debug}, {"info", LogLevel::info},
               {"warn", LogLevel::warn}, {"error", LogLevel::error})
BULKHEAD_NAMES(ListenerProtocol, {"http", ListenerProtocol::http},
               {"socks5", ListenerProtocol::socks5}, {"mixed", ListenerProtocol::mixed})
BULKHEAD_NAMES(AuthMode, {"none", AuthMode::none}, {"native", AuthMode::native},
               {"system", AuthMode::system}, {"ldap", AuthMode::ldap}, {"oauth", AuthMode::oauth})
BULKHEAD_NAMES(OauthProvider, {"generic", OauthProvider::generic},
               {"google", OauthProvider::google}, {"azure", OauthProvider::azure},
               {"okta", OauthProvider::okta})
BULKHEAD_NAMES(OpaqueTokens, {"auto", OpaqueTokens::automatic}, {"off", OpaqueTokens::off},
               {"introspection", OpaqueTokens::introspection}, {"userinfo", OpaqueTokens::userinfo})
BULKHEAD_NAMES(JwtAlgorithm, {"RS256", JwtAlgorithm::rs256}, {"RS384", JwtAlgorithm::rs384},
               {"RS512", JwtAlgorithm::rs512}, {"PS256", JwtAlgorithm::ps256},
               {"PS384", JwtAlgorithm::ps384}, {"PS512", JwtAlgorithm::ps512},
               {"ES256", JwtAlgorithm::es256}, {"ES384", JwtAlgorithm::es384},
               {"ES512", JwtAlgorithm::es512}, {"EdDSA", JwtAlgorithm::eddsa})
BULKHEAD_NAMES(BackendType, {"direct", BackendType::direct}, {"http", BackendType::http},
               {"socks5", BackendType::socks5}, {"echo", BackendType::echo},
               {"wireguard", BackendType::wireguard}, {"openvpn", BackendType::openvpn})
BULKHEAD_NAMES(HealthCheckType, {"tcp", HealthCheckType::tcp}, {"http", HealthCheckType::http},
               {"ping", HealthCheckType::ping})
BULKHEAD_NAMES(Algorithm, {"round_robin", Algorithm::round_robin},
               {"least_conn", Algorithm::least_conn}, {"random", Algorithm::random},
               {"ip_hash", Algorithm::ip_hash}, {"weighted", Algorithm::weighted},
               {"latency", Algorithm::latency}, {"failover", Algorithm::failover})
BULKHEAD_NAMES(MatchProtocol, {"http", MatchProtocol::http}, {"connect", MatchProtocol::connect},
               {"socks4", MatchProtocol::socks4}, {"socks5", MatchProtocol::socks5},
               {"udp", MatchProtocol::udp})
BULKHEAD_NAMES(RuleAction, {"backend", RuleAction::backend}, {"block", RuleAction::block},
               {"redirect", RuleAction::redirect})
BULKHEAD_NAMES(SandboxMode, {"auto", SandboxMode::automatic}, {"require", SandboxMode::require},
               {"off", SandboxMode::off})
BULKHEAD_NAMES(LogFormat, {"json", LogFormat::json},
               {"apache_combined", LogFormat::apache_combined},
               {"apache_common", LogFormat::apache_common})
BULKHEAD_NAMES(RelayMode, {"adaptive", RelayMode::adaptive}, {"copy", RelayMode::copy},
               {"splice", RelayMode::splice})
BULKHEAD_NAMES(LogOutput, {"file", LogOutput::file}, {"stdout", LogOutput::stdout_},
               {"both", LogOutput::both})
BULKHEAD_NAMES(LogField, {"timestamp", LogField::timestamp}, {"id", LogField::id},
               {"client_ip", LogField::client_ip}, {"client_port", LogField::client_port},
               {"listener", LogField::listener}, {"protocol", LogField::protocol},
               {"username", LogField::username}, {"method", LogField::method},
               {"host", LogField::host}, {"port", LogField::port}, {"path", LogField::path},
               {"status", LogField::status}, {"refusal", LogField::refusal},
               {"bytes_sent", LogField::bytes_sent}, {"bytes_received", LogField::bytes_received},
               {"duration", LogField::duration}, {"connect_time", LogField::connect_time},
               {"rule", LogField::rule}, {"backend", LogField::backend},
               {"upstream", LogField::upstream}, {"destination", LogField::destination},
               {"user_agent", LogField::user_agent}, {"referer", LogField::referer},
               {"headers", LogField::headers}, {"worker", LogField::worker})

#undef BULKHEAD_NAMES

}  // namespace bulkhead::config

#include "egress/connect_error.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulkhead::egress {
namespace {

using proto::Refusal;

// Most telling first; what is not listed comes last.
constexpr std::array ranks{Refusal::overloaded,       Refusal::connection_refused,
                           Refusal::connection_reset, Refusal::host_unreachable,
                           Refusal::connect_timeout,  Refusal::network_unreachable};

auto rank(Refusal refusal) {
  return std::find(ranks.begin(), ranks.end(), refusal);
}

}  // namespace

Refusal refusal_for_errno(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return Refusal::connection_refused;
    case ECONNRESET:
    case EPIPE:
      return Refusal::connection_reset;
    case EHOSTUNREACH:
    case EHOSTDOWN:
      return Refusal::host_unreachable;
    case ETIMEDOUT:
      return Refusal::connect_timeout;
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EINVAL:  // what the kernel says of addresses that cannot be connected to (240.0.0.0/4)
    case EACCES:  // a prohibiting route, a broadcast address
    case EPERM:
      return Refusal::network_unreachable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
      return Refusal::overloaded;  // no descriptor, memory or port is left
    default:
      return Refusal::internal_error;
  }
}

Failure connect_failure(const platform::Error& error, const std::string& peer) {
  return {refusal_for_errno(error.code.value()), error.to_string() + " (" + peer + ")"};
}

const Failure& more_telling(const Failure& left, const Failure& right) {
  return rank(right.reason) < rank(left.reason) ? right : left;
}

}  // namespace bulkhead::egress

#include "workers/acceptor/policy/client_place.h"

#include <utility>

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;

// When a place may be free again nobody knows: come back in a moment.
constexpr std::uint32_t try_again_s = 1;

}  // namespace

ClientPlace::ClientPlace(ClientPlace&& other) noexcept
    : limits_(std::exchange(other.limits_, nullptr)),
      address_(other.address_),
      user_(other.user_),
      address_entry_(other.address_entry_),
      user_entry_(other.user_entry_),
      counted_(other.counted_),
      own_terms_(std::move(other.own_terms_)) {}

ClientPlace::~ClientPlace() {
  if (limits_ == nullptr) return;
  leave(address_entry_);
  leave(user_entry_);
  if (counted_) limits_->counting().remove_from_total();
}

void ClientPlace::leave(std::uint32_t& entry) {
  if (entry != ipc::no_entry) limits_->counting().remove(entry);
  entry = ipc::no_entry;
}

std::optional<Failure> ClientPlace::enter() {
  counted_ = limits_->counting().add_to_total(limits_->terms().max_connections);
  if (counted_) return std::nullopt;
  return Failure{Refusal::connection_limit, {}, try_again_s};
}

std::optional<Failure> ClientPlace::count(std::uint64_t subject, std::uint32_t limit,
                                          Refusal reason, std::uint32_t& entry) {
  const ipc::Counted counted =
      limits_->counting().add(ipc::key_of(subject, ipc::LimitScope::connections), limit);
  entry = counted.entry;
  if (counted.answer != ipc::Counted::Answer::too_many) return std::nullopt;
  return Failure{reason, {}, try_again_s};
}

std::optional<Failure> ClientPlace::enter_address(const wire::IpAddress& address) {
  leave(address_entry_);
  address_ = limits_->subject(address);
  if (limits_->is_banned(address_)) return Failure{Refusal::banned, {}};
  if (auto refused = limits_->admit_opening(address_)) return refused;
  return count(address_, limits_->terms().max_connections_per_ip, Refusal::connection_limit_ip,
               address_entry_);
}

std::optional<Failure> ClientPlace::enter_user(std::string_view name, OwnTerms terms) {
  const std::uint64_t user = limits_->subject(name);
  own_terms_ = std::move(terms);
  if (user == user_) return std::nullopt;
  leave(user_entry_);
  user_ = user;
  if (user == 0) return std::nullopt;
  auto refused =
      count(user, user_terms().max_connections, Refusal::connection_limit_user, user_entry_);
  if (refused) user_ = 0;  // the next request of the connection is not in yet either
  return refused;
}

std::optional<Failure> ClientPlace::admit_request() {
  if (limits_->is_banned(address_)) return Failure{Refusal::banned, {}};
  return limits_->admit_request(address_, user_, user_terms());
}

void ClientPlace::force(const wire::IpAddress& address, std::string_view user, OwnTerms terms) {
  own_terms_ = std::move(terms);
  counted_ = limits_->counting().add_to_total(0);
  address_ = limits_->subject(address);
  count(address_, 0, Refusal::connection_limit_ip, address_entry_);
  user_ = limits_->subject(user);
  if (user_ != 0) count(user_, 0, Refusal::connection_limit_user, user_entry_);
}

}  // namespace bulkhead::acceptor

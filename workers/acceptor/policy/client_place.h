// The place of one client connection among those that are counted: in all, of its address, of its
// user. Given back at its end. Who is refused a place has none; a connection that is still answered
// may live without.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "workers/acceptor/policy/limits.h"

namespace bulkhead::acceptor {

class ClientPlace {
 public:
  explicit ClientPlace(Limits& limits) : limits_(&limits) {}
  ClientPlace(ClientPlace&& other) noexcept;
  ClientPlace& operator=(ClientPlace&&) = delete;
  ~ClientPlace();

  // Among all connections.
  std::optional<Failure> enter();
  // Among those of its address, once that is known for sure; with it the address's rate of opening
  // connections and whether it is banned.
  std::optional<Failure> enter_address(const wire::IpAddress& address);
  // Among those of a user; another user takes the place of the one before. Terms are the user's own
  // or, without any, those of the configuration.
  std::optional<Failure> enter_user(std::string_view name, OwnTerms terms = {});
  // A request on this connection.
  std::optional<Failure> admit_request();

  // Takes its place whatever the limits are: a connection taken over from another process.
  void force(const wire::IpAddress& address, std::string_view user, OwnTerms terms = {});

  std::uint64_t address() const { return address_; }  // subjects, see limits_page.h; 0: none
  std::uint64_t user() const { return user_; }
  const UserTerms& user_terms() const {
    return own_terms_ && *own_terms_ ? **own_terms_ : limits_->terms().user;
  }
  bool limits_bytes() const {
    return limits_->terms().limits_bytes() || user_terms().bytes.limited();
  }
  Limits& limits() const { return *limits_; }

 private:
  std::optional<Failure> count(std::uint64_t subject, std::uint32_t limit, proto::Refusal reason,
                               std::uint32_t& entry);
  void leave(std::uint32_t& entry);

  Limits* limits_;  // null once moved from
  std::uint64_t address_ = 0, user_ = 0;
  std::uint32_t address_entry_ = ipc::no_entry, user_entry_ = ipc::no_entry;
  bool counted_ = false;
  OwnTerms own_terms_;
};

}  // namespace bulkhead::acceptor

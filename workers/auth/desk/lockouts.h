// What wrong credentials cost: a delay that doubles, then a ban, for the user's name and for the
// client's address (of IPv6 its /64), each for itself. An address may be wrong four times as often,
// because many people can be behind one.
//
// Names count alike whether they exist or not, so that nobody learns from a delay which do. A user
// who logged in from an address not long ago is not kept out there by what others do with his name.
//
// For the loop's thread. Time is given, not asked for.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "config/people.h"
#include "proto/administration.h"
#include "runtime/loop.h"
#include "workers/auth/store/store.h"

namespace bulkhead::auth {

struct Moment {
  runtime::Deadline steady;
  std::int64_t wall = 0;  // seconds since 1970
};

class Lockouts {
 public:
  static constexpr std::size_t max_entries = 200'000;

  void configure(const config::Lockout& settings) { settings_ = settings; }
  // What an earlier process knew.
  void restore(const std::vector<StoredLockout>& stored, Moment now);

  enum class Kind : std::uint8_t { user, address };
  struct Key {
    Kind kind = Kind::user;
    std::string subject;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Admission {
    bool admitted = true;
    runtime::Deadline begin;    // not before; now, if nothing is against it
    std::uint32_t retry_s = 0;  // not admitted: when it may be worth while
    std::vector<Key> keys;      // what it counts for
  };
  // Before a credential is looked at. user is empty for tokens. Admitted: exactly one of the three
  // below must follow. Attempts that would have to wait beyond the deadline are not admitted.
  Admission admit(const std::string& user, const wire::IpAddress& address, Moment now,
                  runtime::Deadline deadline);

  // The same for the name alone: of somebody who was admitted by another spelling of it.
  Admission admit_name(const std::string& user, const wire::IpAddress& address, Moment now,
                       runtime::Deadline deadline);

  // True: that was one too many, and somebody is banned now.
  bool failed(const Admission& admission, Moment now);
  void succeeded(const Admission& admission, const std::string& user,
                 const wire::IpAddress& address, Moment now);
  void undecided(const Admission& admission);

  std::vector<proto::LockoutRow> rows(Moment now) const;
  // What is known of that user or address, or of everybody when it is empty, is forgotten. How many
  // there were.
  std::size_t lift(const std::string& subject);

  // Changed and gone since the last call, for the store.
  void take_changes(std::vector<StoredLockout>& changed, std::vector<StoredLockout>& gone);

 private:
  struct Entry {
    std::uint32_t failures = 0;
    std::uint32_t pending = 0;  // admitted, and not decided yet
    runtime::Deadline not_before;
    std::int64_t last_failure = 0, banned_until = 0;
    bool dirty = false;
  };

  std::vector<Key> keys_of(const std::string& user, const wire::IpAddress& address) const;
  Admission admit(std::vector<Key> keys, Moment now, runtime::Deadline deadline);
  std::uint32_t free_attempts(Kind kind) const;
  std::uint32_t ban_after(Kind kind) const;
  runtime::Duration delay_after(Kind kind, std::uint32_t failures) const;
  bool is_exempt(const wire::IpAddress& address) const;
  bool is_forgotten(const Entry& entry, std::int64_t now) const;
  Entry& entry_of(const Key& key, Moment now);
  void make_room(Moment now);

  // Where users have logged in, most recent last.
  bool is_familiar(const std::string& user, const wire::IpAddress& address) const;
  void note_familiar(const std::string& user, const wire::IpAddress& address);

  config::Lockout settings_;
  std::map<Key, Entry> entries_;
  std::vector<StoredLockout> gone_;
  std::list<std::string> familiar_order_;
  std::map<std::string, std::list<std::string>::iterator> familiar_;
};

}  // namespace bulkhead::auth

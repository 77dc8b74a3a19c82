// Idle upstream connections kept for the next request that goes the same way. Each is watched while
// it waits: an upstream that closes it, or says something unasked, loses its place at once.
//
// A kept-alive connection is put here and taken out again with each request, so neither starts a
// coroutine nor arms a timer: the socket calls the connection itself, and one timer for all looks
// which have waited too long.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/loop.h"
#include "runtime/socket.h"
#include "workers/acceptor/outbound/upstream.h"

namespace bulkhead::acceptor {

class UpstreamPool : runtime::TimerNode {
 public:
  // One client may name any number of destinations: idle connections must not take all descriptors.
  static constexpr std::size_t max_total = 512;

  UpstreamPool();
  ~UpstreamPool();

  // key names the way: backend, destination and generation. At most max_idle are kept a key; the
  // oldest goes first.
  void put(std::string_view key, Upstream upstream, std::size_t max_idle,
           runtime::Duration max_idle_time);

  // The one that waited least, if there is one that is still open.
  std::optional<Upstream> take(std::string_view key);

  // Whether a connection of the backend with that slot (config::Backend::slot) waits here, and the
  // end of one: it makes room where the backend's connections are all in use. False if there is
  // none.
  bool has_idle(std::uint32_t slot) const;
  bool drop_idle(std::uint32_t slot);

  void clear();
  std::size_t size() const { return count_; }

 private:
  class Idle;
  using Line = std::list<Idle>;  // of one way, the oldest first

  Line& line_of(std::string_view key);
  void drop(Idle& idle);
  void drop_any();
  void forget_empty_lines();
  void look_at(runtime::Deadline time);
  void on_timeout() override;

  std::map<std::string, Line, std::less<>> lines_;
  std::size_t count_ = 0;                         // of all lines
  runtime::Deadline next_look_ = runtime::never;  // what the timer is armed for
};

}  // namespace bulkhead::acceptor

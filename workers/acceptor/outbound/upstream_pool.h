// Idle upstream connections kept for the next request that goes the same way. Each is watched while
// it waits: an upstream that closes it, or says something unasked, loses its place at once.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/task.h"
#include "workers/acceptor/outbound/upstream.h"

namespace bulkhead::acceptor {

class UpstreamPool {
 public:
  // One client may name any number of destinations: idle connections must not take all descriptors.
  static constexpr std::size_t max_total = 512;

  ~UpstreamPool();

  // key names the way: backend, destination and generation. At most max_idle are kept a key; the
  // oldest goes first.
  void put(const std::string& key, Upstream upstream, std::size_t max_idle,
           runtime::Duration max_idle_time);

  // The one that waited least, if there is one that is still open.
  std::optional<Upstream> take(const std::string& key);

  // Whether a connection of the backend with that slot (config::Backend::slot) waits here, and the
  // end of one: it makes room where the backend's connections are all in use. False if there is
  // none.
  bool has_idle(std::uint32_t slot) const;
  bool drop_idle(std::uint32_t slot);

  void clear();
  std::size_t size() const { return count_; }

 private:
  struct Idle {
    explicit Idle(Upstream connection) : upstream(std::move(connection)) {}
    std::optional<Upstream> upstream;  // empty once taken or dropped
    runtime::CancelScope scope;
  };
  using Line = std::list<std::shared_ptr<Idle>>;
  using Position = std::pair<std::string, std::shared_ptr<Idle>>;

  runtime::Task<void> watch(std::string key, std::shared_ptr<Idle> idle,
                            runtime::Deadline deadline);
  void drop(const std::string& key, const std::shared_ptr<Idle>& idle);
  void drop_any();
  std::optional<Position> find(std::uint32_t slot) const;

  std::map<std::string, Line> lines_;
  std::size_t count_ = 0;  // of all lines
};

}  // namespace bulkhead::acceptor

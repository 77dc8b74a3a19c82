#include "workers/acceptor/outbound/upstream_pool.h"

#include <algorithm>
#include <array>

namespace bulkhead::acceptor {
namespace {

// How often an idle connection of a backend with a limit looks whether somebody waits for it.
constexpr runtime::Duration look_again{50};

// Nothing may arrive on an idle connection: bytes or an end both make it useless.
bool is_quiet(runtime::Stream& stream) {
  std::array<std::byte, 1> octet;
  return stream.try_read(octet).status == runtime::IoStatus::would_block;
}

}  // namespace

UpstreamPool::~UpstreamPool() {
  clear();
}

void UpstreamPool::put(const std::string& key, Upstream upstream, std::size_t max_idle,
                       runtime::Duration max_idle_time) {
  if (max_idle == 0 || upstream.place.is_wanted() || !is_quiet(*upstream.stream)) return;
  if (const auto line = lines_.find(key); line != lines_.end() && line->second.size() >= max_idle) {
    drop(key, std::shared_ptr<Idle>(line->second.front()));
  }
  if (count_ >= max_total) drop_any();
  auto idle = std::make_shared<Idle>(std::move(upstream));
  lines_[key].push_back(idle);
  ++count_;
  runtime::spawn(watch(key, idle, runtime::Loop::current().after(max_idle_time)), &idle->scope);
}

std::optional<Upstream> UpstreamPool::take(const std::string& key) {
  while (true) {
    const auto found = lines_.find(key);
    if (found == lines_.end()) return std::nullopt;
    const std::shared_ptr<Idle> idle = found->second.back();
    std::optional<Upstream> upstream = std::move(idle->upstream);
    drop(key, idle);
    if (upstream && is_quiet(*upstream->stream)) return upstream;
  }
}

void UpstreamPool::drop(const std::string& key, const std::shared_ptr<Idle>& idle) {
  // The argument may be the very reference that remove() takes away.
  const std::shared_ptr<Idle> kept = idle;  // NOLINT(performance-unnecessary-copy-initialization)
  const auto found = lines_.find(key);
  if (found != lines_.end()) {
    count_ -= found->second.remove(kept);
    if (found->second.empty()) lines_.erase(found);
  }
  // The watcher lets go of the socket here and now; its coroutine ends in the next round.
  kept->scope.cancel();
  kept->upstream.reset();
}

runtime::Task<void> UpstreamPool::watch(std::string key, std::shared_ptr<Idle> idle,
                                        runtime::Deadline deadline) {
  while (true) {
    // Where connections are limited another acceptor may come to need it.
    const bool limited = idle->upstream->place.is_limited();
    const auto look =
        limited ? std::min(deadline, runtime::Loop::current().after(look_again)) : deadline;
    const runtime::IoStatus status = co_await runtime::readable(*idle->upstream->stream, look);
    if (status == runtime::IoStatus::cancelled || !idle->upstream) co_return;
    if (status == runtime::IoStatus::ok && is_quiet(*idle->upstream->stream)) continue;
    const bool over = runtime::Loop::current().now() >= deadline;
    if (status == runtime::IoStatus::timed_out && !over && !idle->upstream->place.is_wanted())
      continue;
    break;
  }
  drop(key, idle);
}

std::optional<UpstreamPool::Position> UpstreamPool::find(std::uint32_t slot) const {
  for (const auto& [key, line] : lines_) {
    for (const auto& idle : line) {
      if (idle->upstream && idle->upstream->place.is_of(slot)) return Position{key, idle};
    }
  }
  return std::nullopt;
}

bool UpstreamPool::has_idle(std::uint32_t slot) const {
  return find(slot).has_value();
}

bool UpstreamPool::drop_idle(std::uint32_t slot) {
  const auto found = find(slot);
  if (found) drop(found->first, found->second);
  return found.has_value();
}

void UpstreamPool::drop_any() {
  const auto first = lines_.begin();
  drop(std::string(first->first), std::shared_ptr<Idle>(first->second.front()));
}

void UpstreamPool::clear() {
  while (!lines_.empty()) drop_any();
}

}  // namespace bulkhead::acceptor

#include "workers/acceptor/outbound/upstream_pool.h"

#include <array>

namespace bulkhead::acceptor {
namespace {

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
  if (max_idle == 0 || !is_quiet(*upstream.stream)) return;
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
    const runtime::IoStatus status = co_await runtime::readable(*idle->upstream->stream, deadline);
    if (status == runtime::IoStatus::cancelled || !idle->upstream) co_return;
    if (status == runtime::IoStatus::ok && is_quiet(*idle->upstream->stream)) continue;
    break;
  }
  drop(key, idle);
}

void UpstreamPool::drop_any() {
  const auto first = lines_.begin();
  drop(std::string(first->first), std::shared_ptr<Idle>(first->second.front()));
}

void UpstreamPool::clear() {
  while (!lines_.empty()) drop_any();
}

}  // namespace bulkhead::acceptor

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

class UpstreamPool::Idle final : runtime::Socket::Listener {
 public:
  Idle(UpstreamPool& pool, Line& line, Upstream connection, runtime::Deadline until)
      : upstream(std::move(connection)), over_at(until), pool_(pool), line_(line) {}
  ~Idle() { stop(); }
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;

  void watch() {
    direction_ = upstream.stream->read_blocked_on();
    upstream.stream->socket().listen(direction_, this);
    watching_ = true;
  }
  void stop() {
    if (watching_) upstream.stream->socket().forget(direction_);
    watching_ = false;
  }
  runtime::Deadline next_look(runtime::Deadline now) const {
    // Where connections are limited another acceptor may come to need it.
    return upstream.place.is_limited() ? std::min(over_at, now + look_again) : over_at;
  }
  Line& line() const { return line_; }

  Upstream upstream;
  runtime::Deadline over_at;

 private:
  // The last thing that the socket does: it may go with this.
  bool on_ready() override {
    if (is_quiet(*upstream.stream) && upstream.stream->read_blocked_on() == direction_)
      return false;
    watching_ = false;
    pool_.drop(*this);
    return true;
  }

  UpstreamPool& pool_;
  Line& line_;
  runtime::Direction direction_ = runtime::Direction::read;
  bool watching_ = false;
};

UpstreamPool::UpstreamPool() = default;

UpstreamPool::~UpstreamPool() {
  clear();
}

void UpstreamPool::put(std::string_view key, Upstream upstream, std::size_t max_idle,
                       runtime::Duration max_idle_time) {
  if (max_idle == 0 || upstream.place.is_wanted()) return;
  runtime::Stream& stream = *upstream.stream;
  // What the last read of a plain socket left behind need not be read for again; take() will.
  const bool seen_empty = stream.is_raw() && stream.socket().known_drained();
  if (!seen_empty && !is_quiet(stream)) return;
  Line& line = line_of(key);
  if (line.size() >= max_idle) drop(line.front());
  if (count_ >= max_total) drop_any();
  const runtime::Deadline now = runtime::Loop::current().now();
  Idle& idle = line.emplace_back(*this, line, std::move(upstream),
                                 runtime::Loop::current().after(max_idle_time));
  ++count_;
  stream.socket().consume_edge(stream.read_blocked_on());  // older than that read
  idle.watch();
  look_at(idle.next_look(now));
}

std::optional<Upstream> UpstreamPool::take(std::string_view key) {
  const auto found = lines_.find(key);
  if (found == lines_.end()) return std::nullopt;
  Line& line = found->second;
  while (!line.empty()) {
    line.back().stop();
    std::optional<Upstream> upstream = std::move(line.back().upstream);
    line.pop_back();
    --count_;
    if (is_quiet(*upstream->stream)) return upstream;
  }
  return std::nullopt;
}

// An empty line stays for the next of the same way, until there are too many of them.
UpstreamPool::Line& UpstreamPool::line_of(std::string_view key) {
  const auto found = lines_.find(key);
  if (found != lines_.end()) return found->second;
  if (lines_.size() >= max_total) forget_empty_lines();
  return lines_.emplace(std::string(key), Line()).first->second;
}

void UpstreamPool::forget_empty_lines() {
  std::erase_if(lines_, [](const auto& each) { return each.second.empty(); });
}

void UpstreamPool::drop(Idle& idle) {
  Line& line = idle.line();
  const auto place =
      std::find_if(line.begin(), line.end(), [&](const Idle& other) { return &other == &idle; });
  line.erase(place);
  --count_;
}

bool UpstreamPool::has_idle(std::uint32_t slot) const {
  const auto is_of = [slot](const Idle& idle) { return idle.upstream.place.is_of(slot); };
  return std::any_of(lines_.begin(), lines_.end(), [&](const auto& each) {
    return std::any_of(each.second.begin(), each.second.end(), is_of);
  });
}

bool UpstreamPool::drop_idle(std::uint32_t slot) {
  const auto is_of = [slot](const Idle& idle) { return idle.upstream.place.is_of(slot); };
  for (auto& [key, line] : lines_) {
    const auto found = std::find_if(line.begin(), line.end(), is_of);
    if (found == line.end()) continue;
    drop(*found);
    return true;
  }
  return false;
}

void UpstreamPool::drop_any() {
  for (auto& [key, line] : lines_) {
    if (!line.empty()) return drop(line.front());
  }
}

void UpstreamPool::clear() {
  while (count_ != 0) drop_any();
  lines_.clear();
}

// The timer stays as it is while connections come and go; it may find nothing to do.
void UpstreamPool::look_at(runtime::Deadline time) {
  if (time >= next_look_) return;
  next_look_ = time;
  arm(time);
}

void UpstreamPool::on_timeout() {
  const runtime::Deadline now = runtime::Loop::current().now();
  runtime::Deadline next = runtime::never;
  for (auto& [key, line] : lines_) {
    line.remove_if([&](const Idle& idle) {
      const bool over = idle.over_at <= now || idle.upstream.place.is_wanted();
      if (over) --count_;
      if (!over) next = std::min(next, idle.next_look(now));
      return over;
    });
  }
  forget_empty_lines();
  next_look_ = runtime::never;
  look_at(next);
}

}  // namespace bulkhead::acceptor

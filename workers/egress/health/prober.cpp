#include "workers/egress/health/prober.h"

#include <algorithm>
#include <chrono>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "workers/egress/health/jitter.h"

namespace bulkhead::egress_worker {
namespace {

namespace log = runtime::log;

// Until something is known of a backend it is checked that often.
constexpr runtime::Duration first_pause{1'000};
// The first checks of all are spread over this time.
constexpr runtime::Duration first_spread{200};

Moment now() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  const auto steady = runtime::Clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(duration_cast<milliseconds>(unix_time).count()),
          static_cast<std::uint64_t>(duration_cast<milliseconds>(steady).count())};
}

bool is_checked(const config::Backend& backend) {
  return backend.health_check && backend.health_check->enabled;
}

std::uint64_t append(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return (hash ^ 0xFF) * 0x100'0000'01B3;  // an octet that ends it
}

// What a record is about: when this changes nothing that was found holds any more.
std::uint64_t identity_of(const config::Config& config, const config::Backend& backend) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;  // FNV-1a
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr && depth <= config::max_via_depth; ++depth) {
    hash = append(hash, each->name);
    hash = append(hash, std::to_string(static_cast<int>(each->type)));
    if (each->proxy) hash = append(hash, each->proxy->address.to_string());
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  if (is_checked(backend)) {
    const config::HealthCheck& check = *backend.health_check;
    hash = append(hash, std::to_string(static_cast<int>(check.type)));
    hash = append(hash, check.target ? check.target->to_string() : "");
    hash = append(hash, check.http.url + ' ' + std::to_string(check.http.expected_status));
  }
  return hash == 0 ? 1 : hash;
}

void log_change(const std::string& backend, const ipc::Health& health) {
  const auto level =
      health.state == ipc::HealthState::healthy ? log::Level::info : log::Level::warn;
  log::write(level, "backend is " + std::string(to_string(health.state)),
             {{"backend", backend},
              {"found_by", to_string(health.source)},
              {"problem", health.problem},
              {"latency_us", health.latency_us}});
}

}  // namespace

struct Prober::Watch {
  Watch(std::string backend, std::uint64_t what, std::uint32_t at, ipc::Health known)
      : name(std::move(backend)), identity(what), slot(at), tracker(std::move(known)) {}

  std::string name;
  std::uint64_t identity;
  std::uint32_t slot;
  HealthTracker tracker;
  bool checked = false;
  config::HealthDefaults settings;
  bool told_impossible = false;
  runtime::Event hurry;  // check now
  runtime::CancelScope scope;
};

Prober::Prober()
    : own_(std::make_unique<ipc::HealthPage>()),
      page_(own_.get()),
      chance_(static_cast<unsigned>(runtime::Clock::now().time_since_epoch().count())) {}

Prober::~Prober() = default;

tl::expected<void, platform::Error> Prober::open(int descriptor) {
  auto mapping = platform::SharedMapping::map(descriptor, sizeof(ipc::HealthPage),
                                              platform::SharedMapping::Access::read_write);
  if (!mapping) return tl::unexpected(mapping.error());
  mapping_ = std::move(*mapping);
  page_ = &mapping_.as<ipc::HealthPage>();
  own_.reset();
  return {};
}

void Prober::reconfigure(GenerationPtr generation, std::shared_ptr<const ProbeTrust> trust) {
  generation_ = std::move(generation);
  trust_ = std::move(trust);
  std::map<std::string, std::shared_ptr<Watch>> before = std::move(watches_);
  watches_.clear();
  for (const config::Backend& backend : generation_->config->backends) {
    const std::uint64_t identity = identity_of(*generation_->config, backend);
    const auto old = before.find(backend.name);
    const bool same = old != before.end() && old->second->identity == identity &&
                      old->second->slot == backend.slot &&
                      old->second->checked == is_checked(backend);
    if (!same) {
      watches_[backend.name] = make_watch(backend, identity);
      continue;
    }
    watches_[backend.name] = std::move(old->second);
    before.erase(old);
    note_settings(*watches_[backend.name], backend);
  }
  for (const auto& [name, watch] : before) watch->scope.cancel();
}

std::shared_ptr<Prober::Watch> Prober::make_watch(const config::Backend& backend,
                                                  std::uint64_t identity) {
  ipc::Health known;
  if (backend.slot < ipc::max_backend_slots) {
    known = ipc::read_health(page_->records[backend.slot]);
  }
  if (known.identity != identity) known = {};
  known.identity = identity;
  auto watch = std::make_shared<Watch>(backend.name, identity, backend.slot, std::move(known));
  watch->checked = is_checked(backend);
  note_settings(*watch, backend);
  publish(*watch);
  if (watch->checked) runtime::spawn(check_again_and_again(watch), &watch->scope);
  return watch;
}

// Other settings do not make what was found worthless, but may make the next check due.
void Prober::note_settings(Watch& watch, const config::Backend& backend) {
  if (!watch.checked) return;
  const config::HealthDefaults before = std::exchange(
      watch.settings, backend.health_check->settings(generation_->config->health_checks.defaults));
  if (before != watch.settings) watch.hurry.set();
}

void Prober::publish(const Watch& watch) {
  if (watch.slot >= ipc::max_backend_slots) return;
  ipc::write_health(page_->records[watch.slot], watch.tracker.health());
}

runtime::Task<void> Prober::check_again_and_again(std::shared_ptr<Watch> watch) {
  const runtime::Gate::Pass pass = running_.enter();
  runtime::Duration pause(chance_() % static_cast<unsigned>(first_spread.count()));
  watch->hurry.reset();
  while (true) {
    co_await watch->hurry.wait(runtime::Loop::current().after(pause));
    if (watch->scope.cancelled()) co_return;
    watch->hurry.reset();
    const GenerationPtr generation = generation_;
    const config::HealthDefaults settings = watch->settings;
    const auto deadline = runtime::Loop::current().after(settings.timeout);
    const ProbeResult result = co_await probe(generation, trust_, watch->name, deadline);
    if (watch->scope.cancelled()) co_return;
    const bool changed = watch->tracker.note_check(result, settings, now());
    publish(*watch);
    if (changed) log_change(watch->name, watch->tracker.health());
    const bool impossible = result.verdict == ProbeResult::Verdict::impossible;
    if (impossible && !watch->told_impossible) {
      log::warn("a backend cannot be checked",
                {{"backend", watch->name}, {"reason", result.problem}});
    }
    watch->told_impossible = impossible;
    pause = pause_before_next(*watch, settings);
  }
}

runtime::Duration Prober::pause_before_next(const Watch& watch,
                                            const config::HealthDefaults& settings) {
  const bool unknown = watch.tracker.health().state == ipc::HealthState::unknown;
  const runtime::Duration base = unknown && !watch.told_impossible
                                     ? std::min(settings.interval, first_pause)
                                     : settings.interval;
  return with_jitter(base, settings.jitter, chance_);
}

void Prober::note_traffic(const std::string& backend, bool works, std::string detail) {
  const auto found = watches_.find(backend);
  if (found == watches_.end()) return;
  Watch& watch = *found->second;
  // A check that cannot be made will never find it healthy again.
  const bool is_checked = watch.checked && !watch.told_impossible;
  const bool changed = watch.tracker.note_traffic(works, std::move(detail), is_checked, now());
  publish(watch);
  if (!changed) return;
  log_change(watch.name, watch.tracker.health());
  // What connections found is looked into at once.
  if (!works) watch.hurry.set();
}

const ipc::Health* Prober::health(const std::string& backend) const {
  const auto found = watches_.find(backend);
  return found == watches_.end() ? nullptr : &found->second->tracker.health();
}

runtime::Task<void> Prober::stop() {
  for (const auto& [name, watch] : watches_) watch->scope.cancel();
  co_await running_.empty_uncancelled();
}

}  // namespace bulkhead::egress_worker

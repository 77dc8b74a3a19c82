#include "supervisor/worker.h"

#include "runtime/log.h"

namespace bulkhead::supervisor {

std::string_view Worker::state() const {
  if (!process) return backoff.crash_loop() ? "crash-loop" : "waiting";
  if (process->draining()) return "draining";
  return process->generation() == 0 ? "starting" : "running";
}

runtime::Duration Worker::note_end(const std::string& reason, runtime::Duration lifetime) {
  namespace log = runtime::log;
  process.reset();
  last_exit = reason;
  if (retired) {
    log::info("worker ended", {{"worker", name()}, {"reason", reason}});
    return {};
  }
  const bool looped = backoff.crash_loop();
  const runtime::Duration delay = backoff.died(runtime::Clock::now(), lifetime);
  log::error("worker died", {{"worker", name()},
                             {"reason", reason},
                             {"lived_ms", lifetime.count()},
                             {"restart_in_ms", delay.count()}});
  if (backoff.crash_loop() && !looped) {
    log::error("worker is in a crash loop",
               {{"worker", name()}, {"restarts", restarts}, {"last_exit", reason}});
  }
  return delay;
}

}  // namespace bulkhead::supervisor

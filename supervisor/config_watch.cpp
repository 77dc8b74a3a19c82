// reload.watch: the configuration file is reloaded when it changes. Switched on and off by reloads
// like any other setting.
#include "platform/descriptor.h"
#include "runtime/log.h"
#include "runtime/socket.h"
#include "runtime/timer.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

// An editor may write a file in several steps.
constexpr runtime::Duration settle_time{100};

}  // namespace

// Watches while the setting is on; on_new_generation() wakes it to look at the setting again.
runtime::Task<void> Supervisor::watch_file() {
  const runtime::Gate::Pass pass = tasks_.enter();
  for (;;) {
    const std::string& file = start_.load_options.file;
    if (!file.empty() && reload_.current()->config->reload.watch && !stopping_) {
      co_await watch_until_switched_off(file);
    }
    if (scope_.cancelled()) co_return;
    watch_changed_.reset();
    co_await watch_changed_.wait();
  }
}

runtime::Task<void> Supervisor::watch_until_switched_off(std::string file) {
  auto watch = platform::FileWatch::create(file);
  if (!watch) {
    log::error("the configuration file cannot be watched",
               {{"file", file}, {"reason", watch.error().to_string()}});
    co_return;
  }
  runtime::Socket socket(platform::duplicate(watch->fd()));
  log::info("watching the configuration file", {{"file", file}});
  while (reload_.current()->config->reload.watch && !stopping_) {
    const auto status = co_await runtime::ready(socket, runtime::Direction::read);
    if (status != runtime::IoStatus::ok) co_return;
    if (!reload_.current()->config->reload.watch || !watch->drain()) continue;
    const bool settled = co_await runtime::sleep_for(settle_time);
    if (!settled) co_return;
    watch->drain();
    co_await reload_by("change of " + file);
  }
  log::info("no longer watching the configuration file", {{"file", file}});
}

}  // namespace bulkhead::supervisor

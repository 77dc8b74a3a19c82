// The asked side: everything that a start does, with workers that never serve.
#include <cstdio>

#include "platform/signals.h"
#include "runtime/log.h"
#include "supervisor/access_log_file.h"
#include "supervisor/roll_out.h"
#include "supervisor/upgrade/self_check.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {
namespace {

constexpr int exit_failure = 1;
constexpr int exit_configuration = 78;
constexpr runtime::Duration end_timeout{2'000};

int fail(const std::string& why) {
  std::fprintf(stderr, "bulkhead " BULKHEAD_VERSION ": self-check failed: %s\n", why.c_str());
  return exit_failure;
}

// Settings without sockets: only their ports are looked at.
Sockets held_by(const DaemonState& state) {
  Sockets held;
  for (const ListenerState& listener : state.listeners.items) {
    auto socket = std::make_shared<ListeningSocket>();
    socket->settings = settings_of(listener.listener);
    held.push_back(std::move(socket));
  }
  return held;
}

// The first phase of a roll-out to one worker of each role.
runtime::Task<void> try_workers(Workforce& workforce, std::shared_ptr<Generation> generation,
                                std::string& problem) {
  problem = workforce.start_missing({0}, *generation->config);
  if (problem.empty()) {
    bool prepared = false;
    const auto stop_here = [&prepared]() -> std::string {
      prepared = true;
      return "far enough";
    };
    runtime::Task<std::string> phases =
        roll_out(workforce.electorate({0}, *generation->config), generation, stop_here);
    const std::string refusal = co_await std::move(phases);
    if (!prepared) problem = refusal;
  }
  workforce.dismiss_newcomers();
  co_await workforce.shut_down(end_timeout, end_timeout);
  runtime::Loop::current().stop();
}

std::string check_workers(std::shared_ptr<const config::Config> config,
                          const Directories& directories) {
  auto generation = std::make_shared<Generation>();
  generation->number = 1;
  generation->config = std::move(config);
  if (const auto sealed = seal_projections(*generation); !sealed) return sealed.error();
  runtime::Loop loop;
  SharedPages pages;
  Workforce workforce({directories.libexec,
                       directories.state,
                       to_platform(generation->config->sandbox),
                       [] { return std::shared_ptr<const Generation>(); },
                       [](WorkerProcess&) {},
                       pages,
                       {},
                       {},
                       true});
  std::string problem;
  runtime::spawn(try_workers(workforce, generation, problem));
  loop.run();
  return problem;
}

}  // namespace

int run_self_check(const config::LoadOptions& load_options, const Directories& directories,
                   const std::optional<tl::expected<DaemonState, std::string>>& state) {
  if (state && !*state) return fail(state->error());
  const config::LoadResult loaded = config::load(load_options);
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Severity::error || !loaded.config)
      std::fprintf(stderr, "%s\n", to_string(diagnostic).c_str());
  }
  if (!loaded.config) {
    fail("the configuration has errors");
    return exit_configuration;
  }
  runtime::log::set_level(runtime::log::Level::warn);
  const Sockets held = state ? held_by(**state) : Sockets{};
  if (state) {
    if (const std::string taken = Listeners::check(*loaded.config, held); !taken.empty())
      return fail(taken);
  }
  if (const auto opened = AccessLogFile::open(loaded.config->access_log); !opened)
    return fail(opened.error());
  if (const std::string problem = check_workers(loaded.config, directories); !problem.empty())
    return fail(problem);
  std::fflush(stderr);
  std::printf("bulkhead " BULKHEAD_VERSION "%.*s", static_cast<int>(self_check_passed.size()),
              self_check_passed.data());
  return 0;
}

}  // namespace bulkhead::supervisor

// From configuration to running generation: load, open what is new, roll out, or keep what was. One
// at a time; reloads asked for while one runs become one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "config/managed.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "supervisor/access_log_file.h"
#include "supervisor/generation.h"
#include "supervisor/shared_pages.h"
#include "supervisor/upgrade/state.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {

// How an attempt at a new generation ended.
struct Outcome {
  bool ok = false;
  std::string summary;                          // what changed, or why nothing did; one line
  std::vector<config::Diagnostic> diagnostics;  // of loading
};

class Reload {
 public:
  struct Counts {
    std::uint64_t done = 0, failed = 0;
    std::string last;  // "ok" or why the last one failed; empty before the first
  };

  // options: where the configuration comes from, for every load. changed: called after each new
  // generation.
  Reload(config::LoadOptions options, Workforce& workforce, SharedPages& pages,
         std::function<void()> changed);

  // The first generation, of a configuration that has been loaded already.
  runtime::Task<Outcome> start(config::LoadResult loaded);
  // Loads again. Callers that come while it waits for its turn share the outcome.
  // by: who asked, for the audit log.
  runtime::Task<Outcome> run(std::string by);
  // Changes the managed file: edit returns why it cannot, or nothing. The file is written when all
  // workers have prepared the result, and not at all when they have not.
  runtime::Task<Outcome> change_managed(std::function<std::string(config::Managed&)> edit,
                                        std::string by);

  std::shared_ptr<const Generation> current() const { return current_; }
  const Counts& counts() const { return counts_; }
  const config::LoadOptions& options() const { return options_; }

  // Sends the access log's descriptor to an acceptor that is about to serve.
  void hand_over_access_log(WorkerProcess& process) const;
  std::string reopen_access_log();  // empty, or why not
  void rotate_access_log();         // if it is due

  // See Listeners::share_ports().
  void share_ports(bool share) { listeners_.share_ports(share); }

  // For and from the program that runs in this process after and before this one: numbers, counts,
  // listening sockets. inherit() comes before start().
  void leave(DaemonState& state) const;
  void inherit(const DaemonState& state);
  // A listening socket that somebody before us made; before start() too.
  void inherit(const proto::Listener& listener, bool dual_stack, platform::UniqueFd socket);
  // Instead of start(): the generation that the inherited workers serve goes on.
  Outcome go_on(const config::LoadResult& loaded, std::uint32_t generation);

  // The right to make a generation, for somebody who wants none made; given back with the object.
  class Pause {
   public:
    explicit Pause(runtime::Event& free) : free_(&free) {}
    Pause(Pause&& other) noexcept : free_(std::exchange(other.free_, nullptr)) {}
    Pause& operator=(Pause&&) = delete;
    ~Pause() {
      if (free_ != nullptr) free_->set();
    }

   private:
    runtime::Event* free_;
  };
  runtime::Task<Pause> pause();

  // Gives up the supervisor's copies of the listening sockets.
  void close_listeners();

 private:
  struct Waiting {
    runtime::Event done;
    Outcome outcome;
  };
  class Turn;

  runtime::Task<Outcome> apply(config::LoadResult loaded,
                               std::function<std::string()> before_commit);
  runtime::Task<std::string> replace(std::shared_ptr<Generation> next,
                                     std::function<std::string()> before_commit);
  void record(const Outcome& outcome, const std::string& by);
  void send_access_log() const;

  config::LoadOptions options_;
  Workforce& workforce_;
  SharedPages& pages_;
  std::function<void()> changed_;
  Listeners listeners_;
  Sockets inherited_;  // until the first generation
  std::shared_ptr<const Generation> current_;
  std::optional<AccessLogFile> access_log_;
  std::shared_ptr<Waiting> waiting_;
  runtime::Event free_;  // nobody is at it
  bool closed_ = false;
  std::uint32_t last_number_ = 0;
  Counts counts_;
};

}  // namespace bulkhead::supervisor

// Keeps the health page: checks every backend that has a health_check at its interval, and notes
// what acceptors tell of their connections.
//
// One backend, one watch: a coroutine if it is checked. A reload leaves the watches alone whose
// backend has not changed. What a predecessor of this process has found is gone on with.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "ipc/page/health_page.h"
#include "platform/shared_memory.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "workers/egress/health/probe.h"

namespace bulkhead::egress_worker {

class Prober {
 public:
  Prober();
  ~Prober();  // after stop(), if anything was checked
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // The supervisor's page; before the first generation. Without it nothing that is found outlives
  // this process, or is seen by another.
  tl::expected<void, platform::Error> open(int descriptor);

  // What is to be checked from now on. Checks under way end under the generation they began with.
  void reconfigure(GenerationPtr generation, std::shared_ptr<const ProbeTrust> trust);

  // What connections through a backend told an acceptor. Unknown names are no error.
  void note_traffic(const std::string& backend, bool works, std::string detail);

  // Null if it is not known.
  const ipc::Health* health(const std::string& backend) const;

  // Calls all checks off and waits until they have ended.
  runtime::Task<void> stop();

 private:
  struct Watch;

  std::shared_ptr<Watch> make_watch(const config::Backend& backend, std::uint64_t identity);
  runtime::Task<void> check_again_and_again(std::shared_ptr<Watch> watch);
  runtime::Duration pause_before_next(const Watch& watch, const config::HealthDefaults& settings);
  void note_settings(Watch& watch, const config::Backend& backend);
  void publish(const Watch& watch);

  std::unique_ptr<ipc::HealthPage> own_;  // as long as there is no other
  platform::SharedMapping mapping_;
  ipc::HealthPage* page_;
  GenerationPtr generation_;
  std::shared_ptr<const ProbeTrust> trust_;
  std::map<std::string, std::shared_ptr<Watch>> watches_;
  std::minstd_rand chance_;
  runtime::Gate running_;
};

}  // namespace bulkhead::egress_worker

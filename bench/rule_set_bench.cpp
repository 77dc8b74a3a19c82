// What a rule costs to find among few and among 100,000 domains. The claim in docs/performance.md
// is that the second is not measurably slower; compare the two rows of one run.
#include <benchmark/benchmark.h>
#include <cstdio>
#include <string>

#include "config/load.h"
#include "workers/acceptor/routing/rule_set.h"

namespace {

using namespace bulkhead;

std::shared_ptr<const config::Config> make(int domains) {
  std::string text = "rules:\n  - name: many\n    match:\n      domains:\n";
  for (int i = 0; i < domains; ++i) {
    text += "        - \"" + std::string(i % 2 == 0 ? "*." : "") + "host" + std::to_string(i) +
            ".example" + std::to_string(i % 97) + ".test\"\n";
  }
  text +=
      "    backend: direct\n  - {name: rest, match: {domains: [\"*\"]}, backend: direct}\n"
      "backends: [{name: direct, type: direct}]\n";
  const config::LoadResult loaded = config::load_text(text, "bench");
  if (!loaded.config) {
    std::fprintf(stderr, "%s\n", to_string(loaded.diagnostics.front()).c_str());
    std::abort();
  }
  return loaded.config;
}

void match(benchmark::State& state) {
  const acceptor::RuleSet rules(make(static_cast<int>(state.range(0))));
  const acceptor::RouteQuery listed{
      {"www.host2.example2.test", 443}, {}, config::MatchProtocol::connect, {}, {}};
  const acceptor::RouteQuery other{
      {"cdn.images.unlisted.example", 443}, {}, config::MatchProtocol::connect, {}, {}};
  if (rules.match(listed)->name != "many" || rules.match(other)->name != "rest")
    state.SkipWithError("wrong rule");
  for (auto _ : state) {
    benchmark::DoNotOptimize(rules.match(listed));
    benchmark::DoNotOptimize(rules.match(other));
  }
}
BENCHMARK(match)->Arg(10)->Arg(1000)->Arg(100'000);

}  // namespace

BENCHMARK_MAIN();

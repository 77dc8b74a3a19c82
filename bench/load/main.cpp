// bench_load: the load generator and the origin of bench/run. See client.h and origin.h for what
// they print.
//   bench_load origin [--write BYTES] [--seconds S]
//   bench_load bulk|echo|churn|idle|http --via tcp|connect|socks5|forward --proxy PORT --origin
//   PORT
//              [--connections N] [--seconds S]
#include <CLI/CLI.hpp>
#include <map>

#include "bench/load/client.h"
#include "bench/load/origin.h"

using namespace bulkhead::bench;

int main(int argc, char** argv) {
  CLI::App app("Loads a proxy on loopback and measures what comes through");
  app.require_subcommand(1);

  std::size_t write_size = 64 * 1024;
  int serving_seconds = 3600;
  CLI::App* origin = app.add_subcommand("origin", "echo, source and http servers on free ports");
  origin->add_option("--write", write_size, "octets in each write of the source")
      ->check(CLI::Range(1, 262'144));
  origin->add_option("--seconds", serving_seconds, "ends after this time")
      ->check(CLI::Range(1, 86'400));

  LoadOptions options;
  const std::map<std::string, Work> works{{"bulk", Work::bulk},
                                          {"echo", Work::echo},
                                          {"churn", Work::churn},
                                          {"idle", Work::idle},
                                          {"http", Work::http}};
  const std::map<std::string, Via> ways{{"tcp", Via::tcp},
                                        {"connect", Via::connect},
                                        {"socks5", Via::socks5},
                                        {"forward", Via::forward}};
  for (const auto& [name, work] : works) {
    CLI::App* load = app.add_subcommand(name);
    load->add_option("--via", options.via)->transform(CLI::CheckedTransformer(ways));
    load->add_option("--proxy", options.proxy)->required();
    load->add_option("--origin", options.origin)->required();
    load->add_option("--connections", options.connections)->check(CLI::Range(1, 20'000));
    load->add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 600.0));
    load->callback([&options, chosen = work] { options.work = chosen; });
  }
  CLI11_PARSE(app, argc, argv);
  return origin->parsed() ? serve_origin(write_size, serving_seconds) : run_load(options);
}

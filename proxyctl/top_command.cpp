#include <sstream>
#include <thread>

#include "proxyctl/commands.h"
#include "proxyctl/terminal.h"
#include "proxyctl/top_view.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

using Clock = std::chrono::steady_clock;

struct TopOptions {
  double interval_s = 1;
  bool once = false;
  std::size_t rows = 20;
  std::string order = "rate";
};

constexpr std::size_t all_that_fit = 1000;

TopOrder order_of(const std::string& name) {
  if (name == "bytes") return TopOrder::bytes;
  return name == "age" ? TopOrder::age : TopOrder::rate;
}

TopOrder next(TopOrder order) {
  if (order == TopOrder::rate) return TopOrder::bytes;
  return order == TopOrder::bytes ? TopOrder::age : TopOrder::rate;
}

// The code of what went wrong, which has been said; ok if nothing has.
ExitCode look(const Session& session, Look& seen) {
  const ExitCode code =
      ask_and_show(session, {proto::CommandName::stats, {}}, [&seen](const Answer& answer) {
        seen.when = Clock::now();
        if (!answer.stats.empty()) seen.totals = answer.stats.front();
        seen.backends = answer.backend_stats;
      });
  if (code != ExitCode::ok) return code;
  return ask_and_show(session, {proto::CommandName::connections, {}},
                      [&seen](const Answer& answer) { seen.connections = answer.connections; });
}

Clock::duration interval_of(const TopOptions& options) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.interval_s));
}

void write_once(const Session& session, const TopOptions& options, const Look& before,
                const Look& now) {
  JsonWriter json(session.out);
  json.begin_object();
  json.key("stats");
  write_stats(json, now.totals, now.backends);
  json.key("connections");
  write_connections(json, top_connections(before, now, order_of(options.order), options.rows));
  json.end_object();
}

ExitCode show_once(const Session& session, const TopOptions& options) {
  Look before, now;
  if (const ExitCode code = look(session, before); code != ExitCode::ok) return code;
  std::this_thread::sleep_for(interval_of(options));
  if (const ExitCode code = look(session, now); code != ExitCode::ok) return code;
  if (session.json)
    write_once(session, options, before, now);
  else
    session.out << top_frame(before, now, order_of(options.order), options.rows, false);
  return ExitCode::ok;
}

// A failure is printed when the terminal is as it was.
ExitCode watch(const Session& session, const TopOptions& options) {
  Look before, now;
  if (const ExitCode code = look(session, before); code != ExitCode::ok) return code;
  TopOrder order = order_of(options.order);
  ExitCode code = ExitCode::ok;
  std::ostringstream said;
  const Session quiet{session.out,       said, false, session.runtime_directory, false,
                      session.timeout_s, {}};
  {
    Terminal terminal;
    now = before;
    while (true) {
      terminal.draw(top_frame(before, now, order, all_that_fit, true));
      const auto key = terminal.wait_key(Clock::now() + interval_of(options));
      if (key == 'q') break;
      if (key == 's') order = next(order);
      before = std::move(now);
      now = Look{};
      code = look(quiet, now);
      if (code != ExitCode::ok) break;
    }
  }
  session.err << said.str();
  return code;
}

}  // namespace

void add_top_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* command =
      add_command(app, session, "top", "What goes on now; q ends, s sorts by something else",
                  [&session, options] {
                    const bool once = options->once || session.json || !session.terminal;
                    return once ? show_once(session, *options) : watch(session, *options);
                  });
  command->add_flag("--once", options->once, "Print once, and no more than text");
  command->add_option("--interval", options->interval_s, "Between two looks")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0));
  command->add_option("--rows", options->rows, "Connections printed with --once")
      ->type_name("NUMBER");
  command->add_option("--sort", options->order, "Which come first")
      ->type_name("ORDER")
      ->check(CLI::IsMember({"rate", "bytes", "age"}));
}

}  // namespace bulkhead::proxyctl

#include "proxyctl/commands.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {

void add_crash_commands(CLI::App& app, Session& session) {
  auto last = std::make_shared<std::size_t>(10);
  CLI::App* command =
      add_command(app, session, "crashes", "Workers that died unexpectedly, and what they did last",
                  [&session, last] {
                    return ask_and_show(session, {proto::CommandName::crashes, {}},
                                        [&session, last](const Answer& answer) {
                                          show_crashes(session, answer.crashes, *last);
                                        });
                  });
  command->add_option("--events", *last, "How many events of each are shown; all with --json")
      ->type_name("NUMBER");
}

}  // namespace bulkhead::proxyctl

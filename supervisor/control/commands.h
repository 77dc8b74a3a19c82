// The commands of proto/command.h, one coroutine each. All have the same shape; a command may leave
// without done(), which then counts as done in order.
#pragma once

#include "proto/command.h"
#include "runtime/task.h"
#include "supervisor/control/answer.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

using CommandFunction = runtime::Task<void> (*)(Supervisor&, const proto::Command&, Answer&);

// Null when there is no such command.
CommandFunction find_command(proto::CommandName name);

// argument(command, 0): empty when it was not given.
std::string argument(const proto::Command& command, std::size_t index);

runtime::Task<void> show_status(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);
runtime::Task<void> show_config(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);
runtime::Task<void> reload_config(Supervisor& supervisor, const proto::Command& command,
                                  Answer& answer);
runtime::Task<void> list_backends(Supervisor& supervisor, const proto::Command& command,
                                  Answer& answer);
runtime::Task<void> add_backend(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);
runtime::Task<void> remove_backend(Supervisor& supervisor, const proto::Command& command,
                                   Answer& answer);
runtime::Task<void> test_backend(Supervisor& supervisor, const proto::Command& command,
                                 Answer& answer);
runtime::Task<void> list_rules(Supervisor& supervisor, const proto::Command& command,
                               Answer& answer);
runtime::Task<void> add_rule(Supervisor& supervisor, const proto::Command& command, Answer& answer);
runtime::Task<void> remove_rule(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);
runtime::Task<void> reorder_rules(Supervisor& supervisor, const proto::Command& command,
                                  Answer& answer);
runtime::Task<void> list_connections(Supervisor& supervisor, const proto::Command& command,
                                     Answer& answer);
runtime::Task<void> close_connection(Supervisor& supervisor, const proto::Command& command,
                                     Answer& answer);
runtime::Task<void> list_crashes(Supervisor& supervisor, const proto::Command& command,
                                 Answer& answer);
runtime::Task<void> show_stats(Supervisor& supervisor, const proto::Command& command,
                               Answer& answer);
runtime::Task<void> list_bans(Supervisor& supervisor, const proto::Command& command,
                              Answer& answer);
runtime::Task<void> add_ban(Supervisor& supervisor, const proto::Command& command, Answer& answer);
runtime::Task<void> lift_ban(Supervisor& supervisor, const proto::Command& command, Answer& answer);
runtime::Task<void> open_auth_channel(Supervisor& supervisor, const proto::Command& command,
                                      Answer& answer);
runtime::Task<void> reopen_logs(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);
runtime::Task<void> upgrade_daemon(Supervisor& supervisor, const proto::Command& command,
                                   Answer& answer);
runtime::Task<void> stop_daemon(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer);

}  // namespace bulkhead::supervisor

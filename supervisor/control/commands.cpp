#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {

CommandFunction find_command(proto::CommandName name) {
  switch (name) {
    case proto::CommandName::status:
      return show_status;
    case proto::CommandName::config_show:
      return show_config;
    case proto::CommandName::config_reload:
      return reload_config;
    case proto::CommandName::backend_list:
      return list_backends;
    case proto::CommandName::backend_add:
      return add_backend;
    case proto::CommandName::backend_remove:
      return remove_backend;
    case proto::CommandName::backend_test:
      return test_backend;
    case proto::CommandName::rule_list:
      return list_rules;
    case proto::CommandName::rule_add:
      return add_rule;
    case proto::CommandName::rule_remove:
      return remove_rule;
    case proto::CommandName::rule_reorder:
      return reorder_rules;
    case proto::CommandName::connections:
      return list_connections;
    case proto::CommandName::close_connection:
      return close_connection;
    case proto::CommandName::crashes:
      return list_crashes;
    case proto::CommandName::stats:
      return show_stats;
    case proto::CommandName::ban_list:
      return list_bans;
    case proto::CommandName::ban_add:
      return add_ban;
    case proto::CommandName::ban_lift:
      return lift_ban;
    case proto::CommandName::auth_channel:
      return open_auth_channel;
    case proto::CommandName::reopen_logs:
      return reopen_logs;
    case proto::CommandName::upgrade:
      return upgrade_daemon;
    case proto::CommandName::stop:
      return stop_daemon;
    case proto::CommandName::end_:
      break;
  }
  return nullptr;
}

std::string argument(const proto::Command& command, std::size_t index) {
  return index < command.arguments.items.size() ? command.arguments.items[index].value
                                                : std::string();
}

}  // namespace bulkhead::supervisor

// The way of proxyctl to the auth worker: a channel of their own, so that passwords do not come by
// here.
#include <array>

#include "platform/message_socket.h"
#include "proto/administration.h"
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {

runtime::Task<void> open_auth_channel(Supervisor& supervisor, const proto::Command&,
                                      Answer& answer) {
  const auto auth = supervisor.workforce().auth();
  if (!auth) {
    answer.done(
        1,
        "nobody has to say who he is: server.auth.mode is none. Set it (to native, say) and "
        "reload the configuration");
    co_return;
  }
  auto pair = platform::message_socket_pair();
  if (!pair) {
    answer.done(1, pair.error().to_string());
    co_return;
  }
  proto::Administrator who;
  who.uid = answer.peer().uid;
  who.pid = static_cast<std::uint32_t>(answer.peer().pid);
  const std::array theirs{pair->first.get()}, administrators{pair->second.get()};
  auth->channel().send(who, theirs);
  answer.channel().send(proto::AuthChannel{}, administrators);
}

}  // namespace bulkhead::supervisor

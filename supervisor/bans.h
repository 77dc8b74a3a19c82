// Who is kept out for a time (ipc/page/bans_page.h): by what acceptors report, as far as the
// configuration says so, and by hand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/model.h"
#include "ipc/channel.h"
#include "ipc/page/bans_page.h"
#include "ipc/page/keyed_hash.h"
#include "platform/shared_memory.h"
#include "platform/unique_fd.h"
#include "proto/ban.h"

namespace bulkhead::supervisor {

class Bans {
 public:
  explicit Bans(ipc::HashKey secret);  // throws std::runtime_error

  // For and from the program that runs in this process after and before this one.
  int memory() const { return memory_.get(); }
  void inherit(platform::UniqueFd memory, ipc::HashKey secret);

  // Gives an acceptor its view of the page.
  void hand_over(ipc::Channel& acceptor) const;
  // To what an acceptor reports. Outlives the channel.
  void listen(ipc::Channel& acceptor);

  void apply(const config::Abuse& settings) { settings_ = settings; }
  void ban(const wire::IpAddress& address, proto::BanReason reason, config::Duration time);
  // False if the address was not banned.
  bool lift(const wire::IpAddress& address);
  std::vector<ipc::Ban> list();

  // Set by the owner: somebody was banned for what an acceptor reported.
  std::function<void(const wire::IpAddress& address, proto::BanReason reason,
                     config::Duration time)>
      on_report;

 private:
  ipc::BansPage& page() { return mapping_.as<ipc::BansPage>(); }
  bool is_banned(const wire::IpAddress& address) const;
  void note(const proto::Offence& offence);

  ipc::HashKey secret_;
  config::Abuse settings_;
  platform::UniqueFd memory_, view_;
  platform::SharedMapping mapping_;
};

}  // namespace bulkhead::supervisor

// Happy eyeballs (RFC 8305 section 5): connects to several addresses of one destination, each begun
// when the one before has failed or has not been answered for 250 ms; the first that connects wins
// and the others are called off.
#pragma once

#include <optional>
#include <vector>

#include "egress/failure.h"
#include "platform/unique_fd.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "wire/address.h"

namespace bulkhead::egress {

inline constexpr runtime::Duration attempt_delay{250};

struct RaceWinner {
  platform::UniqueFd socket;  // with TCP_NODELAY
  wire::Endpoint local, remote;
};

// The families by turns, starting with that of the first address; order within a family is kept
// (RFC 8305 section 4).
std::vector<wire::Endpoint> interleave(const std::vector<wire::Endpoint>& peers);

class Race {
 public:
  explicit Race(runtime::CancelScope* caller) : scope_(caller) {}

  // peers in the order to try. When all fail: the most telling failure; connect_timeout at the
  // deadline; shutting_down when cancelled. Called once; the race must outlive it.
  runtime::Task<tl::expected<RaceWinner, Failure>> run(std::vector<wire::Endpoint> peers,
                                                       runtime::Deadline deadline);

 private:
  using Outcome = tl::expected<RaceWinner, Failure>;

  runtime::Task<void> attempt(wire::Endpoint peer, runtime::Deadline deadline);
  runtime::Task<Outcome> connect(wire::Endpoint peer, runtime::Deadline deadline);
  runtime::Task<bool> wait_for_last(runtime::Deadline deadline);
  runtime::Task<void> call_off();
  Outcome finish(platform::UniqueFd socket, const wire::Endpoint& peer) const;

  runtime::CancelScope scope_;
  runtime::Event changed_;  // an attempt has ended
  runtime::Gate attempts_;
  std::optional<RaceWinner> winner_;
  std::optional<Failure> failure_;
};

}  // namespace bulkhead::egress

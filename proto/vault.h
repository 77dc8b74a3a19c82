// How raw flows outlive the processes that carry them. The vault holds, for each acceptor, second
// descriptors of all that a flow needs; when the acceptor has died or has let go of its flows,
// another one gets them and relays on.
//
// Words. A holder is one incarnation of an acceptor: a number from 1 that is unique for the
// supervisor's life, upgrades included, and told to the acceptor when it starts. Flow and pipe ids
// are unique over all holders (a connection's id; a holder's number and a count), so they stay what
// they are when their holder changes. A holder's estate is all that the vault holds for it.
//
//   acceptor to vault   HoldPages once; HoldPipe for each pipe it makes; HoldFlow for each flow
//   that
//                       has lived a while; Release. VaultSync is answered when all before is held.
//   the acceptor died   supervisor to vault: Bequeath{from, to}; supervisor to heir: Inherit, with
//                       the dead one's pages. Vault to heir: HeldPipe*, HeldFlow*, HeldEnd. The
//                       heir answers each flow by Adopt or lets it be, and says AdoptEnd: what is
//                       left of the estate is dropped. Heir to supervisor: Inherited.
//   it lets go          Drain{hand_over}: it stops relaying, syncs, says Relinquished; then as
//   above. the vault died      PeerRestarted{vault} to the acceptors: all that they have is held
//   anew. another supervisor  TakeOver, on a connection to the Rendezvous; the vault says
//   Relinquish to
//                       its acceptors and gives all estates to the other supervisor's vault:
//                       HoldPages, HoldPipe*, HoldFlow* for each, then ConveyEnd. That vault tells
//                       its supervisor of each Estate.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

// Its flow page and its copy buffers (two descriptors), see ipc/page/flow_page.h. What was held for
// it before is forgotten: it is about to say everything. From an acceptor holder is always its own,
// here and below.
struct HoldPages {
  static constexpr MessageType type = MessageType::hold_pages;
  std::uint32_t holder = 0;
  static auto fields(auto& self) { return std::tie(self.holder); }
};

// The client's socket and the upstream's (two descriptors). The flow's record is written before.
struct HoldFlow {
  static constexpr MessageType type = MessageType::hold_flow;
  std::uint32_t holder = 0;
  std::uint64_t flow = 0;
  static auto fields(auto& self) { return std::tie(self.holder, self.flow); }
};

// A pipe's read end and its write end (two descriptors), before any flow's bytes are in it.
struct HoldPipe {
  static constexpr MessageType type = MessageType::hold_pipe;
  std::uint32_t holder = 0;
  std::uint64_t pipe = 0;
  static auto fields(auto& self) { return std::tie(self.holder, self.pipe); }
};

// To an acceptor: the vault is full, this flow is not protected. (A pipe never is refused: there is
// room for every acceptor's.)
struct NotHeld {
  static constexpr MessageType type = MessageType::not_held;
  std::uint64_t flow = 0;
  static auto fields(auto& self) { return std::tie(self.flow); }
};

// Let go of these; ids that are not held are ignored.
struct Release {
  static constexpr MessageType type = MessageType::release;
  List<std::uint64_t, 1024> flows, pipes;
  static auto fields(auto& self) { return std::tie(self.flows, self.pipes); }
};

// Answered by VaultSynced (same id) when all that was said before has been done.
struct VaultSync {
  static constexpr MessageType type = MessageType::vault_sync;
  static auto fields(auto&) { return std::tie(); }
};
struct VaultSynced {
  static constexpr MessageType type = MessageType::vault_synced;
  std::uint32_t flows = 0, pipes = 0;  // held for this holder
  static auto fields(auto& self) { return std::tie(self.flows, self.pipes); }
};

// Supervisor to vault: `from` is dead or has relinquished; send its estate to `to`. The vault first
// takes in all that `from` has still said. A later Bequeath of the same estate (the heir died)
// holds for what is left of it.
struct Bequeath {
  static constexpr MessageType type = MessageType::bequeath;
  std::uint32_t from = 0, to = 0;
  static auto fields(auto& self) { return std::tie(self.from, self.to); }
};

// Vault to heir, two descriptors each as in HoldPipe and HoldFlow.
struct HeldPipe {
  static constexpr MessageType type = MessageType::held_pipe;
  std::uint32_t from = 0;
  std::uint64_t pipe = 0;
  static auto fields(auto& self) { return std::tie(self.from, self.pipe); }
};
struct HeldFlow {
  static constexpr MessageType type = MessageType::held_flow;
  std::uint32_t from = 0;
  std::uint64_t flow = 0;
  static auto fields(auto& self) { return std::tie(self.from, self.flow); }
};
struct HeldEnd {
  static constexpr MessageType type = MessageType::held_end;
  std::uint32_t from = 0;
  static auto fields(auto& self) { return std::tie(self.from); }
};

// Heir to vault: the flow and the pipes that its bytes are in (0: none) are mine from now on. One
// message, so that they change hands together. The heir's own record is written before.
struct Adopt {
  static constexpr MessageType type = MessageType::adopt;
  std::uint32_t from = 0;
  std::uint64_t flow = 0, pipe_up = 0, pipe_down = 0;
  static auto fields(auto& self) {
    return std::tie(self.from, self.flow, self.pipe_up, self.pipe_down);
  }
};
// What was not adopted is dropped.
struct AdoptEnd {
  static constexpr MessageType type = MessageType::adopt_end;
  std::uint32_t from = 0;
  static auto fields(auto& self) { return std::tie(self.from); }
};

// Supervisor to the heir: the pages of `from` (two descriptors: flows, copy buffers); what the
// vault held comes by the other channel, before or after. Vault to the heir when there is no
// supervisor any more: then it chooses the heirs.
struct Inherit {
  static constexpr MessageType type = MessageType::inherit;
  std::uint32_t from = 0;
  bool alive = false;  // it has let go and ends its other connections itself: they are not lost
  static auto fields(auto& self) { return std::tie(self.from, self.alive); }
};

// Heir to supervisor: the estate is settled, its pages are not needed any more.
struct Inherited {
  static constexpr MessageType type = MessageType::inherited;
  std::uint32_t from = 0;
  std::uint32_t adopted = 0;
  std::uint32_t ended = 0;       // had come to their end by themselves
  std::uint32_t torn = 0;        // their bytes do not add up: closed rather than continued wrongly
  std::uint32_t unvaulted = 0;   // recorded, but the vault had not got them
  std::uint32_t unrecorded = 0;  // held, but without a valid record
  std::uint32_t refused = 0;     // the heir had no room
  // Connections that could not outlive their process: negotiating; plain HTTP; raw and not vaulted
  // yet; tunnels that end TLS here; UDP; raw, but the vault was full.
  std::uint32_t starting = 0, http = 0, young = 0, opaque = 0, udp = 0, overflow = 0;
  static auto fields(auto& self) {
    return std::tie(self.from, self.adopted, self.ended, self.torn, self.unvaulted, self.unrecorded,
                    self.refused, self.starting, self.http, self.young, self.opaque, self.udp,
                    self.overflow);
  }
};

// Vault to acceptor: let go of all raw flows, then drain. Acceptor to vault and to supervisor:
// done, nothing of them is touched any more; everything was synced before.
struct Relinquish {
  static constexpr MessageType type = MessageType::relinquish;
  static auto fields(auto&) { return std::tie(); }
};
struct Relinquished {
  static constexpr MessageType type = MessageType::relinquished;
  std::uint32_t flows = 0;
  std::uint32_t kept = 0;  // connections that hold state in the process: they drain
  static auto fields(auto& self) { return std::tie(self.flows, self.kept); }
};

// Supervisor to vault: the listening message socket (one descriptor) where another supervisor can
// find it.
struct Rendezvous {
  static constexpr MessageType type = MessageType::rendezvous;
  static auto fields(auto&) { return std::tie(); }
};

// On a connection to the rendezvous: give all that you hold to the vault at the other end of this
// channel (one descriptor). From its own supervisor, whose workers are about to take the place of
// those of the program before: give, at once, what the dead have left and nobody was named heir of;
// version and time-out mean nothing then. Holders keep their numbers: the other supervisor's own
// are higher (VaultState::last_holder).
struct TakeOver {
  static constexpr MessageType type = MessageType::take_over;
  std::uint16_t version = protocol_version;
  std::uint32_t timeout_ms = 0;  // acceptors that have not relinquished by then are left out
  static auto fields(auto& self) { return std::tie(self.version, self.timeout_ms); }
};
struct TakenOver {
  static constexpr MessageType type = MessageType::taken_over;
  std::uint32_t holders = 0, flows = 0, pipes = 0;
  Text<300> problem;  // empty: everything went over
  static auto fields(auto& self) {
    return std::tie(self.holders, self.flows, self.pipes, self.problem);
  }
};

// Vault to vault: that was all.
struct ConveyEnd {
  static constexpr MessageType type = MessageType::convey_end;
  static auto fields(auto&) { return std::tie(); }
};

// Vault to its supervisor: what came from another vault for this holder, with its pages (two
// descriptors); to be bequeathed.
struct Estate {
  static constexpr MessageType type = MessageType::estate;
  std::uint32_t holder = 0;
  std::uint32_t flows = 0;
  static auto fields(auto& self) { return std::tie(self.holder, self.flows); }
};

// For status, and on a connection to the rendezvous, where the answer comes after the listening
// sockets (Listener) of the generation that was in force.
struct QueryVault {
  static constexpr MessageType type = MessageType::query_vault;
  static auto fields(auto&) { return std::tie(); }
};
struct VaultState {
  static constexpr MessageType type = MessageType::vault_state;
  std::uint32_t holders = 0, flows = 0, pipes = 0;
  std::uint32_t capacity = 0;       // flows
  std::uint64_t refused_flows = 0;  // since it started
  std::uint32_t descriptors = 0;    // open in the vault for what it holds
  std::uint32_t last_holder = 0;    // the highest number that it heard of
  static auto fields(auto& self) {
    return std::tie(self.holders, self.flows, self.pipes, self.capacity, self.refused_flows,
                    self.descriptors, self.last_holder);
  }
};

}  // namespace bulkhead::proto

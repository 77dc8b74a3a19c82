// One client connection as its session sees it, from accept to close. The rooms are walked in
// order: recognised, admitted, routed, opened, relayed, accounted.
#pragma once

#include <memory>
#include <string>

#include "egress/failure.h"
#include "proto/worker.h"
#include "runtime/raw_flow.h"
#include "runtime/stream.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/outbound/upstream.h"
#include "workers/acceptor/policy/client_place.h"
#include "workers/acceptor/policy/pace.h"
#include "workers/acceptor/session/read_buffer.h"

namespace bulkhead::acceptor {

// Where a request is to go, or why it is not to go anywhere.
struct Route {
  std::shared_ptr<const Generation> generation;
  const config::Rule* rule = nullptr;
  const config::Backend* backend = nullptr;  // once one of the rule's has been chosen
  const config::Redirect* redirect = nullptr;
};

struct SettledFlows {
  runtime::RawFlow up, down;
};

// What a connection becomes when the way out is open and the client has been told so. It is kept
// apart from the frames of the session that led to it: those end before it runs, because a tunnel
// may live for hours and there may be very many.
struct Tunnel {
  Route route;
  std::unique_ptr<runtime::Stream> upstream;  // null: the echo backend
  BackendCounters::Use use;
  Place place;
  AccessRecord record;
  runtime::RelayCounters counters;
  // The two directions, as its first relay left them (RelayEnd::settled): see flows/flow_keeper.h.
  std::unique_ptr<SettledFlows> settled;
};

struct Client {
  Client(Acceptor& owner, const proto::Listener& on, platform::UniqueFd socket, wire::Endpoint peer,
         ClientPlace among_all)
      : acceptor(owner),
        listener(on),
        peer_address(peer),
        place(std::move(among_all)),
        stream(std::make_unique<runtime::SocketStream>(std::move(socket))),
        entry(owner.connections, peer) {}
  // One that another acceptor accepted: its tunnel is about to go on here. It has no place yet.
  Client(Acceptor& owner, const proto::Listener& on, platform::UniqueFd socket, wire::Endpoint peer,
         std::uint64_t id, runtime::Deadline began)
      : acceptor(owner),
        listener(on),
        peer_address(peer),
        place(owner.limits),
        stream(std::make_unique<runtime::SocketStream>(std::move(socket))),
        entry(owner.connections, peer, id, began) {}

  Acceptor& acceptor;
  proto::Listener listener;
  wire::Endpoint
      peer_address;  // of the socket; entry.client is the one announced by a PROXY header, if any
  ClientPlace place;
  std::unique_ptr<Paces> paces;  // once bytes are limited
  std::unique_ptr<runtime::Stream> stream;
  ReadBuffer buffer;  // read and not yet used
  ConnectionEntry entry;
  std::unique_ptr<Refused> refused;  // it gets no place, and an answer that says so
  std::unique_ptr<Tunnel> tunnel;    // set by the last act of a session that is to be one

  // A record that already knows the connection.
  AccessRecord new_record(std::string_view protocol) const;

  // From now on every request is refused for this reason. False if too many connections are being
  // told no: then this one is closed without an answer.
  bool refuse(Failure failure);
};

// Why the client is not served at all, by where it comes from or who it is.
std::optional<proto::Refusal> objection_to(const Client& client, const config::Config& config);

// Whether a request may be looked at at all: once a request, before anything is done for it.
std::optional<Failure> admit(Client& client, const AccessRecord& record);

// Admits and routes: client policy, what the user may do, then rules. Which of the rule's backends
// it will be is left to a BackendChoice; refused if the user may use none of them. Fills the
// record's rule, and its backend where the rule has only one.
tl::expected<Route, Failure> route(Client& client, std::shared_ptr<const Generation> generation,
                                   const wire::HostPort& destination,
                                   config::MatchProtocol protocol, AccessRecord& record);

// One of the rule's backends is being tried: in the route, the record, the table of connections and
// the flight recorder.
void note_backend(Client& client, Route& route, AccessRecord& record,
                  const config::Backend& backend);

// The client went away before it could be answered: recorded with status 499, as is the custom.
void record_lost_client(Client& client, const Generation& generation, AccessRecord record);

// Marks the record as refused; its status becomes the HTTP status of the refusal.
void set_refusal(AccessRecord& record, const Failure& failure);

}  // namespace bulkhead::acceptor

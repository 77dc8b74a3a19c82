// One plain HTTP request, forwarded: an upstream connection from the pool or a new one, the request
// out and the response back at the same time, both bodies streamed and framed anew.
//
// Start reading at run(); the two directions are in http_upload.cpp and http_download.cpp. While
// connecting fails the rule's other backends are tried. A pooled connection that the upstream
// closed before it said anything is replaced once, if the request can be sent again (no octet of
// its body is gone). An early response ends the upload; an upgrade (101) turns both connections
// into a tunnel.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/task.h"
#include "runtime/turn.h"
#include "wire/http1/body.h"
#include "wire/http1/forward.h"
#include "wire/http1/request.h"
#include "wire/http1/response.h"
#include "workers/acceptor/outbound/backend_choice.h"
#include "workers/acceptor/outbound/upstream.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/traffic.h"

namespace bulkhead::acceptor {

class HttpExchange {
 public:
  // head and record must outlive this and are changed: the head is prepared for forwarding.
  HttpExchange(Client& client, Route route, wire::http1::RequestHead& head, AccessRecord& record);

  // True if the client's connection may carry another request.
  runtime::Task<bool> run();

 private:
  bool prepare(const config::Backend& backend);
  void find_way(const config::Backend& backend);
  BackendChoice::TakePooled pooled();
  runtime::Task<std::optional<Failure>> connect(std::optional<Upstream>& upstream,
                                                OpenReport& report);
  void begin_attempt();
  bool may_send_again() const;
  runtime::Task<bool> finish(Upstream upstream);
  runtime::Task<bool> become_tunnel(Upstream upstream);

  runtime::Task<void> exchange(runtime::Stream& upstream);
  // Upwards: the request, with its body.
  runtime::Task<void> upload(runtime::Stream& upstream);
  // True if all of it was written.
  runtime::Task<bool> upload_body(runtime::Stream& upstream);
  runtime::Task<bool> read_request_body();
  runtime::Deadline body_deadline() const;
  // Downwards: the response.
  runtime::Task<void> download(runtime::Stream& upstream);
  runtime::Task<bool> read_response_head(runtime::Stream& upstream);
  runtime::Task<bool> read_response(runtime::Stream& upstream);
  runtime::Task<void> download_body(runtime::Stream& upstream, std::string out,
                                    wire::http1::BodyFraming framing);
  runtime::Task<bool> write_to_client(std::string bytes);
  std::string response_head_text(wire::http1::BodyFraming& framing);

  void fail(proto::Refusal reason, std::string detail);
  runtime::Deadline after(runtime::Duration time) const {
    return runtime::Loop::current().after(time);
  }

  Client& client_;
  Route route_;
  wire::http1::RequestHead& head_;
  AccessRecord& record_;
  MeteredTraffic traffic_;
  const config::Config& config_;

  // The way through the backend that was asked about last.
  const config::Backend* way_through_ = nullptr;
  std::string pool_key_;
  bool absolute_form_ = false;

  bool prepared_ = false;
  bool client_keeps_alive_;
  bool upgrade_requested_;
  bool to_head_;
  std::string request_text_;  // the head as it is sent

  runtime::Turn upload_turn_, download_turn_;

  // State of one attempt.
  wire::http1::BodyDecoder request_body_;
  wire::http1::ResponseParser response_;
  ReadBuffer response_buffer_;
  runtime::CancelScope* upload_scope_ = nullptr;  // while both directions run
  runtime::CancelScope* download_scope_ = nullptr;
  runtime::Deadline last_upload_;
  runtime::Deadline body_since_;  // without the time it was held back by us
  std::optional<Failure> failure_;
  bool upstream_closed_ = false;  // which is the failure
  int interim_responses_ = 0;
  bool request_sent_ = false;    // all of it
  bool response_begun_ = false;  // an octet of it has arrived
  bool client_told_ = false;     // an octet of the response has gone to the client
  bool response_done_ = false;
  bool client_broken_ = false;  // the client's connection cannot be used further
  bool upgraded_ = false;       // 101: both connections are raw now
  bool upstream_reusable_ = false;
  bool downstream_keep_alive_ = false;
};

// The echo backend's answer: the request itself, as message/http.
runtime::Task<bool> echo_request(Client& client, const Route& route,
                                 const wire::http1::RequestHead& head, bool keep_alive,
                                 AccessRecord record);

// TRACE or OPTIONS with Max-Forwards 0: this proxy is the recipient (RFC 9110 section 7.6.2).
runtime::Task<bool> answer_max_forwards(Client& client,
                                        std::shared_ptr<const Generation> generation,
                                        const wire::http1::RequestHead& head, bool keep_alive,
                                        AccessRecord record);

}  // namespace bulkhead::acceptor

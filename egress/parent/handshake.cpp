#include "egress/parent/handshake.h"

#include <array>
#include <system_error>

namespace bulkhead::egress {

using proto::Refusal;
using runtime::IoStatus;

Failure failure_of(const runtime::IoResult& result, std::string_view peer) {
  const std::string who(peer);
  switch (result.status) {
    case IoStatus::timed_out:
      return {Refusal::connect_timeout, who + " did not answer in time"};
    case IoStatus::cancelled:
      return cancelled().value();
    case IoStatus::eof:
      return {Refusal::parent_protocol_error, who + " hung up"};
    default:
      break;
  }
  const std::error_code error(result.error, std::generic_category());
  return {Refusal::connection_reset, "the connection of " + who + " broke: " + error.message()};
}

runtime::Task<tl::expected<void, Failure>> Handshake::send(std::string_view bytes) {
  const runtime::IoResult put = co_await runtime::write_all(stream_, bytes, deadline_);
  if (!put.ok()) co_return tl::unexpected(failure_of(put, peer_));
  co_return tl::expected<void, Failure>{};
}

runtime::Task<tl::expected<void, Failure>> Handshake::receive_more() {
  std::array<char, 2048> buffer;
  const auto room = std::as_writable_bytes(std::span(buffer));
  const runtime::IoResult got = co_await runtime::read(stream_, room, deadline_);
  if (!got.ok()) co_return tl::unexpected(failure_of(got, peer_));
  received_.append(buffer.data(), got.bytes);
  co_return tl::expected<void, Failure>{};
}

}  // namespace bulkhead::egress

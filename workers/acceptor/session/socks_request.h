// A SOCKS request of any version, and how to answer it in the client's version. What CONNECT and
// BIND do is the same in all of them.
#pragma once

#include <memory>
#include <string>

#include "runtime/task.h"
#include "wire/socks/socks4.h"
#include "wire/socks/socks5.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

struct SocksRequest {
  std::uint8_t version = wire::socks::version5;
  wire::socks::Command command = wire::socks::Command::connect;
  wire::socks::Address address;
};

// The octets of the answer: granted, or refused for that reason.
std::string socks_granted(std::uint8_t version, const wire::Endpoint& bound);
std::string socks_refused(std::uint8_t version, proto::Refusal reason);

// Writes an answer under the write time-out; false if the client is gone.
runtime::Task<bool> send_answer(Client& client, std::string answer, runtime::Duration timeout);

// Answers and records a refusal.
runtime::Task<void> refuse_socks(Client& client, std::shared_ptr<const Generation> generation,
                                 std::uint8_t version, Failure failure, AccessRecord record);

runtime::Task<void> run_socks_connect(Client& client, SocksRequest request);
runtime::Task<void> run_socks_bind(Client& client, SocksRequest request);

}  // namespace bulkhead::acceptor

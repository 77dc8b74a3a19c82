// TLS over any other Stream, so that TLS to a parent proxy may itself run inside a tunnel through
// another one.
//
// The context (trust anchors, ALPN) is shared; verification of the peer's name is on unless the
// caller turned it off. Renegotiation is refused: with it a reader could block a writer.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>

#include "runtime/stream.h"
#include "runtime/task.h"

namespace bulkhead::runtime {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::shared_ptr<SSL_CTX>;

struct TlsClientSettings {
  std::string server_name;  // SNI and the name to verify; an IP literal is verified as an address
  bool skip_verification = false;
};

// A client context that trusts the given PEM bundle; null, with the reason, when it holds no usable
// certificate. With an empty bundle it trusts nobody.
SslContext make_client_context(const std::string& trusted_pem, std::string& error);

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> inner, SSL_CTX* context, const TlsClientSettings& settings);

  // Completes the handshake. On failure error() says why.
  Task<IoResult> handshake(Deadline deadline);
  const std::string& error() const { return error_; }

  IoResult try_read(std::span<std::byte> buffer) override;
  IoResult try_write(std::span<const std::byte> bytes) override;
  void shutdown_write() override;
  Socket& socket() override { return inner_->socket(); }
  Direction read_blocked_on() const override { return read_blocked_on_; }
  Direction write_blocked_on() const override { return write_blocked_on_; }

 private:
  IoResult outcome(int returned, Direction& blocked_on);
  void note_error();

  std::unique_ptr<Stream> inner_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  Direction read_blocked_on_ = Direction::read;
  Direction write_blocked_on_ = Direction::write;
  std::string error_;
};

}  // namespace bulkhead::runtime

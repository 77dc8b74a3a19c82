#include "runtime/tls_stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "wire/address.h"

namespace bulkhead::runtime {
namespace {

Stream& inner_of(BIO* bio) {
  return *static_cast<Stream*>(BIO_get_data(bio));
}

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  const IoResult result = inner_of(bio).try_read(std::as_writable_bytes(std::span(data, size)));
  *got = result.bytes;
  if (result.status == IoStatus::would_block) BIO_set_retry_read(bio);
  return result.status == IoStatus::ok ? 1 : 0;
}

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* put) {
  BIO_clear_retry_flags(bio);
  const IoResult result = inner_of(bio).try_write(std::as_bytes(std::span(data, size)));
  *put = result.bytes;
  if (result.status == IoStatus::would_block) BIO_set_retry_write(bio);
  return result.status == IoStatus::ok ? 1 : 0;
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* stream_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bulkhead stream");
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

BIO* make_bio(Stream& inner) {
  BIO* bio = BIO_new(stream_method());
  BIO_set_data(bio, &inner);
  BIO_set_init(bio, 1);
  return bio;
}

std::string last_error() {
  char text[256] = "unknown TLS error";
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

std::size_t add_certificates(X509_STORE* store, const std::string& pem) {
  BIO* bio =
      BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), INT_MAX)));
  std::size_t added = 0;
  while (X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    added += X509_STORE_add_cert(store, certificate) == 1 ? 1 : 0;
    X509_free(certificate);
  }
  BIO_free(bio);
  ERR_clear_error();
  return added;
}

void expect_name(SSL* ssl, const std::string& name) {
  if (wire::IpAddress::parse(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    return;
  }
  // What the macro SSL_set_tlsext_host_name does, without its C cast.
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(name.c_str()));
  SSL_set1_host(ssl, name.c_str());
}

}  // namespace

SslContext make_client_context(const std::string& trusted_pem, std::string& error) {
  SslContext context(SSL_CTX_new(TLS_client_method()), SslDeleter{});
  if (!context) {
    error = last_error();
    return nullptr;
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  if (!trusted_pem.empty() &&
      add_certificates(SSL_CTX_get_cert_store(context.get()), trusted_pem) == 0) {
    error = "no certificate found in the CA bundle";
    return nullptr;
  }
  return context;
}

TlsStream::TlsStream(std::unique_ptr<Stream> inner, SSL_CTX* context,
                     const TlsClientSettings& settings)
    : inner_(std::move(inner)), ssl_(SSL_new(context)) {
  BIO* bio = make_bio(*inner_);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_connect_state(ssl_.get());
  SSL_set_verify(ssl_.get(), settings.skip_verification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                 nullptr);
  expect_name(ssl_.get(), settings.server_name);
}

Task<IoResult> TlsStream::handshake(Deadline deadline) {
  while (true) {
    ERR_clear_error();
    Direction blocked_on = Direction::read;
    const IoResult result = outcome(SSL_do_handshake(ssl_.get()), blocked_on);
    if (result.status != IoStatus::would_block) co_return result;
    const IoStatus waited = co_await ready(socket(), blocked_on, deadline);
    if (waited != IoStatus::ok) co_return IoResult{waited, 0, 0};
  }
}

IoResult TlsStream::try_read(std::span<std::byte> buffer) {
  std::size_t got = 0;
  ERR_clear_error();
  IoResult result =
      outcome(SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got), read_blocked_on_);
  result.bytes = got;
  return result;
}

IoResult TlsStream::try_write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  std::size_t put = 0;
  ERR_clear_error();
  IoResult result =
      outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put), write_blocked_on_);
  result.bytes = put;
  return result;
}

void TlsStream::shutdown_write() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  inner_->shutdown_write();
}

IoResult TlsStream::outcome(int returned, Direction& blocked_on) {
  if (returned == 1) return {};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      blocked_on = inner_->read_blocked_on();
      return {IoStatus::would_block, 0, 0};
    case SSL_ERROR_WANT_WRITE:
      blocked_on = inner_->write_blocked_on();
      return {IoStatus::would_block, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::eof, 0, 0};
    default:
      note_error();
      return {IoStatus::failed, 0, EPROTO};
  }
}

void TlsStream::note_error() {
  const long verdict = SSL_get_verify_result(ssl_.get());
  error_ = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : last_error();
}

}  // namespace bulkhead::runtime

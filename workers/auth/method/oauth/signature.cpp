#include "workers/auth/method/oauth/signature.h"

#include <memory>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string>

namespace bulkhead::auth {
namespace {

using config::JwtAlgorithm;

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

const EVP_MD* digest_of(JwtAlgorithm algorithm) {
  using enum JwtAlgorithm;
  switch (algorithm) {
    case rs256:
    case ps256:
    case es256:
      return EVP_sha256();
    case rs384:
    case ps384:
    case es384:
      return EVP_sha384();
    case rs512:
    case ps512:
    case es512:
      return EVP_sha512();
    case eddsa:
      break;
  }
  return nullptr;  // EdDSA has its own
}

bool is_pss(JwtAlgorithm algorithm) {
  return algorithm == JwtAlgorithm::ps256 || algorithm == JwtAlgorithm::ps384 ||
         algorithm == JwtAlgorithm::ps512;
}

// RFC 7518 section 3.4: R and S, each as long as the curve's order, one after the other. OpenSSL
// wants DER. Empty for another length.
std::string to_der(KeyKind kind, std::string_view signature) {
  const std::size_t half = kind == KeyKind::p256 ? 32 : kind == KeyKind::p384 ? 48 : 66;
  if (signature.size() != 2 * half) return {};
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(octets(signature), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(octets(signature.substr(half)), static_cast<int>(half), nullptr);
  if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &der);
  if (length <= 0) return {};
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return out;
}

bool is_elliptic(JwtAlgorithm algorithm) {
  return algorithm == JwtAlgorithm::es256 || algorithm == JwtAlgorithm::es384 ||
         algorithm == JwtAlgorithm::es512;
}

bool set_padding(EVP_PKEY_CTX* context, JwtAlgorithm algorithm) {
  if (!is_pss(algorithm)) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

bool is_signed_by(const Key& key, JwtAlgorithm algorithm, std::string_view text,
                  std::string_view signature) {
  if (!key.suits(algorithm) || signature.empty()) return false;
  std::string der;
  if (is_elliptic(algorithm)) {
    der = to_der(key.kind, signature);
    if (der.empty()) return false;
    signature = der;
  }
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  EVP_PKEY_CTX* settings = nullptr;  // the context's
  bool good = context && EVP_DigestVerifyInit(context.get(), &settings, digest_of(algorithm),
                                              nullptr, key.key.get()) == 1;
  if (good && key.kind == KeyKind::rsa) good = set_padding(settings, algorithm);
  good = good && EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(text),
                                  text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace bulkhead::auth

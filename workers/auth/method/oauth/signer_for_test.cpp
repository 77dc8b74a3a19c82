#include "workers/auth/method/oauth/signer_for_test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdexcept>
#include <vector>

#include "workers/auth/method/oauth/base64url.h"

namespace bulkhead::auth::testing {
namespace {

using config::JwtAlgorithm;
using enum config::JwtAlgorithm;

// Two that are made once and given in turn.
EVP_PKEY* rsa_key() {
  static EVP_PKEY* const keys[] = {EVP_RSA_gen(2048), EVP_RSA_gen(2048)};
  static std::size_t given = 0;
  EVP_PKEY* key = keys[given++ % 2];
  EVP_PKEY_up_ref(key);
  return key;
}

EVP_PKEY* generate(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case es256:
      return EVP_EC_gen("P-256");
    case es384:
      return EVP_EC_gen("P-384");
    case es512:
      return EVP_EC_gen("P-521");
    case eddsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    default:
      return rsa_key();
  }
}

const EVP_MD* digest(JwtAlgorithm algorithm) {
  if (algorithm == eddsa) return nullptr;
  const auto number = static_cast<int>(algorithm) % 3;
  return number == 0 ? EVP_sha256() : number == 1 ? EVP_sha384() : EVP_sha512();
}

std::string number(EVP_PKEY* key, const char* name, int length) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) throw std::runtime_error(name);
  std::string bytes(static_cast<std::size_t>(length == 0 ? BN_num_bytes(value) : length), '\0');
  BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(value);
  return encode_base64url(bytes);
}

std::string raw_public(EVP_PKEY* key) {
  std::size_t length = 0;
  EVP_PKEY_get_raw_public_key(key, nullptr, &length);
  std::string bytes(length, '\0');
  EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &length);
  return encode_base64url(bytes);
}

int coordinate(JwtAlgorithm algorithm) {
  return algorithm == es256 ? 32 : algorithm == es384 ? 48 : 66;
}

bool is_elliptic(JwtAlgorithm algorithm) {
  return algorithm == es256 || algorithm == es384 || algorithm == es512;
}

std::string from_der(const std::string& der, int half) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
  std::string out(2 * static_cast<std::size_t>(half), '\0');
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), into, half);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), into + half, half);
  ECDSA_SIG_free(pair);
  return out;
}

}  // namespace

Signer::Signer(JwtAlgorithm algorithm, std::string id)
    : algorithm_(algorithm), id_(std::move(id)), key_(generate(algorithm)) {
  if (!key_) throw std::runtime_error("no key");
}

std::string Signer::jwk(const std::string& more) const {
  const std::string start = "{" + more + R"("kid":")" + id_ + R"(",)";
  EVP_PKEY* key = key_.get();
  if (algorithm_ == eddsa)
    return start + R"("kty":"OKP","crv":"Ed25519","x":")" + raw_public(key) + R"("})";
  if (!is_elliptic(algorithm_))
    return start + R"("kty":"RSA","n":")" + number(key, OSSL_PKEY_PARAM_RSA_N, 0) + R"(","e":")" +
           number(key, OSSL_PKEY_PARAM_RSA_E, 0) + R"("})";
  const int length = coordinate(algorithm_);
  const std::string curve = length == 32 ? "P-256" : length == 48 ? "P-384" : "P-521";
  return start + R"("kty":"EC","crv":")" + curve + R"(","x":")" +
         number(key, OSSL_PKEY_PARAM_EC_PUB_X, length) + R"(","y":")" +
         number(key, OSSL_PKEY_PARAM_EC_PUB_Y, length) + R"("})";
}

std::string Signer::header() const {
  return R"({"alg":")" + std::string(to_string(algorithm_)) + R"(","kid":")" + id_ + R"("})";
}

std::string Signer::signature_of(const std::string& text) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* settings = nullptr;
  EVP_DigestSignInit(context, &settings, digest(algorithm_), nullptr, key_.get());
  const bool pss = algorithm_ == ps256 || algorithm_ == ps384 || algorithm_ == ps512;
  if (pss) {
    EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  EVP_DigestSign(context, nullptr, &length, bytes, text.size());
  std::string signature(length, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                 text.size());
  signature.resize(length);
  EVP_MD_CTX_free(context);
  return is_elliptic(algorithm_) ? from_der(signature, coordinate(algorithm_)) : signature;
}

std::string Signer::sign(const std::string& header, const std::string& claims) const {
  const std::string text = encode_base64url(header) + '.' + encode_base64url(claims);
  return text + '.' + encode_base64url(signature_of(text));
}

}  // namespace bulkhead::auth::testing

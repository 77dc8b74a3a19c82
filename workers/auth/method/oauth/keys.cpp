#include "workers/auth/method/oauth/keys.h"

#include <algorithm>
#include <array>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "workers/auth/method/oauth/base64url.h"
#include "workers/auth/method/oauth/json.h"

namespace bulkhead::auth {
namespace {

using config::JwtAlgorithm;

constexpr std::size_t most_keys = 64;
constexpr int smallest_rsa = 2048;
constexpr int largest_rsa = 8192;  // checking takes time that grows with it

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeParameters {
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
struct FreeBuilder {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeBuilder>;
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

const unsigned char* octets(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string bytes_of(const Json& jwk, std::string_view name) {
  const auto text = text_of(jwk, name);
  auto bytes = text ? decode_base64url(*text) : std::nullopt;
  return bytes.value_or(std::string());
}

PublicKey make(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, FreeParameters> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  PublicKey made(key);
  const Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return made;
}

PublicKey make_rsa(const Json& jwk) {
  const std::string modulus = bytes_of(jwk, "n");
  const std::string exponent = bytes_of(jwk, "e");
  if (modulus.empty() || modulus.size() > largest_rsa / 8 || exponent.empty() ||
      exponent.size() > 4)
    return nullptr;
  const Number n(BN_bin2bn(octets(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(octets(exponent), static_cast<int>(exponent.size()), nullptr));
  if (!n || !e || BN_num_bits(n.get()) < smallest_rsa || BN_num_bits(n.get()) > largest_rsa ||
      BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0)
    return nullptr;
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return make("RSA", builder.get());
}

struct Curve {
  std::string_view name;
  KeyKind kind;
  const char* library_name;
  std::size_t coordinate;
};
constexpr std::array curves{Curve{"P-256", KeyKind::p256, "prime256v1", 32},
                            Curve{"P-384", KeyKind::p384, "secp384r1", 48},
                            Curve{"P-521", KeyKind::p521, "secp521r1", 66}};

// RFC 7518 section 6.2.1: both coordinates, each in full length.
PublicKey make_ec(const Json& jwk, const Curve& curve) {
  const std::string x = bytes_of(jwk, "x");
  const std::string y = bytes_of(jwk, "y");
  if (x.size() != curve.coordinate || y.size() != curve.coordinate) return nullptr;
  const std::string point = '\x04' + x + y;  // uncompressed
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.library_name, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return make("EC", builder.get());
}

// RFC 8037 section 2.
PublicKey make_edwards(const Json& jwk, const char* type, std::size_t length) {
  const std::string x = bytes_of(jwk, "x");
  if (x.size() != length) return nullptr;
  return PublicKey(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr, octets(x), x.size()));
}

void set_key(const Json& jwk, Key& key) {
  const std::string type = text_of(jwk, "kty").value_or("");
  const std::string curve = text_of(jwk, "crv").value_or("");
  constexpr std::size_t ed25519_length = 32;
  constexpr std::size_t ed448_length = 57;
  if (type == "RSA") {
    key.kind = KeyKind::rsa;
    key.key = make_rsa(jwk);
  } else if (type == "EC") {
    for (const Curve& each : curves) {
      if (each.name != curve) continue;
      key.kind = each.kind;
      key.key = make_ec(jwk, each);
    }
  } else if (type == "OKP" && curve == "Ed25519") {
    key.kind = KeyKind::ed25519;
    key.key = make_edwards(jwk, "ED25519", ed25519_length);
  } else if (type == "OKP" && curve == "Ed448") {
    key.kind = KeyKind::ed448;
    key.key = make_edwards(jwk, "ED448", ed448_length);
  }
}

bool is_for_checking(const Json& jwk) {
  if (jwk.contains("use") && text_of(jwk, "use") != "sig") return false;
  if (!jwk.contains("key_ops")) return true;
  const auto uses = texts_of(jwk["key_ops"]);
  return std::find(uses.begin(), uses.end(), "verify") != uses.end();
}

bool is_kind_of(KeyKind kind, JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::es256:
      return kind == KeyKind::p256;
    case JwtAlgorithm::es384:
      return kind == KeyKind::p384;
    case JwtAlgorithm::es512:
      return kind == KeyKind::p521;
    case JwtAlgorithm::eddsa:
      return kind == KeyKind::ed25519 || kind == KeyKind::ed448;
    default:
      return kind == KeyKind::rsa;
  }
}

}  // namespace

std::string_view to_string(JwtAlgorithm algorithm) {
  constexpr std::array<std::string_view, 10> names = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                                      "PS512", "ES256", "ES384", "ES512", "EdDSA"};
  return names.at(static_cast<std::size_t>(algorithm));
}

bool Key::suits(JwtAlgorithm wanted) const {
  return is_kind_of(kind, wanted) && (algorithm.empty() || algorithm == to_string(wanted));
}

std::vector<Key> parse_keys(std::string_view text) {
  std::vector<Key> keys;
  const auto set = parse_object(text);
  if (!set || !set->contains("keys") || !(*set)["keys"].is_array()) return keys;
  for (const Json& jwk : (*set)["keys"]) {
    if (keys.size() == most_keys) break;
    if (!jwk.is_object() || !is_for_checking(jwk)) continue;
    Key key;
    key.id = text_of(jwk, "kid").value_or("");
    key.algorithm = text_of(jwk, "alg").value_or("");
    set_key(jwk, key);
    if (key.key) keys.push_back(std::move(key));
  }
  ERR_clear_error();
  return keys;
}

}  // namespace bulkhead::auth

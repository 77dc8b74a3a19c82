// Tokens, keys and claims without a provider. tests/test_auth_oauth.py has a real one.
#include "workers/auth/method/oauth/oauth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "workers/auth/method/oauth/base64url.h"
#include "workers/auth/method/oauth/signature.h"
#include "workers/auth/method/oauth/signer_for_test.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;
using config::JwtAlgorithm;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Signer;
using ::testing::SizeIs;

constexpr std::array every_algorithm{JwtAlgorithm::rs256, JwtAlgorithm::rs384, JwtAlgorithm::rs512,
                                     JwtAlgorithm::ps256, JwtAlgorithm::ps384, JwtAlgorithm::ps512,
                                     JwtAlgorithm::es256, JwtAlgorithm::es384, JwtAlgorithm::es512,
                                     JwtAlgorithm::eddsa};

// Making RSA keys takes time: two of each kind do.
const Signer& signer_of(JwtAlgorithm algorithm, std::size_t which = 0) {
  static std::map<std::pair<JwtAlgorithm, std::size_t>, Signer> made;
  const auto key = std::pair(algorithm, which);
  return made.try_emplace(key, algorithm).first->second;
}

bool verifies(const std::string& token, const std::vector<Key>& keys) {
  const auto jwt = parse_jwt(token);
  if (!jwt || !jwt->algorithm) return false;
  return std::any_of(keys.begin(), keys.end(), [&](const Key& key) {
    return is_signed_by(key, *jwt->algorithm, jwt->signed_part, jwt->signature);
  });
}

// ---- encodings ----

TEST(Base64Url, HasOneForm) {
  EXPECT_EQ(decode_base64url("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64url("-_8"), "\xfb\xff");
  EXPECT_EQ(decode_base64url(""), "");
  for (const char* bad : {"Zm9vYg==", "Zm9vY", "Zm9vYh", "+/8", "Zm 9", "Zm9vYg\n", "Z"})
    EXPECT_EQ(decode_base64url(bad), std::nullopt) << bad;
  EXPECT_EQ(encode_base64url("foob"), "Zm9vYg");
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
}

TEST(JsonFromOutside, IsBounded) {
  EXPECT_TRUE(parse_object(R"({"a":{"b":[1]}})"));
  for (const char* bad : {"", "[]", "1", "{", R"({"a":1,"a":2})", R"({"x":{"a":1,"a":2}})", "{}x",
                          "\xff", R"({"a":NaN})"})
    EXPECT_FALSE(parse_object(bad)) << bad;
  EXPECT_FALSE(parse_object(R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}"));
  EXPECT_FALSE(parse_object(R"({"a":)" + std::string(100'000, '[')));
  EXPECT_TRUE(parse_object(R"({"a":{"k":1},"b":{"k":1}})"));
}

TEST(JsonFromOutside, Claims) {
  const Json claims = *parse_object(
      R"({"a":"x","n":1.5,"big":1e300,"minus":-1,"list":["x",1,"y"],"r":{"roles":["z"]},"r.s":"dotted","t":"true"})");
  EXPECT_EQ(text_of(claims, "a"), "x");
  EXPECT_EQ(text_of(claims, "n"), std::nullopt);
  EXPECT_EQ(date_of(claims, "n"), 1);
  EXPECT_EQ(date_of(claims, "big"), 9'000'000'000);
  EXPECT_EQ(date_of(claims, "minus"), std::nullopt);
  EXPECT_EQ(date_of(claims, "a"), std::nullopt);
  EXPECT_THAT(texts_of(claims["list"]), ElementsAre("x", "y"));
  EXPECT_THAT(texts_of(*claim_of(claims, "r.roles")), ElementsAre("z"));
  EXPECT_THAT(texts_of(*claim_of(claims, "r.s")), ElementsAre("dotted"));
  EXPECT_EQ(claim_of(claims, "a.b"), nullptr);
  EXPECT_EQ(truth_of(claims, "t"), true);
}

// ---- tokens ----

TEST(Jwt, IsTakenApart) {
  const std::string token =
      encode_base64url(R"({"alg":"ES256","kid":"k","typ":"Application/AT+JWT"})") + '.' +
      encode_base64url(R"({"sub":"a"})") + ".c2ln";
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->algorithm, JwtAlgorithm::es256);
  EXPECT_EQ(jwt->key_id, "k");
  EXPECT_EQ(jwt->type, "at+jwt");
  EXPECT_EQ(jwt->signature, "sig");
  EXPECT_EQ(jwt->signed_part, token.substr(0, token.rfind('.')));
  EXPECT_TRUE(looks_like_jwt(token));
}

TEST(Jwt, HasNoUnknownAlgorithm) {
  for (const char* name : {"none", "None", "NONE", "nOnE", "HS256", "HS512", "rs256", "RS1", "",
                           "RS256\\u0000", "RSA-OAEP", "dir"}) {
    const std::string header = R"({"alg":")" + std::string(name) + R"("})";
    const auto jwt = parse_jwt(encode_base64url(header) + ".e30.c2ln");
    ASSERT_TRUE(jwt) << name;
    EXPECT_FALSE(jwt->algorithm) << name;
  }
}

TEST(Jwt, WhatIsMalformed) {
  const std::string good = encode_base64url(R"({"alg":"RS256"})");
  for (const std::string& token :
       {std::string(),
        std::string("."),
        std::string(".."),
        std::string("a.b.c"),
        good + ".e30",
        good + ".e30.c2ln.c2ln",
        good + ".e30.c2ln=",
        good + ".e30.c2l n",
        good + ".W10.c2ln",
        good + "..c2ln",
        encode_base64url("[]") + ".e30.c2ln",
        encode_base64url("{}") + ".e30.c2ln",
        encode_base64url(R"({"alg":null})") + ".e30.c2ln",
        encode_base64url(R"({"alg":["RS256"]})") + ".e30.c2ln",
        encode_base64url(R"({"alg":"RS256","alg":"none"})") + ".e30.c2ln",
        encode_base64url(R"({"alg":"RS256","kid":{"a":1}})") + ".e30.c2ln",
        encode_base64url(R"({"alg":"RS256","crit":["exp"]})") + ".e30.c2ln",
        encode_base64url(R"({"alg":"RS256","b64":false})") + ".e30.c2ln",
        encode_base64url(R"({"alg":"RS256","zip":"DEF"})") + ".e30.c2ln",
        good + "." + std::string(max_token_bytes, 'a') + ".c2ln"})
    EXPECT_FALSE(parse_jwt(token)) << token.substr(0, 80);
}

// ---- keys and signatures ----

TEST(Signature, EveryAlgorithm) {
  for (const JwtAlgorithm algorithm : every_algorithm) {
    const Signer& signer = signer_of(algorithm);
    const Signer& other = signer_of(algorithm, 1);
    const std::string token = signer.sign(R"({"sub":"alice"})");
    const auto keys = parse_keys(signer.jwks());
    ASSERT_THAT(keys, SizeIs(1)) << to_string(algorithm);
    EXPECT_TRUE(verifies(token, keys)) << to_string(algorithm);
    EXPECT_FALSE(verifies(token, parse_keys(other.jwks()))) << to_string(algorithm);
    for (std::size_t at = 0; at < token.size(); at += 7) {
      std::string changed = token;
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(verifies(changed, keys)) << to_string(algorithm) << " at " << at;
    }
    EXPECT_FALSE(verifies(token.substr(0, token.rfind('.') + 1), keys));
  }
}

TEST(Signature, NoKeyServesAnotherAlgorithm) {
  for (const JwtAlgorithm made : every_algorithm) {
    const Signer& signer = signer_of(made);
    const auto keys = parse_keys(signer.jwks());
    const std::string text = "header.claims";
    const std::string signature = signer.signature_of(text);
    for (const JwtAlgorithm claimed : every_algorithm)
      EXPECT_EQ(is_signed_by(keys.front(), claimed, text, signature), made == claimed)
          << to_string(made) << " as " << to_string(claimed);
  }
}

TEST(Signature, EllipticOnesHaveOneLength) {
  const Signer signer(JwtAlgorithm::es256);
  const auto keys = parse_keys(signer.jwks());
  const std::string signature = signer.signature_of("text");
  const auto good = [&](const std::string& bytes) {
    return is_signed_by(keys.front(), JwtAlgorithm::es256, "text", bytes);
  };
  EXPECT_TRUE(good(signature));
  EXPECT_FALSE(good(signature + '\0'));
  EXPECT_FALSE(good('\0' + signature));
  EXPECT_FALSE(good(signature.substr(1)));
  EXPECT_FALSE(good(std::string(64, '\0')));  // CVE-2022-21449
}

// RFC 8037, appendices A.2 and A.4.
TEST(Signature, OfTheRfc) {
  const auto keys = parse_keys(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_TRUE(is_signed_by(
      keys.front(), JwtAlgorithm::eddsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      *decode_base64url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
                        "sVvpAr_MuM0KAg")));
}

// RFC 7515, appendix A.3.
TEST(Signature, OfTheOtherRfc) {
  const auto keys = parse_keys(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  EXPECT_TRUE(verifies(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxL"
      "a8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      keys));
}

TEST(Keys, WhatIsLeftOut) {
  const Signer& signer = signer_of(JwtAlgorithm::rs256);
  EXPECT_THAT(parse_keys(signer.jwks(R"("use":"sig",)")), SizeIs(1));
  EXPECT_THAT(parse_keys(signer.jwks(R"("key_ops":["verify"],)")), SizeIs(1));
  EXPECT_THAT(parse_keys(signer.jwks(R"("use":"enc",)")), IsEmpty());
  EXPECT_THAT(parse_keys(signer.jwks(R"("use":1,)")), IsEmpty());
  EXPECT_THAT(parse_keys(signer.jwks(R"("key_ops":["encrypt"],)")), IsEmpty());
  for (
      const char* jwk :
      {R"({"kty":"oct","k":"c2VjcmV0"})", R"({"kty":"RSA"})",
       R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})",
       // Of the right length, and not on the curve.
       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})",
       R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})",
       R"({"kty":"OKP","crv":"X25519","x":"AA"})", R"({"kty":1})", "1", "{}"})
    EXPECT_THAT(parse_keys(R"({"keys":[)" + std::string(jwk) + "]}"), IsEmpty()) << jwk;
  for (const char* set : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[]})"})
    EXPECT_THAT(parse_keys(set), IsEmpty()) << set;
}

TEST(Keys, AreBounded) {
  const Signer signer(JwtAlgorithm::eddsa);
  std::string set = R"({"keys":[)";
  for (int each = 0; each < 100; ++each) set += (each == 0 ? "" : ",") + signer.jwk();
  EXPECT_THAT(parse_keys(set + "]}"), SizeIs(64));
  const std::string huge(8 * 1024, 'q');  // an RSA modulus of 49,152 bits
  EXPECT_THAT(parse_keys(R"({"keys":[{"kty":"RSA","e":"AQAB","n":")" + huge + R"("}]})"),
              IsEmpty());
}

TEST(Keys, OfOneAlgorithmServeNoOther) {
  const Signer& signer = signer_of(JwtAlgorithm::rs256);
  const auto keys = parse_keys(signer.jwks(R"("alg":"PS256",)"));
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_FALSE(keys.front().suits(JwtAlgorithm::rs256));
  EXPECT_TRUE(keys.front().suits(JwtAlgorithm::ps256));
}

// ---- claims ----

class Claims : public ::testing::Test {
 protected:
  static constexpr auto now = std::chrono::system_clock::time_point(1'000'000s);
  ClaimRules rules_{
      {"https://issuer"}, {"proxy", "other"}, 30s, "preferred_username", "groups", {}, {}};

  std::string_view reason(const std::string& text) {
    return to_string(check_token_claims(*parse_object(text), rules_, now));
  }
  static std::string with(const std::string& more) {
    return R"({"iss":"https://issuer","aud":"proxy",)" + more + "}";
  }
  Verdict admitted(const std::string& text) { return admit("oauth", *parse_object(text), rules_); }
};

TEST_F(Claims, Times) {
  EXPECT_EQ(reason(with(R"("exp":1000001)")), "accepted");
  EXPECT_EQ(reason(with(R"("exp":999971)")), "accepted");  // leeway
  EXPECT_EQ(reason(with(R"("exp":999970)")), "token_expired");
  EXPECT_EQ(reason(with(R"("exp":1000001.9)")), "accepted");
  EXPECT_EQ(reason(with(R"("x":1)")), "token_expired");
  EXPECT_EQ(reason(with(R"("exp":1e300)")), "accepted");
  EXPECT_EQ(reason(with(R"("exp":1e300,"nbf":1e300)")), "token_not_yet_valid");
  for (const char* exp : {"\"1000001\"", "null", "-1", "true", "[1000001]"})
    EXPECT_EQ(reason(with(R"("exp":)" + std::string(exp))), "token_expired") << exp;
  EXPECT_EQ(reason(with(R"("exp":1000001,"nbf":1000030)")), "accepted");
  EXPECT_EQ(reason(with(R"("exp":2000001,"nbf":1000031)")), "token_not_yet_valid");
  EXPECT_EQ(reason(with(R"("exp":2000001,"iat":1000031)")), "token_not_yet_valid");
  EXPECT_EQ(reason(with(R"("exp":2000001,"nbf":"x")")), "token_not_yet_valid");
}

TEST_F(Claims, IssuerAndAudience) {
  EXPECT_EQ(reason(R"({"iss":"https://issuer","aud":["x","other"],"exp":1000001})"), "accepted");
  for (const char* issuer : {R"("https://issuer/")", R"("https://ISSUER")",
                             R"("https://issuer.evil")", R"("")", "null", R"(["https://issuer"])"})
    EXPECT_EQ(reason(R"({"iss":)" + std::string(issuer) + R"(,"aud":"proxy","exp":1000001})"),
              "token_issuer")
        << issuer;
  EXPECT_EQ(reason(R"({"aud":"proxy","exp":1000001})"), "token_issuer");
  for (const char* audience : {R"("prox")", R"("proxyy")", R"("PROXY")", "[]", "null", R"(["x"])",
                               R"({"proxy":1})", R"([["proxy"]])"})
    EXPECT_EQ(
        reason(R"({"iss":"https://issuer","aud":)" + std::string(audience) + R"(,"exp":1000001})"),
        "token_audience")
        << audience;
  EXPECT_EQ(reason(R"({"iss":"https://issuer","exp":1000001})"), "token_audience");
}

TEST_F(Claims, WhoItIs) {
  const Verdict verdict =
      admitted(R"({"preferred_username":"alice","groups":["b","a","b",1],"exp":1000001})");
  EXPECT_EQ(verdict.user, "alice");
  EXPECT_THAT(verdict.groups, ElementsAre("a", "b"));
  EXPECT_EQ(verdict.expires, std::chrono::system_clock::time_point(1000001s));
  EXPECT_FALSE(admitted(R"({"preferred_username":"alice"})").expires);
  for (const char* name : {R"("")", "1", "null", R"(["alice"])", R"("a\nb")", R"("a\u0000b")"})
    EXPECT_EQ(admitted(R"({"preferred_username":)" + std::string(name) + "}").reason,
              Reason::token_claims)
        << name;
  EXPECT_EQ(admitted(R"({"sub":"alice"})").reason, Reason::token_claims);
}

TEST_F(Claims, Groups) {
  rules_.allowed_groups = {"proxy-users"};
  EXPECT_EQ(admitted(R"({"preferred_username":"a","groups":["x","proxy-users"]})").outcome,
            Outcome::accepted);
  EXPECT_EQ(admitted(R"({"preferred_username":"a","groups":"proxy-users"})").outcome,
            Outcome::accepted);
  for (const char* groups : {"[]", R"(["Proxy-Users"])", R"(["proxy-users "])", "null", "{}"})
    EXPECT_EQ(admitted(R"({"preferred_username":"a","groups":)" + std::string(groups) + "}").reason,
              Reason::not_in_allowed_groups)
        << groups;
  EXPECT_EQ(admitted(R"({"preferred_username":"a"})").reason, Reason::not_in_allowed_groups);
  rules_.groups_claim = "realm_access.roles";
  EXPECT_EQ(
      admitted(R"({"preferred_username":"a","realm_access":{"roles":["proxy-users"]}})").outcome,
      Outcome::accepted);
}

TEST_F(Claims, Domains) {
  rules_.username_claim = "email";
  EXPECT_EQ(admitted(R"({"email":"a@example.com","email_verified":false})").reason,
            Reason::token_claims);
  rules_.allowed_domains = {"Example.com"};
  EXPECT_EQ(admitted(R"({"email":"a@EXAMPLE.com","email_verified":true})").outcome,
            Outcome::accepted);
  for (const char* claims :
       {R"({"email":"a@example.com"})", R"({"email":"a@evil-example.com","email_verified":true})",
        R"({"email":"a@example.com.evil","email_verified":true})",
        R"({"email":"example.com","email_verified":true})",
        R"({"email":"a@example.com@evil","email_verified":true})"})
    EXPECT_EQ(admitted(claims).reason, Reason::not_in_allowed_groups) << claims;
}

// ---- settings, and what needs no provider ----

TEST(Presets, AreTheProviders) {
  config::OauthAuth settings;
  settings.client_id = "proxy";
  settings.provider = config::OauthProvider::google;
  config::OauthAuth made = with_presets(settings);
  EXPECT_EQ(made.jwt.issuer, "https://accounts.google.com");
  EXPECT_EQ(made.username_claim, "email");
  EXPECT_THAT(made.jwt.audience, ElementsAre("proxy"));
  EXPECT_EQ(made.opaque_tokens_in_force(), config::OpaqueTokens::off);
  settings.provider = config::OauthProvider::azure;
  settings.tenant = "contoso.example";
  EXPECT_EQ(with_presets(settings).jwt.issuer,
            "https://login.microsoftonline.com/contoso.example/v2.0");
  settings.provider = config::OauthProvider::okta;
  settings.tenant = "dev-1.okta.com";
  EXPECT_EQ(with_presets(settings).jwt.issuer, "https://dev-1.okta.com/oauth2/default");
  settings.jwt.issuer = "https://dev-1.okta.com/oauth2/other";
  settings.jwt.audience = {"api://proxy"};
  made = with_presets(settings);
  EXPECT_EQ(made.jwt.issuer, "https://dev-1.okta.com/oauth2/other");
  EXPECT_THAT(made.jwt.audience, ElementsAre("api://proxy"));
}

TEST(HttpClient, WhichUrls) {
  for (const char* good : {"https://a", "https://a:1/b?c", "http://127.0.0.1:80/x",
                           "http://127.9.9.9", "http://[::1]:80/"})
    EXPECT_TRUE(is_permitted_url(good)) << good;
  for (const char* bad :
       {"http://a", "http://localhost", "http://127.0.0.1.evil", "http://127.0.0.1@evil",
        "http://127.0.0.1:80@evil/", "https://a@b", "https://", "ftp://a", "file:///etc/passwd",
        "https://a b", "https://a\\@b", "http://0.0.0.0", "http://2130706433",
        "http://[::ffff:10.0.0.1]", "HTTP://127.0.0.1", ""})
    EXPECT_FALSE(is_permitted_url(bad)) << bad;
}

TEST(Form, IsEncoded) {
  EXPECT_EQ(Form().add("a", "b c&d=e+f%/\xff").add("g", "").take().reveal(),
            "a=b%20c%26d%3De%2Bf%25%2F%FF&g=");
}

Deadline soon() {
  return std::chrono::steady_clock::now() + 5s;
}

TEST(Oauth, WhatIsNotForIt) {
  config::OauthAuth settings;
  settings.client_id = "proxy";
  settings.jwt.issuer = "http://127.0.0.1:1";
  Oauth method(settings);
  const auto basic = [&](const char* user, std::string_view secret) {
    return method.check({Credential::Kind::basic, user, platform::Secret(secret)}, soon());
  };
  EXPECT_EQ(basic("alice", "a password").outcome, Outcome::unknown);
  EXPECT_EQ(basic("bearer", "opaque").outcome, Outcome::unknown);
  EXPECT_EQ(
      method.check({Credential::Kind::bearer, {}, platform::Secret("opaque")}, soon()).outcome,
      Outcome::unknown);
  const Signer signer(JwtAlgorithm::es256);
  // What is refused without asking anybody.
  const auto reason = [&](const std::string& token) {
    return to_string(
        method.check({Credential::Kind::bearer, {}, platform::Secret(token)}, soon()).reason);
  };
  EXPECT_EQ(reason(signer.sign(R"({"alg":"none"})", "{}")), "token_algorithm");
  EXPECT_EQ(reason(signer.sign("{}")), "token_issuer");
  EXPECT_EQ(reason(signer.sign(R"({"alg":"ES256","typ":"logout+jwt"})", "{}")), "token_malformed");
  // Now the keys are needed.
  EXPECT_EQ(reason(signer.sign(R"({"iss":"http://127.0.0.1:1","aud":"proxy","exp":32503680000})")),
            "server_unreachable");
}

TEST(Oauth, PasswordsAreSentToNobody) {
  config::OauthAuth settings;
  settings.client_id = "proxy";
  settings.client_secret = platform::Secret("x");
  settings.introspection_url = "http://127.0.0.1:1";
  Oauth method(settings);
  const auto outcome = [&](Credential::Kind kind, const char* user, std::string_view secret) {
    return method.check({kind, user, platform::Secret(secret)}, soon()).outcome;
  };
  EXPECT_EQ(outcome(Credential::Kind::basic, "alice", "a password"), Outcome::unknown);
  EXPECT_EQ(outcome(Credential::Kind::bearer, "", "bh_own-token"), Outcome::unknown);
  EXPECT_EQ(outcome(Credential::Kind::basic, "bearer", "opaque"), Outcome::unavailable);
  EXPECT_EQ(outcome(Credential::Kind::bearer, "", "opaque"), Outcome::unavailable);
}

}  // namespace
}  // namespace bulkhead::auth

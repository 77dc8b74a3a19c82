"""auth.mode oauth against a certified OpenID provider: tokens, rotation of keys, opaque tokens, the code flow, and attacks."""
import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from harness import ports
from harness.auth_probe import AuthProbe
from harness.certificates import Certificates
from harness.openid_provider import CALLBACK, CLIENT, CLIENT_SECRET, OpenidProvider
from harness.waiting import eventually

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


@pytest.fixture(scope="module")
def provider(certificates):
    server = OpenidProvider(certificates)
    yield server
    server.close()


@pytest.fixture
def own_provider(certificates):
    servers = []

    def start():
        servers.append(OpenidProvider(certificates))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def probe(stage, tmp_path, certificates):
    probes = []

    def start(issuer, mode="oauth", jwt=None, **settings):
        oauth = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "ca_cert": str(certificates.ca), "timeout": "5s",
                 "jwt": {"issuer": issuer, **(jwt or {})} if issuer else {}, **settings}
        probes.append(AuthProbe(stage, tmp_path, {"mode": mode, "oauth": oauth}))
        return probes[-1]

    yield start
    for each in probes:
        each.close()
        said = json.dumps(each.diagnostics)
        assert CLIENT_SECRET not in said and "eyJ" not in said


def accepted(verdict, user=None):
    assert verdict["outcome"] == "accepted", verdict
    assert user is None or verdict["user"] == user
    return verdict


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def claims_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


# ---- tokens that are good ----

@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_access_tokens_of_every_algorithm(probe, provider, algorithm):
    token = provider.token("alice", format="jwt", algorithm=algorithm)
    verdict = accepted(probe(provider.issuer).token(token), "alice")
    assert verdict["groups"] == ["developers", "proxy-users"]
    assert verdict["expires"] == claims_of(token)["exp"]


def test_keys_and_endpoints_are_fetched_once(probe, own_provider):
    provider = own_provider()
    method = probe(provider.issuer)
    tokens = [provider.token(user, format="jwt") for user in ("alice", "bob")]
    verdicts = method.several_at_once([{"token": tokens[each % 2]} for each in range(30)])
    assert [verdict["user"] for verdict in verdicts] == ["alice", "bob"] * 15
    assert provider.counts("/jwks") == 1 and provider.counts("/.well-known/openid-configuration") == 1


def test_groups_and_names(probe, provider):
    alice, bob = (provider.token(user, format="jwt") for user in ("alice", "bob"))
    limited = probe(provider.issuer, allowed_groups=["proxy-users"])
    accepted(limited.token(alice), "alice")
    assert limited.token(bob)["reason"] == "not_in_allowed_groups"
    by_mail = probe(provider.issuer, username_claim="email")
    accepted(by_mail.token(alice), "alice@example.com")
    assert by_mail.token(bob)["reason"] == "token_claims"  # nobody verified that address
    domain = probe(provider.issuer, allowed_domains=["example.com"])
    accepted(domain.token(alice), "alice")
    assert domain.token(bob)["reason"] == "not_in_allowed_groups"
    for user in ("nameless", "evil"):
        assert probe(provider.issuer).token(provider.token(user, format="jwt"))["reason"] == "token_claims"


def test_a_token_as_password(probe, provider):
    """As SOCKS clients present it, or those who know Basic alone."""
    token = provider.token("alice", format="jwt")
    method = probe(provider.issuer)
    accepted(method.login("alice", token), "alice")
    accepted(method.login("bearer", token), "alice")
    assert method.login("bob", token)["reason"] == "token_claims"
    assert method.login("alice", "a password")["reason"] == "other_kind_of_credential"


def test_audience(probe, provider):
    token = provider.token("alice", format="jwt", audience="some-api")
    assert probe(provider.issuer).token(token)["reason"] == "token_audience"
    accepted(probe(provider.issuer, jwt={"audience": ["x", "some-api"]}).token(token))


def test_rotation(probe, own_provider):
    provider = own_provider()
    method = probe(provider.issuer)
    first = provider.token("alice", format="jwt")
    accepted(method.token(first))
    time.sleep(10.1)  # keys are not fetched more often than each ten seconds
    provider.rotate(keep=True)
    second = provider.token("alice", format="jwt")
    accepted(method.token(second))
    accepted(method.token(first))
    assert provider.counts("/jwks") == 2
    # And one that withdraws the old keys, seen by a method that starts afterwards.
    provider.rotate(keep=False)
    fresh = probe(provider.issuer)
    assert fresh.token(first)["reason"] == "token_key"
    accepted(fresh.token(provider.token("alice", format="jwt")))


def test_made_up_keys_are_no_flood_at_the_provider(probe, own_provider):
    provider = own_provider()
    method = probe(provider.issuer)
    accepted(method.token(provider.token("alice", format="jwt")))
    tokens = [provider.sign(header={"kid": f"made-up-{each}"}) for each in range(40)]
    verdicts = method.several_at_once([{"token": token} for token in tokens])
    verdicts += [method.token(token) for token in tokens[:10]]
    assert {verdict["reason"] for verdict in verdicts} == {"token_key"}
    assert provider.counts("/jwks") <= 2


def test_a_provider_that_is_away(probe, own_provider):
    provider = own_provider()
    token = provider.token("alice", format="jwt")
    known = probe(provider.issuer)
    accepted(known.token(token))
    provider.stop()
    accepted(known.token(token))  # the keys are there
    stranger = probe(provider.issuer)
    verdict = stranger.token(token)
    assert verdict["outcome"] == "unavailable", verdict
    eventually(lambda: any("cannot ask its server" in line for line in stranger.diagnostics), "the reason is logged")


def test_certificates_are_checked(probe, provider, tmp_path_factory):
    other = Certificates(tmp_path_factory.mktemp("other-ca"))
    token = provider.token("alice", format="jwt")
    assert probe(provider.issuer, ca_cert=str(other.ca)).token(token)["reason"] == "server_unreachable"
    assert probe(provider.issuer, ca_cert="").token(token)["reason"] == "server_unreachable"


# ---- opaque tokens ----

def test_introspection(probe, provider):
    method = probe(provider.issuer, opaque_tokens="introspection")
    token = provider.token("alice")
    verdict = accepted(method.token(token))
    assert verdict["user"] == "alice"
    accepted(method.login("bearer", token))
    provider.revoke(token)
    assert method.token(token)["reason"] == "token_inactive"
    assert method.token("no-such-token")["reason"] == "token_inactive"
    wrong = probe(provider.issuer, opaque_tokens="introspection", client_secret="not-the-secret")
    assert wrong.token(provider.token("alice"))["reason"] == "misconfigured"


def test_userinfo(probe, provider):
    method = probe(provider.issuer, opaque_tokens="userinfo")
    token = provider.token("alice")
    assert accepted(method.token(token), "alice")["groups"] == ["developers", "proxy-users"]
    provider.revoke(token)
    assert method.token(token)["reason"] == "token_inactive"


def test_opaque_tokens_are_off_unless_asked_for(probe, provider):
    method = probe(provider.issuer)
    before = provider.counts("/token/introspection"), provider.counts("/me")
    assert method.token(provider.token("alice"))["reason"] == "other_kind_of_credential"
    assert (provider.counts("/token/introspection"), provider.counts("/me")) == before


def test_passwords_and_own_tokens_go_to_no_provider(probe, provider):
    method = probe(provider.issuer, opaque_tokens="introspection")
    before = provider.counts("/token/introspection")
    assert method.login("alice", "the-password-of-another-method")["reason"] == "other_kind_of_credential"
    assert method.token("bh_a-token-of-the-proxy-itself")["reason"] == "other_kind_of_credential"
    assert provider.counts("/token/introspection") == before


# ---- the authorization code flow ----

def test_code_flow(probe, provider):
    method = probe(provider.issuer, scopes=["openid", "profile", "email", "groups"])
    attempt = method.ask(begin_login=CALLBACK)
    query = parse_qs(urlsplit(attempt["url"]).query)
    assert query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert attempt["url"].startswith(provider.issuer + "/auth?")
    back = provider.browse(attempt["url"], "alice")
    assert back["state"] == attempt["state"]
    verdict = accepted(method.ask(finish_login=attempt["state"], code=back["code"]), "alice")
    assert verdict["groups"] == ["developers", "proxy-users"]
    # A code is good once.
    assert method.ask(finish_login=attempt["state"], code=back["code"])["reason"] == "token_inactive"


def test_code_flow_of_a_public_client(probe, provider):
    method = probe(provider.issuer, client_id="public", client_secret="", scopes=["openid", "profile"])
    attempt = method.ask(begin_login=CALLBACK)
    back = provider.browse(attempt["url"], "bob")
    accepted(method.ask(finish_login=attempt["state"], code=back["code"]), "bob")


def test_code_of_another_attempt(probe, provider):
    """Somebody else's code, put into one's own browser: PKCE and the nonce are another's."""
    method = probe(provider.issuer, scopes=["openid", "profile"])
    mine, theirs = method.ask(begin_login=CALLBACK), method.ask(begin_login=CALLBACK)
    assert len({mine[name] for name in ("state", "nonce")} | {theirs[name] for name in ("state", "nonce")}) == 4
    back = provider.browse(theirs["url"], "alice")
    assert method.ask(finish_login=mine["state"], code=back["code"])["outcome"] == "refused"
    for code in ("", "made-up", "x" * 5000, "a&grant_type=password"):
        assert method.ask(finish_login=mine["state"], code=code)["outcome"] == "refused"


# ---- attacks ----

def unsigned(header, claims, signature=""):
    return ".".join([b64(json.dumps(header)), b64(json.dumps(claims)), b64(signature)])


@pytest.fixture
def good(provider):
    return claims_of(provider.sign())


def test_none_is_no_algorithm(probe, provider, good):
    method = probe(provider.issuer)
    signature = base64.urlsafe_b64decode(provider.sign().split(".")[2] + "==")
    for name in ("none", "None", "NONE", "nOnE", ""):
        for tail in ("", "x", signature):
            assert method.token(unsigned({"alg": name}, good, tail))["outcome"] in ("refused", "unknown")
            assert method.token(unsigned({"alg": name, "kid": provider.public()["kid"]}, good, tail))["outcome"] != "accepted"
    assert method.token(unsigned({"alg": "none"}, good))["reason"] == "token_algorithm"


def test_public_keys_are_no_hmac_secrets(probe, provider, good):
    method = probe(provider.issuer)
    public = provider.public()
    secrets = [public["spki"], public["spki"].strip(), public["pkcs1"], base64.b64decode(public["der"]), public["n"], "", CLIENT_SECRET]
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        for secret in secrets:
            key = secret if isinstance(secret, bytes) else secret.encode()
            text = f"{b64(json.dumps({'alg': name, 'kid': public['kid']}))}.{b64(json.dumps(good))}"
            token = f"{text}.{b64(hmac.new(key, text.encode(), digest).digest())}"
            assert method.token(token)["reason"] == "token_algorithm"


def test_algorithms_that_are_not_the_keys(probe, provider):
    method = probe(provider.issuer)
    rsa, ec = provider.sign(algorithm="RS256"), provider.sign(algorithm="ES256")
    for token, other in ((rsa, "ES256"), (rsa, "PS256"), (rsa, "EdDSA"), (ec, "RS256"), (ec, "ES384")):
        header, claims, signature = token.split(".")
        header = json.loads(base64.urlsafe_b64decode(header + "=="))
        changed = f"{b64(json.dumps({**header, 'alg': other}))}.{claims}.{signature}"
        assert method.token(changed)["reason"] in ("token_algorithm", "token_signature")
    only_elliptic = probe(provider.issuer, jwt={"algorithms": ["ES256", "EdDSA"]})
    assert only_elliptic.token(rsa)["reason"] == "token_algorithm"
    accepted(only_elliptic.token(ec))


def test_foreign_keys(probe, provider):
    method = probe(provider.issuer)
    kid = provider.public()["kid"]
    assert method.token(provider.sign(key="foreign"))["reason"] == "token_key"
    assert method.token(provider.sign(key="foreign", header={"kid": kid}))["reason"] == "token_signature"
    assert method.token(provider.sign(key="foreign", header={"kid": None}))["reason"] == "token_signature"
    accepted(method.token(provider.sign(header={"kid": None})))


def test_a_token_cannot_bring_its_key(probe, provider, certificates):
    """jwk, jku, x5u, x5c: not even looked at."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        method = probe(provider.issuer)
        url = f"http://127.0.0.1:{server.server_port}/keys"
        pem = "".join(certificates.certificate.read_text().splitlines()[1:-1])
        for header in ({"jku": url}, {"x5u": url}, {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, {"x5c": [pem]},
                       {"kid": url}, {"jku": url, "kid": "new"}):
            verdict = method.token(provider.sign(key="foreign", header=header))
            assert verdict["reason"] in ("token_key", "token_signature"), (header, verdict)
        assert asked == []
    finally:
        server.shutdown()
        server.server_close()


KIDS = ["../../../../etc/passwd", "/dev/null", "' OR '1'='1", "x' UNION SELECT 'key", "key\0", "a" * 4000, "%00", "${HOME}", "\n\nforged=1",
        "http://127.0.0.1/", "; rm -rf /", "|cat", "é"]


@pytest.mark.parametrize("kid", KIDS, ids=range(len(KIDS)))
def test_key_ids_are_only_compared(probe, provider, kid):
    verdict = probe(provider.issuer).token(provider.sign(key="foreign", header={"kid": kid}))
    assert verdict["reason"] == "token_key", verdict


def test_times(probe, provider):
    method = probe(provider.issuer, jwt={"leeway": "30s"})
    now = int(time.time())

    def reason(**claims):
        return method.token(provider.sign(claims=claims))["reason"]

    assert reason(exp=now - 600) == "token_expired"
    assert reason(exp=now - 10) == "accepted"
    assert reason(exp=None) == "token_expired"
    assert reason(exp="9999999999") == "token_expired"
    assert reason(exp=1e300) == "accepted"
    assert reason(exp=-1) == "token_expired"
    assert reason(nbf=now + 600) == "token_not_yet_valid"
    assert reason(nbf=now + 10) == "accepted"
    assert reason(iat=now + 600) == "token_not_yet_valid"
    assert probe(provider.issuer, jwt={"leeway": "0s"}).token(provider.sign(claims={"exp": now - 2}))["reason"] == "token_expired"


def test_issuer_and_audience(probe, provider):
    method = probe(provider.issuer)

    def reason(**claims):
        return method.token(provider.sign(claims=claims))["reason"]

    for issuer in (provider.issuer + "/", "https://evil.example", provider.issuer.upper(), None, [provider.issuer], ""):
        assert reason(iss=issuer) == "token_issuer"
    for audience in ("other", [], ["other"], None, {"bulkhead": 1}, "bulkhead ", "Bulkhead", [["bulkhead"]]):
        assert reason(aud=audience) == "token_audience"
    assert reason(aud=["other", "bulkhead"]) == "accepted"


def test_what_else_the_issuer_signs(probe, provider):
    method = probe(provider.issuer)
    for kind in ("logout+jwt", "secevent+jwt", "dpop+jwt", "JWE"):
        assert method.token(provider.sign(header={"typ": kind}))["reason"] == "token_malformed"
    assert method.token(provider.sign(header={"crit": ["exp"], "exp": 1}))["reason"] == "token_malformed"
    for kind in ("JWT", "at+jwt", "application/at+JWT"):
        accepted(method.token(provider.sign(header={"typ": kind})))


def test_changed_tokens(probe, provider):
    method = probe(provider.issuer)
    header, claims, signature = provider.sign(algorithm="ES256").split(".")
    changed = b64(json.dumps({**claims_of(f"{header}.{claims}.{signature}"), "preferred_username": "root"}))
    assert method.token(f"{header}.{changed}.{signature}")["reason"] == "token_signature"
    # The last character holds bits that do not count: another text of the same token.
    last = signature[-1]
    twin = next(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c != last and
                base64.urlsafe_b64decode(signature[:-1] + c + "==") == base64.urlsafe_b64decode(signature + "==")) \
        if len(signature) % 4 else None
    if twin:
        assert method.token(f"{header}.{claims}.{signature[:-1]}{twin}")["outcome"] == "refused"
    der = bytes.fromhex("3006020101020101")
    for other in (b64(der), b64(b"\0" * 64), signature[:-4], signature + "AAAA", ""):
        assert method.token(f"{header}.{claims}.{other}")["outcome"] == "refused"


def test_huge_and_broken_tokens(probe, provider):
    method = probe(provider.issuer)
    huge = provider.sign(claims={"filling": "x" * 20000})
    assert method.token(huge)["reason"] == "malformed_credential"
    assert method.login("alice", huge)["reason"] == "malformed_credential"
    deep = "[" * 3000 + "]" * 3000
    for token in (f"{b64('{' + chr(34) + 'alg' + chr(34) + ':' + deep[:1500] + '}')}.e30.c2ln", "...", "a.b", "a.b.c.d.e",
                  f"{b64(json.dumps({'alg': 'RS256'}))}.{b64(deep[:3000])}.c2ln", "eyJ.eyJ.eyJ",
                  f"{b64('{' + chr(34) + 'alg' + chr(34) + ':' + chr(34) + 'RS256' + chr(34) + '}')}.{b64(bytes(range(256)))}.c2ln"):
        assert method.token(token)["outcome"] in ("refused", "unknown"), token[:60]
    for token in ("a b", "tok\0en", "tok\nen", "é", "=", ""):
        assert method.token(token)["reason"] == "malformed_credential"
    accepted(method.token(provider.token("alice", format="jwt")))


# ---- providers that misbehave ----

class Rogue:
    """A provider that answers each path with what the test says: (status, headers, body) or a function of the handler."""

    def __init__(self, certificates, answers):
        rogue = self
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                path = self.path.split("?")[0]
                rogue.asked.append(path)
                given = answers.get(path, (404, {}, b""))
                if callable(given):
                    return given(self)
                status, headers, body = given
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", ports.reserve()), Handler, bind_and_activate=False)
        ports.release(self.server.server_address[1])
        self.server.server_bind()
        self.server.server_activate()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def rogue(certificates):
    servers = []

    def start(answers):
        servers.append(Rogue(certificates, answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


DISCOVERY = "/.well-known/openid-configuration"


def stall(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.wfile.flush()
    time.sleep(6)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" " * 65536)
    except OSError:
        pass


def token_for(issuer):
    claims = {"iss": issuer, "aud": CLIENT, "exp": int(time.time()) + 600, "preferred_username": "alice"}
    return unsigned({"alg": "RS256", "kid": "x"}, claims, "signature")


@pytest.mark.parametrize("answer", [stall, endless, (302, {"Location": "/elsewhere"}, b""), (200, {}, b"not json"), (200, {}, {}),
                                    (200, {}, {"issuer": "https://somebody.else", "jwks_uri": "https://somebody.else/"}), (500, {}, b""),
                                    (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), (200, {}, b"[" * 100000)],
                         ids=["stall", "endless", "redirect", "text", "empty", "other issuer", "500", "gzip", "deep"])
def test_a_discovery_document_that_is_none(probe, rogue, answer):
    server = rogue({DISCOVERY: answer})
    method = probe(server.url, timeout="1s")
    verdict = method.token(token_for(server.url))
    assert verdict["outcome"] == "unavailable" and verdict["seconds"] < 5, verdict
    assert set(server.asked) == {DISCOVERY}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/jwks", "http://evil.example/jwks", "file:///etc/passwd", "ftp://x/", "gopher://x", "", "//x",
                                 "https://user:password@127.0.0.1/", "javascript:1", 7])
def test_documents_cannot_lead_out_of_tls(probe, rogue, url):
    answers = {}
    server = rogue(answers)
    answers[DISCOVERY] = (200, {}, {"issuer": server.url, "jwks_uri": url})
    verdict = probe(server.url).token(token_for(server.url))
    assert verdict["reason"] == "misconfigured", verdict


@pytest.mark.parametrize("keys", [{"keys": []}, {}, b"", {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "x"}]},
                                  {"keys": [{"kty": "RSA", "kid": "x", "n": "AQAB", "e": "AQAB"}]}], ids=["none", "no set", "nothing", "oct", "small"])
def test_key_sets_without_a_usable_key(probe, rogue, keys):
    answers = {"/jwks": (200, {}, keys)}
    server = rogue(answers)
    answers[DISCOVERY] = (200, {}, {"issuer": server.url, "jwks_uri": server.url + "/jwks"})
    assert probe(server.url).token(token_for(server.url))["outcome"] == "unavailable"


def test_introspection_that_says_odd_things(probe, rogue):
    answers = {}
    server = rogue(answers)
    method = probe(None, introspection_url=server.url + "/introspect")
    good = {"active": True, "preferred_username": "alice"}
    cases = [(good, "accepted"), ({**good, "active": "yes"}, "token_inactive"), ({**good, "active": 1}, "token_inactive"),
             ({"preferred_username": "alice"}, "token_inactive"), ({**good, "aud": "other"}, "token_audience"),
             ({**good, "aud": CLIENT}, "accepted"), ({**good, "exp": int(time.time()) - 600}, "token_expired"),
             ({**good, "exp": None}, "token_expired"), ({"active": True}, "token_claims"),
             ({**good, "preferred_username": "a\nb"}, "token_claims"), ([good], "server_failed"), (b"", "server_failed")]
    for body, expected in cases:
        answers["/introspect"] = (200, {}, body)
        assert method.token("opaque")["reason"] == expected, body
    for status, expected in ((401, "misconfigured"), (403, "misconfigured"), (500, "server_failed"), (302, "server_failed")):
        answers["/introspect"] = (status, {}, good)
        assert method.token("opaque")["reason"] == expected, status


def test_google_asks_its_own_endpoint(probe, rogue):
    answers = {}
    server = rogue(answers)
    method = probe("https://accounts.google.com", provider="google", opaque_tokens="introspection", introspection_url=server.url + "/tokeninfo")
    good = {"aud": CLIENT, "email": "alice@example.com", "email_verified": "true", "exp": str(int(time.time()) + 600)}
    answers["/tokeninfo"] = (200, {}, good)
    # Endpoints are discovered before; with no way to Google that fails closed.
    verdict = method.token("ya29.opaque")
    assert verdict["outcome"] in ("accepted", "unavailable"), verdict


def test_clear_text_stays_on_this_machine(probe):
    """http:// is refused by the configuration; the same address of this machine is allowed."""
    with pytest.raises(AssertionError, match="must be https"):
        probe("http://issuer.example")
    port = ports.closed()
    verdict = probe(f"http://127.0.0.1:{port}").token(token_for(f"http://127.0.0.1:{port}"))
    assert verdict["reason"] == "server_unreachable"


# ---- several methods in order ----

def test_chain(stage, tmp_path, provider, certificates):
    """Whoever does not know passes on; whoever cannot say so is no reason to refuse."""
    auth = {"mode": ["oauth", "ldap"],
            "oauth": {"client_id": CLIENT, "ca_cert": str(certificates.ca), "jwt": {"issuer": provider.issuer}},
            "ldap": {"server": f"ldaps://127.0.0.1:{ports.closed()}", "base_dn": "dc=x"}}
    method = AuthProbe(stage, tmp_path, auth)
    try:
        verdict = method.token(provider.token("alice", format="jwt"))
        assert verdict["method"] == "oauth" and len(verdict["tried"]) == 1
        verdict = method.login("alice", "a password")
        assert [each["outcome"] for each in verdict["tried"]] == ["unknown", "unavailable"]
        assert verdict["outcome"] == "unavailable" and verdict["method"] == "ldap"
    finally:
        method.close()

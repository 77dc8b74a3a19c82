"""What attackers present, through the whole: refused like any wrong credential, noted without the secret, and nothing falls over."""
import base64
import hashlib
import hmac
import json
import select
import time

import pytest

from harness import raw_client, tcp_server, users
from harness.directory import PASSWORD
from harness.methods import ldap, oauth
from harness.waiting import eventually

OPEN = {"cache": {"ttl": "0s", "failure_ttl": "0s"}}


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def http(daemon, origin, header):
    with raw_client.RawHttp(daemon.http_port) as client:
        return client.get(origin.url(), header).status


def socks(daemon, user, password):
    """What RFC 1929's answer is; None if there is none."""
    with raw_client.RawSocks(daemon.socks_port) as client:
        assert client.greet(b"\x02") == 2
        client.send(b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password)
        try:
            return client.reader.exactly(2)[1]
        except (EOFError, OSError):
            return None


def assert_unharmed(daemon, *secrets):
    """No worker died, and nothing that was presented is in a log or in the store."""
    assert {worker["restarts"] for worker in daemon.workers()} == {0}
    said = "\n".join(daemon.lines) + daemon.access_log.read_text()
    stored = b"".join(path.read_bytes() for path in (daemon.state / "auth").glob("store.db*"))
    for secret in secrets:
        assert secret not in said and secret.encode() not in stored, secret


def attacks_on(provider):
    """name: token"""
    public, good = provider.public(), provider.sign()
    header, claims, signature = good.split(".")
    now = int(time.time())
    none = [b64(json.dumps({"alg": name, "kid": public["kid"]})) + f".{claims}." for name in ("none", "NonE", "")]
    text = b64(json.dumps({"alg": "HS256", "kid": public["kid"]})) + "." + claims
    confused = [f"{text}.{b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"
                for key in (public["spki"].encode(), base64.b64decode(public["der"]), b"")]
    return {
        "none": none[0], "none, odd": none[1], "no algorithm": none[2], "none with a signature": none[0] + signature,
        "HS with the public key": confused[0], "HS with the public key in DER": confused[1], "HS with nothing": confused[2],
        "another issuer": provider.sign(claims={"iss": "https://evil.example"}), "no issuer": provider.sign(claims={"iss": None}),
        "another audience": provider.sign(claims={"aud": "other"}), "no audience": provider.sign(claims={"aud": None}),
        "expired": provider.sign(claims={"exp": now - 3600}), "no end": provider.sign(claims={"exp": None}),
        "not yet": provider.sign(claims={"nbf": now + 3600}),
        "a foreign key": provider.sign(key="foreign"), "a foreign key by its name": provider.sign(key="foreign", header={"kid": public["kid"]}),
        "kid is a path": provider.sign(key="foreign", header={"kid": "../../../../dev/null"}),
        "kid is SQL": provider.sign(key="foreign", header={"kid": "x' UNION SELECT 'key"}),
        "kid is a URL": provider.sign(key="foreign", header={"kid": "http://127.0.0.1/", "jku": "http://127.0.0.1/"}),
        "kid is huge": provider.sign(key="foreign", header={"kid": "k" * 4000}),
        "changed": f"{header}.{b64(json.dumps({'preferred_username': 'root'}))}.{signature}",
        "cut": good[:-8], "huge": provider.sign(claims={"filling": "x" * 20_000}), "deep": f"{b64('[' * 3000)}.{b64('[' * 3000)}.x",
    }


def test_tokens(start, origin, provider, authority):
    daemon = start(users.auth("oauth", **OPEN, oauth=oauth(provider, authority)))
    attacks = attacks_on(provider)
    for name, token in attacks.items():
        status = http(daemon, origin, users.bearer(token))
        assert status in ((407, 431) if len(token) > 8192 else (407,)), name
        with raw_client.RawHttp(daemon.http_port) as client:  # as a password, and in CONNECT
            status = client.connect(f"127.0.0.1:{origin.port}", users.basic("bearer", token)).status
            assert status in ((407, 431) if len(token) > 6000 else (407,)), name
    for token in (b"a.b.c", attacks["none"].encode()[:255]):
        assert socks(daemon, b"bearer", token) == 1
    assert not origin.requests
    assert http(daemon, origin, users.bearer(provider.sign())) == 200, "good ones are still good"
    assert_unharmed(daemon, *(token.rpartition(".")[0][-60:] for token in attacks.values()))


INJECTIONS = ["*", "alice*", "alice)(uid=*", "*)(uid=*))(|(uid=*", "alice)(|(uid=alice", "a*)(objectClass=*", "\\2a", "alice\\00",
              "alice)(userPassword=*", "uid=alice,ou=people,dc=example,dc=com", "al\\69ce", "&", "😀*"]


def test_names_that_are_filters(start, origin, directory, authority):
    daemon = start(users.auth("ldap", **OPEN, ldap=ldap(directory.tls_url(), authority)))
    for name in INJECTIONS:
        assert http(daemon, origin, users.basic(name, PASSWORD)) == 407, name
        assert socks(daemon, name.encode(), PASSWORD.encode()) == 1, name
    assert not origin.requests
    assert http(daemon, origin, users.basic("alice", PASSWORD)) == 200
    assert_unharmed(daemon, PASSWORD)


SECRET = "5ecret-that-must-not-be-written"


def test_binary_and_oversize_over_http(start, origin):
    daemon = start(users.auth(**OPEN))
    users.add(daemon, "alice")

    def basic(octets):
        return "Proxy-Authorization: Basic " + base64.b64encode(octets).decode()

    for octets in (b"alice:secret-of-alice\0", b"alice\0:secret-of-alice", b"\0alice:secret-of-alice", b"alice:\xff\xfe" + SECRET.encode(),
                   bytes(range(256)), b"al\nice:" + SECRET.encode(), b"alice", b":", b"", b"alice:", b":secret-of-alice",
                   b"a" * 256 + b":x", b"alice:" + SECRET.encode() * 200, b"alice:" + b"x" * 1025, b"alice:\x1b[31m" + SECRET.encode()):
        assert http(daemon, origin, basic(octets)) == 407, octets[:40]
    for value in ("Basic", "Basic ", "Basic !!!!", "Basic YQ", "Basic YWxpY2U6 c2VjcmV0", "Bearer", "Bearer a b", "Bearer \xe9", "Negotiate x", "basic",
                  "Basic " + "A" * 12_000):
        assert http(daemon, origin, "Proxy-Authorization: " + value) in (407, 400, 431), value[:40]
    with raw_client.RawHttp(daemon.http_port) as client:  # a NUL in the header itself
        client.send_allowing_reset(b"GET " + origin.url().encode() + b" HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic YQ\0==\r\n\r\n")
        assert client.response().status == 400
    assert not origin.requests
    assert http(daemon, origin, users.basic("alice", "secret-of-alice")) == 200
    assert_unharmed(daemon, SECRET, "secret-of-alice")


def test_binary_and_oversize_over_socks(start, serve):
    daemon, server = start(users.auth(**OPEN)), serve(tcp_server.echo)
    users.add(daemon, "alice")
    for user, password in ((b"alice\0", b"secret-of-alice"), (b"alice", b"secret-of-alice\0"), (b"alice", b"\0"), (b"\0", b"\0"), (b"a" * 255, b"b" * 255),
                           (b"alice", b"\xff" * 255), (bytes(range(1, 200)), b"x"), (b"al\nice", SECRET.encode()), (b"alice", b"\x1b[2J" + SECRET.encode())):
        assert socks(daemon, user, password) == 1, user
    for sent in (b"\x05\x00", b"\x01\x00\x00", b"\x01\x05alice\x00", b"\x02\x05alice\x0fsecret-of-alice", b"\x01\xffalice"):
        with raw_client.RawSocks(daemon.socks_port) as client:  # not RFC 1929, or cut
            assert client.greet(b"\x02") == 2
            client.send_allowing_reset(sent)
            client.sock.shutdown(1)
            assert client.sock.recv(10) in (b"", b"\x01\x01"), sent
    # What was recorded of a negotiation, said once more where a request belongs; and a request before the negotiation.
    with raw_client.RawSocks(daemon.socks_port) as client:
        said = b"\x01\x05alice\x0fsecret-of-alice"
        client.send(b"\x05\x01\x02" + said)
        assert client.reader.exactly(4) == b"\x05\x02\x01\x00"
        client.send_allowing_reset(said)
        client.sock.shutdown(1)
        assert client.sock.recv(20)[1:2] != b"\0"
    with raw_client.RawSocks(daemon.socks_port) as client:
        client.send_allowing_reset(bytes([5, raw_client.CONNECT, 0]) + raw_client.address_bytes("127.0.0.1", server.port))
        client.sock.shutdown(1)
        assert client.sock.recv(20) in (b"", b"\x05\xff")
    assert not [record for record in daemon.access() if record["port"] == server.port and record["status"] == 200]
    assert_unharmed(daemon, SECRET, "secret-of-alice")


# Methods that hang

# Names that nobody knows cost what these do.
QUICK_TO_HASH = {"users": [{"username": "alice", "password_hash": users.hash_of("secret-of-alice")}]}


def ask_in_vain(daemon, origin, credentials):
    """Each waits for somebody who does not answer, in nobody's way, until its time is over."""
    waiting = []
    for credential in credentials:
        client = raw_client.RawHttp(daemon.http_port, timeout=30)
        client.send(f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n{credential}\r\n\r\n")
        waiting.append(client)
    assert_served_meanwhile(daemon, origin, waiting)
    assert {client.response().status for client in waiting} == {503}
    for client in waiting:
        client.close()


def assert_served_meanwhile(daemon, origin, waiting):
    """Whom another method knows is let in before any of those that wait has an answer."""
    for _ in range(3):
        assert http(daemon, origin, users.basic("alice", "secret-of-alice")) == 200
    answered = select.select([client.sock for client in waiting], [], [], 0)[0]
    assert not answered, "these may have made room"


@pytest.mark.parametrize("mode", [["oauth", "native"], ["native", "oauth"]], ids="-".join)
def test_a_provider_that_hangs_is_not_in_the_way_of_others(start, serve, origin, authority, mode):
    """It takes connections and says nothing. As many ask for it as would keep all threads busy for a long time."""
    silent = serve(lambda connection, _server: connection.recv(1 << 20) and connection.recv(1))
    issuer = f"https://127.0.0.1:{silent.port}"
    settings = {"client_id": "x", "ca_cert": authority, "timeout": "8s", "jwt": {"issuer": issuer}}
    daemon = start(users.auth(mode, **OPEN, native=QUICK_TO_HASH, oauth=settings))
    signed = ".".join([b64(json.dumps({"alg": "RS256", "kid": "k"})), b64(json.dumps({"iss": issuer, "exp": 1 << 40, "aud": "x"}))])
    ask_in_vain(daemon, origin, (users.bearer(f"{signed}.{b64(bytes([number]) * 256)}") for number in range(60)))
    assert eventually(lambda: daemon.workers("auth")[0]["restarts"] == 0, "it lives")


def test_a_directory_that_hangs_is_not_in_the_way_of_others(start, serve, origin, authority):
    silent = serve(lambda connection, _server: connection.recv(1 << 20) and connection.recv(1))
    settings = ldap(f"ldaps://127.0.0.1:{silent.port}", authority, timeout="8s")
    daemon = start(users.auth(["native", "ldap"], **OPEN, native=QUICK_TO_HASH, ldap=settings))
    ask_in_vain(daemon, origin, (users.basic(f"somebody{number}", "guess") for number in range(60)))

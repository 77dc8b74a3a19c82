"""Who may use the proxy: credentials in every protocol, users and tokens of the store, what they may do, and that a change
is felt at once."""
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import threading
import time

import pytest
import socks

from harness import configuration, flows, raw_client, tcp_server, users
from harness.curl import curl
from harness.memory import found_in_memory
from harness.raw_client import CONNECT, UDP_ASSOCIATE
from harness.waiting import eventually


@pytest.fixture(scope="module")
def known(stage, name_server):
    """A daemon that asks who clients are; alice, bob and a token of alice's."""
    from conftest import _dispose
    from harness.bulkhead import Bulkhead
    daemon = Bulkhead(stage, users.auth(cache={"ttl": "60s", "failure_ttl": "0s"}), name_server=name_server.address)
    try:
        daemon.start()
        users.add(daemon, "alice", groups=["work"])
        users.add(daemon, "bob")
        daemon.token = users.token(daemon, "alice")
        yield daemon
    finally:
        _dispose([daemon])


# What clients present

def test_nobody_is_served_without_a_credential(known, origin):
    result = curl("-x", known.http, origin.url())
    assert result.status == 407
    assert "Basic realm=\"bulkhead\", charset=\"UTF-8\"" in result.heads and "Bearer realm=\"bulkhead\"" in result.heads
    record = known.await_access(port=origin.port, status=407)
    assert record["refusal"] == "authentication_required" and not record["username"]
    assert not origin.requests


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_curl_with_a_password(known, origin, tls_origin, scheme):
    target = tls_origin if scheme == "https" else origin
    result = curl("-k", "-x", known.http, "-U", "alice:secret-of-alice", target.url())
    assert result.body == b"hello\n", result
    assert known.await_access(port=target.port, status=200)["username"] == "alice"
    assert "proxy-authorization" not in str(target.requests[-1].fields).lower()


@pytest.mark.parametrize("option", ["--proxy-basic", "--proxy-anyauth"])
def test_curl_answers_the_challenge(known, origin, option):
    assert curl(option, "-x", known.http, "-U", "alice:secret-of-alice", origin.url()).body == b"hello\n"


def test_curl_with_a_token(known, origin):
    assert curl("-x", known.http, "--proxy-header", users.bearer(known.token), origin.url()).body == b"hello\n"
    assert curl("-x", known.http, "-U", f"alice:{known.token}", origin.url()).body == b"hello\n"
    assert curl("-x", known.http, "-U", f"bob:{known.token}", origin.url()).status == 407


def test_wrong_credentials_look_alike(known, origin):
    answers = set()
    for header in [users.basic("alice", "guess"), users.basic("nobody", "guess"), users.bearer("bh_" + "x" * 43), users.bearer("eyJ.e.c"),
                   users.basic("", ""), "Proxy-Authorization: Basic ====", "Proxy-Authorization: Digest username=alice",
                   users.basic("a" * 256, "x"), users.basic("alice", "x" * 9000), users.basic("al\0ice", "x"), users.basic("al\nice", "x")]:
        with raw_client.RawHttp(known.http_port) as client:
            response = client.get(origin.url(), header)
            assert response.status == 407, header
            answers.add((response.body, tuple(sorted(name.lower() for name, _ in response.fields.pairs))))
    assert len(answers) == 1, answers
    assert not origin.requests


def test_two_credentials_are_none(known, origin):
    with raw_client.RawHttp(known.http_port) as client:
        assert client.get(origin.url(), users.basic("alice", "secret-of-alice"), users.basic("bob", "secret-of-bob")).status == 407


def test_each_request_of_a_connection_is_somebodys(known, origin):
    with raw_client.RawHttp(known.http_port) as client:
        assert client.get(origin.url("/hello/1")).status == 407
        assert client.get(origin.url("/hello/2"), users.basic("alice", "secret-of-alice")).status == 200
        assert client.get(origin.url("/hello/3"), users.basic("bob", "secret-of-bob")).status == 200
        assert client.get(origin.url("/hello/4")).status == 407
        assert client.get(origin.url("/hello/5"), users.basic("bob", "guess")).status == 407
        assert client.get(origin.url("/hello/6"), users.bearer(known.token)).status == 200
    assert origin.paths() == ["/hello/2", "/hello/3", "/hello/6"]
    seen = eventually(lambda: [r for r in known.access() if r["port"] == origin.port and r["path"] in ("/hello/2", "/hello/3", "/hello/4", "/hello/6")][3:],
                      "four records") and {r["path"]: r["username"] for r in known.access() if r["port"] == origin.port}
    assert (seen["/hello/2"], seen["/hello/3"], seen["/hello/6"]) == ("alice", "bob", "alice") and not seen["/hello/4"]


def test_echoed_requests_hold_no_credential(start, origin):
    daemon = start({**users.auth(), "backends": [{"name": "echo", "type": "echo"}], "rules": [configuration.everything("echo")]})
    users.add(daemon, "alice")
    result = curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url())
    assert result.status == 200 and b"GET" in result.body and b"uthorization" not in result.body


def test_socks_with_a_password_and_with_a_token(known, serve):
    server = serve(tcp_server.echo)
    for password in ("secret-of-alice", known.token):
        with users.socks5(known, "alice", password) as connection:
            connection.connect(("origin.test", server.port))
            connection.sendall(b"who am I")
            assert connection.recv(100) == b"who am I"
    assert known.await_access(port=server.port, protocol="socks5", status=200)["username"] == "alice"


def test_a_token_for_one_protocol_only(known, origin, serve):
    server = serve(tcp_server.echo)
    only_http = users.token(known, "alice", "for-http", "--scope", "http")
    only_socks = users.token(known, "alice", "for-socks", "--scope", "socks")
    def by_http(token):
        return curl("-x", known.http, "--proxy-header", users.bearer(token), origin.url()).status
    def by_socks(token):
        with users.socks5(known, "alice", token) as connection:
            connection.connect(("origin.test", server.port))
            connection.sendall(b"x")
            return connection.recv(1)
    assert by_http(only_http) == 200 and by_socks(only_socks) == b"x"
    # Also when the other protocol's answer is remembered.
    assert by_http(only_socks) == 407
    with pytest.raises(socks.GeneralProxyError, match="authentication failed"):
        by_socks(only_http)
    assert by_http(only_http) == 200 and by_socks(only_socks) == b"x"
    listed = {row["name"]: row["scope"] for row in known.query("user", "token", "list", "alice")}
    assert listed["for-http"] == "http" and listed["for-socks"] == "socks" and listed["default"] == "proxy"
    for token, protocol, answer in ((only_http, "http", 0), (only_http, "socks", 1), (only_socks, "socks", 0)):
        tried = known.ctl("auth", "test", "--user", "alice", "--password", "--protocol", protocol, input=token)
        assert tried.exit == answer and ("token_scope" in tried.out) == bool(answer), tried
    wrong = known.ctl("user", "token", "add", "alice", "other", "--scope", "admin")
    assert wrong.exit == 2 and "admin" in wrong.err


@pytest.mark.parametrize("user, password", [("alice", "guess"), ("nobody", "guess"), ("bob", "secret-of-alice"), ("a" * 255, "b" * 255),
                                            ("al\0ice", "x"), ("alice", "\xff\xfe")])
def test_socks_refuses(known, serve, user, password):
    server = serve(tcp_server.echo)
    with raw_client.RawSocks(known.socks_port) as client:
        assert client.greet(b"\x00\x02") == 2
        name, secret = user.encode(), password.encode("latin-1")
        client.send(bytes([1, len(name)]) + name + bytes([len(secret)]) + secret)
        assert client.reader.exactly(2) == b"\x01\x01"
        assert client.closed()
    assert not server.connections if hasattr(server, "connections") else True
    known.await_access(protocol="socks5", refusal="authentication_failed")


def test_socks_negotiation_cannot_be_walked_around(known, serve):
    server = serve(tcp_server.echo)
    request = bytes([5, CONNECT, 0]) + raw_client.address_bytes("127.0.0.1", server.port)
    with raw_client.RawSocks(known.socks_port) as client:  # only "no authentication" is offered
        assert client.greet(b"\x00") == 0xff
        assert client.closed()
    with raw_client.RawSocks(known.socks_port) as client:  # the request instead of the credentials
        assert client.greet(b"\x02") == 2
        client.send(request)
        assert client.reader.exactly(2) == b"\x01\x01" and client.closed()
    with raw_client.RawSocks(known.socks_port) as client:  # everything at once, with a wrong password
        client.send(b"\x05\x01\x02" + b"\x01\x05alice\x05guess" + request)
        assert client.reader.exactly(4) == b"\x05\x02\x01\x01" and client.closed()
    with raw_client.RawSocks(known.socks_port) as client:  # what was recorded of another's negotiation
        client.send(b"\x05\x01\x02" + b"\x01\x05alice\x0fsecret-of-alice")
        assert client.reader.exactly(4) == b"\x05\x02\x01\x00"
        client.send(b"\x05\x02\x00\x02" + b"\x01\x05alice\x0fsecret-of-alice")  # a greeting is no request
        assert client.reader.exactly(10)[1] != 0 and client.closed()
    with raw_client.RawSocks(known.socks_port) as client:  # SOCKS4 has no way to say who one is
        assert client.socks4(CONNECT, "127.0.0.1", server.port)[0] == 91


def test_socks_udp_is_somebodys(known, serve):
    server = serve(tcp_server.udp_echo) if hasattr(tcp_server, "udp_echo") else None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target, raw_client.RawSocks(known.socks_port) as client, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        target.bind(("127.0.0.1", 0))
        target.settimeout(10)
        assert client.greet(b"\x02") == 2
        client.send(b"\x01\x05alice\x0fsecret-of-alice")
        assert client.reader.exactly(2) == b"\x01\x00"
        code, relay = client.request(UDP_ASSOCIATE, "0.0.0.0", 0)
        assert code == 0
        port = target.getsockname()[1]
        sender.sendto(raw_client.udp_header("127.0.0.1", port) + b"datagram", ("127.0.0.1", relay[1]))
        assert target.recvfrom(100)[0] == b"datagram"
    assert known.await_access(protocol="udp", port=port)["username"] == "alice"
    assert server is None or server


# Who needs no credential

def test_trusted_networks(start, origin, serve):
    daemon = start(users.auth(trusted_networks=["127.0.0.0/8"]))
    server = serve(tcp_server.echo)
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, origin.url()).status == 200
    # What is presented counts all the same.
    assert curl("-x", daemon.http, "-U", "alice:guess", origin.url()).status == 407
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url("/hello/me")).status == 200
    assert daemon.await_access(path="/hello/me")["username"] == "alice"
    with users.socks5(daemon) as connection:
        connection.connect(("127.0.0.1", server.port))
    with raw_client.RawSocks(daemon.socks_port) as client:
        assert client.socks4(CONNECT, "127.0.0.1", server.port)[0] == 90
    with raw_client.RawSocks(daemon.socks_port) as client:
        assert client.greet(b"\x00\x02") == 2  # who offers to say who he is, is asked


# What users may do

def test_rules_and_backends_by_user_and_group(start, origin):
    daemon = start({
        "server": {"auth": {"mode": "native", "lockout": {"enabled": False},
                            "native": {"acl": [{"group": "streaming", "backends": ["direct"]}, {"group": "work", "backends": ["*"]}]}}},
        "backends": [configuration.direct(), configuration.direct("other")],
        "rules": [configuration.rule("no bob", action="block", users=["bob"], domains=["blocked.test"]),
                  configuration.rule("admins", backend="direct", groups=["admin"]),
                  configuration.rule("other way", backend="other", domains=["origin2.test"]),
                  configuration.everything()]})
    users.add(daemon, "alice", groups=["streaming"])
    users.add(daemon, "bob", groups=["work"])
    users.add(daemon, "carol", groups=["work", "admin"])
    users.add(daemon, "dave")

    def get(user, host="127.0.0.1"):
        result = curl("-x", daemon.http, "-U", f"{user}:secret-of-{user}", origin.url(f"/hello/{user}/{host}", host=host))
        return result.status, daemon.await_access(path=f"/hello/{user}/{host}")

    status, record = get("alice")
    assert (status, record["rule"]) == (200, "Default")
    status, record = get("alice", "origin2.test")
    assert (status, record["refusal"], record["backend"]) == (403, "backend_denied", "other")
    assert get("bob", "blocked.test")[1]["refusal"] == "rule_blocked"
    assert get("carol")[1]["rule"] == "admins"
    assert get("dave")[1]["refusal"] == "backend_denied"  # in no group


def test_limits_on_destinations_apply_at_once(start, origin):
    daemon = start(users.auth())
    users.add(daemon, "alice")

    def get(host="127.0.0.1"):
        return curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url(host=host)).status

    assert get() == 200
    assert daemon.ctl("user", "limits", "alice", "--domains", "origin.test", "--connections", "7").exit == 0
    eventually(lambda: get() == 403, "the limit is felt")
    assert get("origin.test") == 200
    assert daemon.ctl("user", "limits", "alice", "--destinations", "127.0.0.0/8").exit == 0
    eventually(lambda: get() == 200, "the limit is widened")
    shown = daemon.query("user", "limits", "alice")[0]
    assert "7 connections" in daemon.ctl("user", "limits", "alice").out
    assert shown["limits"]["max_connections"] == 7 and shown["limits"]["domains"] == ["origin.test"] and shown["own_limits"]
    assert daemon.ctl("user", "limits", "alice", "--mbps", "-5").exit != 0
    assert daemon.ctl("user", "limits", "alice", "--default").exit == 0
    assert not daemon.query("user", "limits", "alice")[0]["own_limits"]


def test_quota_ends_what_runs(start, origin):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    assert daemon.ctl("user", "limits", "alice", "--quota", "2MB").exit == 0
    result = curl("-p", "-x", daemon.http, "-U", "alice:secret-of-alice", origin.url("/bytes/5000000000"), timeout=30)
    assert result.exit != 0  # cut in the middle
    eventually(lambda: daemon.query("user", "limits", "alice")[0]["quota_exhausted"], "the quota is used up")
    result = curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url())
    assert result.status == 403 and "quota_exceeded" in result.header("Proxy-Status")
    assert daemon.ctl("user", "limits", "alice", "--quota", "100GB").exit == 0
    eventually(lambda: curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200, "there is more quota")


# What administrators do, while connections run

def tunnel(daemon, server, user="alice"):
    connection = users.socks5(daemon, user, f"secret-of-{user}")
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(b"hello")
    assert connection.recv(100) == b"hello"
    return connection


def is_open(connection):
    try:
        connection.sendall(b"still")
        return connection.recv(100) == b"still"
    except OSError:
        return False


@pytest.mark.parametrize("words", [("user", "remove", "alice"), ("user", "disable", "alice"),
                                   ("user", "groups", "alice", "--remove", "work")])
def test_who_may_no_longer_be_here_is_gone_at_once(start, serve, words):
    daemon, server = start(users.auth()), serve(tcp_server.echo)
    users.add(daemon, "alice", groups=["work"])
    users.add(daemon, "bob")
    with tunnel(daemon, server) as hers, tunnel(daemon, server, "bob") as his:
        assert daemon.ctl(*words).exit == 0
        hers.settimeout(3)
        eventually(lambda: not is_open(hers), "her connection ends", 2)
        assert is_open(his)
    if words[1] != "groups":
        with users.socks5(daemon, "alice", "secret-of-alice") as again, pytest.raises(socks.ProxyError):
            again.connect(("127.0.0.1", server.port))
    if words[1] == "disable":
        assert daemon.ctl("user", "enable", "alice").exit == 0
        tunnel(daemon, server).close()


def test_a_reload_that_takes_a_group_revokes(start, serve):
    server = serve(tcp_server.echo)
    def native(*groups):
        return {"users": [{"username": "fixed", "password_hash": users.hash_of("secret-of-fixed"), "groups": list(groups)},
                          {"username": "other", "password_hash": users.hash_of("secret-of-other"), "groups": ["a"]}]}
    daemon = start(users.auth(native=native("a", "b")))
    with users.socks5(daemon, "fixed", "secret-of-fixed") as his, users.socks5(daemon, "other", "secret-of-other") as others:
        for each in (his, others):
            each.connect(("127.0.0.1", server.port))
        daemon.write(users.auth(native=native("b", "c")))
        assert daemon.reload().exit == 0
        his.settimeout(10)
        assert his.recv(1) == b""
        others.sendall(b"still here")
        assert others.recv(100) == b"still here"


def test_a_reload_revokes_too(start, serve):
    daemon = start(users.auth(native={"users": [{"username": "alice", "password_hash": users.hash_of("secret-of-alice")}]}))
    server = serve(tcp_server.echo)
    users.add(daemon, "bob")
    with tunnel(daemon, server) as hers, tunnel(daemon, server, "bob") as his:
        daemon.write({"server": {"auth": {"native": {"users": []}}}})
        assert daemon.reload().exit == 0
        hers.settimeout(5)
        eventually(lambda: not is_open(hers), "her connection ends", 10)
        assert is_open(his)


def test_a_connection_that_outlives_its_process_stays_its_users(start, serve):
    daemon, server = start({**users.auth(), "workers": {"acceptors": 1}}), serve(tcp_server.echo)
    for name in ("alice", "bob"):
        users.add(daemon, name)
    with tunnel(daemon, server) as hers, tunnel(daemon, server, "bob") as his:
        hers.sendall(b"x" * 5000)
        assert len(hers.recv(5000, socket.MSG_WAITALL)) == 5000
        eventually(lambda: [row for row in daemon.query("user", "usage", "alice") if row["bytes_up"] >= 5000], "it is counted", 15)
        flows.await_held(daemon, 2)
        flows.await_successor(daemon, "acceptor", flows.kill(daemon, "acceptor"))
        assert is_open(hers) and is_open(his)
        assert sorted(row["user"] for row in daemon.rows("connections", "connections")) == ["alice", "bob"]
        time.sleep(2.5)  # two reports
        assert daemon.query("user", "usage", "alice")[0]["bytes_up"] < 8000  # not counted twice
        assert daemon.ctl("user", "remove", "alice").exit == 0
        hers.settimeout(5)
        eventually(lambda: not is_open(hers), "her connection ends", 10)
        assert is_open(his)


def test_an_upgrade_keeps_who_is_who(start, serve, origin):
    daemon, server = start({**users.auth(), "workers": {"acceptors": 1}}), serve(tcp_server.echo)
    for name in ("alice", "bob"):
        users.add(daemon, name)
    with tunnel(daemon, server) as hers, tunnel(daemon, server, "bob") as his:
        flows.await_held(daemon, 2)
        assert daemon.ctl("upgrade", deadline=60).exit == 0
        assert is_open(hers) and is_open(his)
        assert curl("-x", daemon.http, "-U", "bob:secret-of-bob", origin.url()).status == 200
        assert curl("-x", daemon.http, "-U", "bob:guess", origin.url()).status == 407
        assert daemon.ctl("user", "remove", "alice").exit == 0
        hers.settimeout(10)
        eventually(lambda: not is_open(hers), "her connection ends", 10)
        assert is_open(his)
    eventually(lambda: {worker["crew"] for worker in daemon.workers()} == {2}, "the old workers end", 20)


def test_a_new_password_replaces_the_old(start, origin):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    assert daemon.ctl("user", "passwd", "alice", input="another\n").exit == 0
    eventually(lambda: curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 407, "the old one is void")
    assert curl("-x", daemon.http, "-U", "alice:another", origin.url()).status == 200


def test_switching_authentication_on_and_off(start, origin, serve):
    daemon, server = start(), serve(tcp_server.echo)
    assert not daemon.workers("auth")
    answer = daemon.ctl("user", "list")
    assert answer.exit == 1 and "server.auth.mode" in answer.err
    with users.socks5(daemon) as open_tunnel:
        open_tunnel.connect(("127.0.0.1", server.port))
        daemon.write(users.auth())
        assert daemon.reload().exit == 0
        assert daemon.workers("auth")[0]["state"] == "running"
        assert curl("-x", daemon.http, origin.url()).status == 407
        assert is_open(open_tunnel)  # what was admitted goes on
        daemon.write({"server": {"auth": {"mode": "none"}}})
        assert daemon.reload().exit == 0
        assert curl("-x", daemon.http, origin.url()).status == 200
        eventually(lambda: not daemon.workers("auth"), "the auth worker is gone")


def test_commands_and_what_they_say(start):
    daemon = start(users.auth(native={"users": [{"username": "fixed", "password_hash": users.hash_of("x"), "groups": ["work"]}]}))
    made = daemon.query("user", "add", "alice", "--generate", "--groups", "a,b")
    assert len(made["password"]) == 20
    assert daemon.ctl("auth", "test", "--user", "alice", "--password", input=made["password"] + "\n").exit == 0
    wrong = daemon.ctl("auth", "test", "--user", "alice", "--password", as_json=True, input="guess\n")
    assert wrong.exit == 1 and wrong.json()["methods"][0]["reason"] == "wrong_password"
    assert daemon.query("auth", "test", "--user", "fixed")["methods"][0]["groups"] == ["work"]
    known = daemon.ctl("auth", "test", "--user", "alice")
    assert known.exit == 0 and "accepted by native (no password was tried)" in known.out
    assert wrong.json()["verdict"] == "refused by native: wrong_password"
    nobody = daemon.ctl("auth", "test", "--user", "nobody")
    assert nobody.exit == 1 and "unknown: unknown_user" in nobody.out
    nothing = daemon.ctl("user", "add", "carol", input="")
    assert nothing.exit == 2 and "no password was given" in nothing.err
    assert daemon.ctl("user", "limits", "alice", "--mbps", "8", "--quota", "100GB", "--requests-per-second", "2.5").exit == 0
    assert "2.5 requests/s, 8 Mbit/s, 100 GB a month" in daemon.ctl("user", "list").out
    assert "nobody of that name" in daemon.ctl("user", "limits", "elsewhere", "--mbps", "8").out
    shown = daemon.query("user", "limits", "elsewhere")[0]
    assert shown["own_limits"] and shown["limits"]["bytes_per_second"] == 1_000_000 and shown["origin"] == "elsewhere" and shown["enabled"] is None
    assert "8 Mbit/s" in daemon.ctl("user", "limits", "elsewhere").out
    assert daemon.ctl("user", "limits", "elsewhere", "--default").exit == 0 and daemon.query("user", "limits", "elsewhere") == []
    refused = daemon.ctl("user", "limits", "alice", "--quota", "much")
    assert refused.exit == 1 and refused.err.startswith("proxyctl: monthly_quota: expected a size")
    assert daemon.ctl("user", "add", "alice", input="x\n").exit == 1
    assert daemon.ctl("user", "add", "a:b", input="x\n").exit == 1
    assert daemon.ctl("user", "add", "x", input="").exit != 0
    fixed = daemon.ctl("user", "remove", "fixed")
    assert fixed.exit == 1 and "is in the configuration" in fixed.err
    listed = {row["name"]: row for row in daemon.query("user", "list")}
    assert listed["alice"]["groups"] == ["a", "b"] and listed["alice"]["origin"] == "store"
    assert listed["fixed"]["origin"] == "config"
    assert daemon.query("user", "groups", "alice", "--add", "c", "--remove", "a")[0]["groups"] == ["b", "c"]
    token = users.token(daemon, "alice", "laptop", "--expires", "30d")
    assert token.startswith("bh_") and daemon.query("user", "token", "list", "alice")[0]["name"] == "laptop"
    assert daemon.ctl("user", "token", "remove", "alice", "laptop").exit == 0
    assert daemon.query("user", "token", "list") == []
    assert "alice" in daemon.ctl("user", "list").out
    assert daemon.ctl("user", "remove", "alice").exit == 0 and daemon.ctl("user", "remove", "alice").exit == 1


# Counting

def test_usage_is_counted_and_kept(start, origin, serve):
    daemon, server = start(users.auth()), serve(tcp_server.echo)
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url("/bytes/1000000")).status == 200
    with tunnel(daemon, server) as connection:
        connection.sendall(b"x" * 500)
        # Of a running connection as well; the acceptors of the two report each in its own time.
        used = eventually(lambda: [row for row in daemon.query("user", "usage", "alice")
                                   if row["bytes_up"] > 500 and row["bytes_down"] > 1_000_000], "it is counted", 15)[0]
        assert used["requests"] == 2
        auth = daemon.worker_pids("auth")[0]
        os.kill(auth, signal.SIGKILL)
        eventually(lambda: daemon.worker_pids("auth") not in ([], [auth]), "there is another auth worker", 20)
        assert eventually(lambda: daemon.query("user", "usage", "alice"), "the store is there")[0]["bytes_down"] >= used["bytes_down"]
    daemon.restart()
    assert daemon.query("user", "usage", "alice")[0]["bytes_down"] >= used["bytes_down"]
    assert daemon.query("user", "list")[0]["month_bytes"] > 1_000_000


# Wrong, again and again

def test_who_guesses_is_delayed_and_banned(start, origin):
    daemon = start(users.auth(cache={"failure_ttl": "0s"},
                              lockout={"enabled": True, "free_attempts": 2, "delay": "200ms", "max_delay": "400ms", "ban_after": 5, "ban": "1h"}))
    users.add(daemon, "alice")
    times = []
    for _ in range(5):
        began = time.monotonic()
        assert curl("-x", daemon.http, "-U", "victim:guess", origin.url()).status == 407
        times.append(time.monotonic() - began)
    assert times[4] > 0.35, times
    banned = curl("-x", daemon.http, "-U", "victim:guess", origin.url())
    assert banned.status == 429 and int(banned.header("Retry-After")) > 3000
    assert "authentication_throttled" in banned.header("Proxy-Status")
    rows = {row["subject"]: row for row in daemon.query("user", "lockouts")}
    assert rows["victim"]["banned"] and rows["victim"]["kind"] == "user"
    assert "victim" in daemon.ctl("user", "lockouts").out
    # Others are not touched, and a ban outlives the process.
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    eventually(lambda: rows_in_store(daemon, "lockouts"), "it is written down")
    os.kill(daemon.worker_pids("auth")[0], signal.SIGKILL)
    eventually(lambda: curl("-x", daemon.http, "-U", "victim:guess", origin.url()).status == 429, "still banned", 20)
    assert daemon.ctl("user", "unlock", "victim").exit == 0
    assert curl("-x", daemon.http, "-U", "victim:guess", origin.url()).status == 407
    assert daemon.ctl("user", "unlock", "nobody-at-all").exit == 1
    kinds = [row["kind"] for row in daemon.query("audit", "list")]
    assert "ban" in kinds and "lift" in kinds and "login_failed" in kinds


def rows_in_store(daemon, table):
    with sqlite3.connect(f"file:{daemon.state}/auth/store.db?mode=ro", uri=True) as store:
        return store.execute(f"SELECT * FROM {table}").fetchall()


# The audit log

def test_the_audit_log_shows_what_was_changed(start, origin):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    assert curl("-x", daemon.http, "-U", "alice:not-this-one", origin.url()).status == 407
    assert daemon.reload().exit == 0
    rows = eventually(lambda: [rows for rows in [daemon.query("audit", "list")] if len(rows) >= 5], "five entries")[0]
    kinds = [row["kind"] for row in rows]
    assert {"start", "user_add", "login", "login_failed", "reload"} <= set(kinds), kinds
    added = rows[kinds.index("user_add")]
    assert added["subject"] == "alice" and added["actor"] == f"uid {os.getuid()}"
    assert rows[kinds.index("login")]["address"] == "127.0.0.1"
    assert "not-this-one" not in json.dumps(rows) and "secret-of-alice" not in json.dumps(rows)
    verified = daemon.query("audit", "verify")
    assert verified["ok"] and verified["entries"] >= 5
    assert daemon.ctl("audit", "verify", "--head", verified["head"]).exit == 0
    assert daemon.ctl("audit", "verify", "--head", "0" * 64).exit == 1
    with sqlite3.connect(daemon.state / "auth/store.db") as store:
        store.execute("UPDATE audit SET subject = 'mallory' WHERE kind = 'login_failed'")
    broken = daemon.ctl("audit", "verify")
    assert broken.exit == 1 and "does not follow" in broken.err


def test_backup(start, tmp_path):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    assert daemon.ctl("store", "backup", tmp_path / "copy.db").exit == 0
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT name FROM users").fetchall() == [("alice",)]
    again = daemon.ctl("store", "backup", tmp_path / "copy.db")
    assert again.exit != 0 and "there already" in again.err
    assert not list((daemon.state / "auth").glob("backup*"))
    assert daemon.query("store", "backup", tmp_path / "other.db") == {"ok": True, "file": str(tmp_path / "other.db")}


def test_a_backup_that_fails_says_so_and_leaves_nothing(start, tmp_path):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    before = sorted((daemon.state / "auth").iterdir())
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    for target, options in ((tmp_path / "missing/copy.db", {}), (tmp_path / "copy.db", {"preexec_fn": no_room})):
        failed = daemon.ctl("store", "backup", target, **options)
        assert failed.exit == 1 and str(target) in failed.err
        said = json.loads(daemon.ctl("store", "backup", target, as_json=True, **options).out)
        assert not said["ok"] and str(target) in said["error"]
        assert not target.exists()
    assert sorted((daemon.state / "auth").iterdir()) == before
    # One after the other in the same second.
    for number in range(3):
        assert daemon.ctl("store", "backup", tmp_path / f"copy-{number}.db").exit == 0
    # Nobody else can look, at any moment: neither at the copy nor at what it is made from.
    assert all(path.stat().st_mode & 0o077 == 0 for path in (daemon.state / "auth").iterdir())


def test_a_token_without_time_is_none(known):
    for nothing in ("0", "0s", "0d"):
        refused = known.ctl("user", "token", "add", "alice", "short", "--expires", nothing)
        assert refused.exit == 2 and "at least" in refused.err, refused
    # Only the token is where a script takes it from.
    made = known.ctl("user", "token", "add", "alice", "taken")
    assert made.out.strip().startswith("bh_") and len(made.out.split()) == 1 and "not shown again" in made.err


@pytest.mark.parametrize("place", ["the same", "the same, emptied", "a new machine's"])
def test_a_backup_takes_the_place_of_the_store(start, tmp_path, origin, place):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    assert daemon.ctl("store", "backup", tmp_path / "copy.db").exit == 0
    users.add(daemon, "bob")
    daemon.finish()
    # As docs/configuration/users.md says.
    own = daemon.state / "auth"
    if place == "a new machine's":
        shutil.rmtree(own)
        own.mkdir(mode=0o755)
    for log in ("store.db-wal", "store.db-shm") + (("store.db",) if place.endswith("emptied") else ()):
        (own / log).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "copy.db", own / "store.db")
    daemon.start()
    assert own.stat().st_mode & 0o777 == 0o700 and (own / "store.db").stat().st_uid == own.stat().st_uid
    assert [row["name"] for row in daemon.query("user", "list")] == ["alice"]
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    users.add(daemon, "carol")
    assert daemon.ctl("audit", "verify").exit == 0


# Trouble

def test_auth_dies_in_a_storm_of_logins(start, serve):
    """Logins are delayed, none is wrongly answered, and no connection notices."""
    daemon = start(users.auth(cache={"ttl": "0s", "failure_ttl": "0s"}, timeout="30s"))
    server = serve(tcp_server.echo)
    names = [f"user{number}" for number in range(4)]
    for name in names:
        users.add(daemon, name)
    wrong, done = [], threading.Event()

    def good(name):
        while not done.is_set():
            try:
                tunnel(daemon, server, name).close()
            except Exception as error:  # noqa: BLE001
                wrong.append((name, repr(error)))

    def bad():
        while not done.is_set():
            try:
                with users.socks5(daemon, "user0", "guess") as connection:
                    connection.connect(("127.0.0.1", server.port))
                wrong.append(("bad", "was let in"))
            except socks.ProxyError:
                pass

    with tunnel(daemon, server, "user0") as established:
        threads = [threading.Thread(target=good, args=(name,)) for name in names] + [threading.Thread(target=bad)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before = daemon.worker_pids("auth")
            os.kill(before[0], signal.SIGKILL)
            eventually(lambda: daemon.worker_pids("auth") not in ([], before), "there is another auth worker", 30)
            assert is_open(established)
            time.sleep(0.5)
        done.set()
        for thread in threads:
            thread.join(60)
        assert is_open(established)
    assert not wrong, wrong[:5]


def test_auth_that_stays_away_lets_nobody_in(start, origin):
    daemon = start(users.auth(timeout="1s", cache={"ttl": "0s"}))
    users.add(daemon, "alice")
    auth = daemon.worker_pids("auth")[0]
    os.kill(auth, signal.SIGSTOP)
    try:
        began = time.monotonic()
        result = curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url())
        assert result.status == 503 and "authentication_unavailable" in result.header("Proxy-Status")
        assert 0.9 < time.monotonic() - began < 8
    finally:
        os.kill(auth, signal.SIGCONT)
    eventually(lambda: curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200, "it is back")


def test_what_is_remembered_needs_no_auth_worker(start, origin):
    daemon = start({**users.auth(), "workers": {"acceptors": 1}})
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    auth = daemon.worker_pids("auth")[0]
    os.kill(auth, signal.SIGSTOP)
    try:
        for _ in range(20):
            assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    finally:
        os.kill(auth, signal.SIGCONT)


def test_no_other_process_holds_a_secret(start, origin):
    """Their memory, searched: the acceptors have forgotten what they parsed, the supervisor never knew."""
    secrets = {"password": "pa55-of-the-store-in-clear", "guess": "a-wrong-pa55-in-clear", "config": "pa55-of-the-config-in-clear"}
    config_hash = users.hash_of(secrets["config"])
    daemon = start(users.auth(native={"users": [{"username": "fixed", "password_hash": config_hash}]}))
    users.add(daemon, "alice", secrets["password"])
    for user, secret in (("alice", "password"), ("alice", "guess"), ("fixed", "config")):
        curl("-x", daemon.http, "-U", f"{user}:{secrets[secret]}", origin.url())
        curl("-p", "-x", daemon.http, "-U", f"{user}:{secrets[secret]}", origin.url())
        try:
            with users.socks5(daemon, user, secrets[secret]) as connection:
                connection.connect(("127.0.0.1", origin.port))
        except socks.ProxyError:
            pass
    daemon.write()
    assert daemon.reload().exit == 0
    wanted = [secret.encode() for secret in secrets.values()] + [config_hash.rpartition("$")[2].encode()]
    wanted += [users.basic("alice", secrets["password"]).split()[-1].encode()]
    auth = daemon.worker_pids("auth")
    for pid in daemon.pids():
        if pid not in auth:
            assert not found_in_memory(pid, wanted), f"pid {pid} ({open(f'/proc/{pid}/cmdline').read()[:80]!r})"

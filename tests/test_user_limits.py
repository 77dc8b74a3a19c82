"""Limits of single users: they come with the verdict, are counted over all acceptors, addresses and protocols, and a change holds
for connections that are open."""
import contextlib

import pytest
import socks

from harness import raw_client, tcp_server, users
from harness.pressure import MBIT, Caller, Downloads, Requests, flood, keeps_to
from harness.raw_client import UDP_ASSOCIATE
from harness.waiting import eventually

ACCEPTORS = {"workers": {"acceptors": 3}, "access_log": {"enabled": False}}


def people(start, *names, **auth):
    daemon = start({**users.auth(**auth), **ACCEPTORS})
    for name in names:
        users.add(daemon, name)
    return daemon


def limit(daemon, user, *words):
    assert daemon.ctl("user", "limits", user, *words).exit == 0


def of_config(**limits):
    """By name, so that a reload replaces what there is."""
    return {"users": [{"username": "alice", "password_hash": ALICE, "limits": limits}]}


ALICE = users.hash_of("secret-of-alice")


# Connections

def tunnel(daemon, server, user="alice"):
    connection = users.socks5(daemon, user, f"secret-of-{user}")
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(b"hello")
    assert connection.recv(100) == b"hello"
    return connection


def connect(daemon, server, source="127.0.0.1", user="alice"):
    client = raw_client.RawHttp(daemon.http_port, source=source)
    return client, client.connect(f"127.0.0.1:{server.port}", users.basic(user, f"secret-of-{user}"))


def associate(daemon, user="alice"):
    client = raw_client.RawSocks(daemon.socks_port)
    assert client.greet(b"\x02") == 2
    client.send(bytes([1, len(user)]) + user.encode() + bytes([len(f"secret-of-{user}")]) + f"secret-of-{user}".encode())
    assert client.reader.exactly(2) == b"\x01\x00"
    return client, client.request(UDP_ASSOCIATE, "0.0.0.0", 0)[0]


def test_connections_count_over_protocols_addresses_and_acceptors(start, serve, origin):
    daemon, server = people(start, "alice", "bob"), serve(tcp_server.echo)
    limit(daemon, "alice", "--connections", "4")
    with contextlib.ExitStack() as open_ones:
        hold = lambda pair: (open_ones.enter_context(pair[0]), pair[1])[1]  # noqa: E731
        assert hold(connect(daemon, server)).status == 200
        assert hold(connect(daemon, server, "127.0.0.2")).status == 200
        assert hold(associate(daemon)) == 0
        last = open_ones.enter_context(tunnel(daemon, server))

        answer = hold(connect(daemon, server, "127.0.0.3"))
        assert answer.status == 429 and int(answer.fields.get("Retry-After")) >= 1
        assert "connection_limit_user" in answer.fields.get("Proxy-Status")
        with raw_client.RawHttp(daemon.http_port) as client:
            for _ in range(3):  # and again on the same connection
                assert client.get(origin.url(), users.basic("alice", "secret-of-alice")).status == 429
        assert hold(associate(daemon)) == 2
        with pytest.raises(socks.ProxyError, match="0x02"):
            tunnel(daemon, server)
        tunnel(daemon, server, "bob").close()
        last.close()
        eventually(lambda: tunnel(daemon, server).close() is None, "there is room again")


def test_a_changed_number_of_connections_holds_at_once(start, serve):
    daemon, server = people(start, "alice"), serve(tcp_server.echo)
    limit(daemon, "alice", "--connections", "1")
    with tunnel(daemon, server) as first:
        with pytest.raises(socks.ProxyError):
            tunnel(daemon, server)
        limit(daemon, "alice", "--connections", "2")
        with eventually(lambda: tunnel(daemon, server), "there is room for two") as second:
            limit(daemon, "alice", "--connections", "1")
            for each in (first, second):  # who is in stays in
                each.sendall(b"still")
                assert each.recv(100) == b"still"


# Rates, measured

def test_requests_a_second_over_acceptors_and_addresses(start, origin):
    daemon = people(start, "alice", "bob")
    limit(daemon, "alice", "--requests-per-second", "60", "--burst", "20")
    limit(daemon, "bob", "--requests-per-second", "40", "--burst", "20")
    requests = Requests(daemon, origin, [Caller("127.0.0.1", "alice"), Caller("127.0.0.2", "alice"), Caller("127.0.0.1", "bob")], threads=6)
    try:
        eventually(lambda: requests.served("alice") > 60 and requests.served("bob") > 60, "the bursts are used up")
        keeps_to(lambda: requests.served("alice"), 60)
        keeps_to(lambda: requests.served("bob"), 40)
        limit(daemon, "alice", "--requests-per-second", "120")
        keeps_to(lambda: requests.served("alice"), 120)
    finally:
        requests.finish()


def test_too_many_requests_are_refused(start, origin):
    daemon = people(start, "alice", "bob")
    limit(daemon, "alice", "--requests-per-second", "0.1", "--burst", "2")
    mine = users.basic("alice", "secret-of-alice")
    with raw_client.RawHttp(daemon.http_port) as client, raw_client.RawHttp(daemon.http_port, source="127.0.0.2") as elsewhere:
        assert [client.get(origin.url(), mine).status for _ in range(3)] == [200, 200, 200]
        for each in (client, elsewhere):
            answer = each.get(origin.url(), mine)
            assert answer.status == 429 and 1 <= int(answer.fields.get("Retry-After")) <= 10
            assert "rate_limit_user" in answer.fields.get("Proxy-Status")
        assert client.get(origin.url(), users.basic("bob", "secret-of-bob")).status == 200, "the connection stays usable, for others too"
    with users.socks5(daemon, "alice", "secret-of-alice") as connection, pytest.raises(socks.ProxyError, match="0x02"):
        connection.connect(("127.0.0.1", origin.port))


# Bandwidth, measured: what a user's connections have together, whichever acceptors they are with

def test_bandwidth_changes_while_it_runs(start, serve):
    daemon = people(start, "alice", "bob")
    limit(daemon, "alice", "--mbps", "16")
    limit(daemon, "bob", "--mbps", "8")
    callers = [Caller(f"127.0.0.{number}", "alice") for number in (1, 2, 3, 1)] + [Caller("127.0.0.1", "bob")]
    downloads = Downloads(daemon, serve(flood).port, callers)
    try:
        keeps_to(lambda: downloads.total("alice"), 16 * MBIT)
        keeps_to(lambda: downloads.total("bob"), 8 * MBIT)
        limit(daemon, "alice", "--mbps", "32")
        keeps_to(lambda: downloads.total("alice"), 32 * MBIT)
        limit(daemon, "alice", "--mbps", "8")
        keeps_to(lambda: downloads.total("alice"), 8 * MBIT)
    finally:
        downloads.close()


def test_limits_of_the_configuration_change_with_a_reload(start, serve):
    daemon = people(start, native=of_config(max_mbps=16))
    downloads = Downloads(daemon, serve(flood).port, [Caller(f"127.0.0.{number}", "alice") for number in (1, 2, 3)])
    try:
        keeps_to(lambda: downloads.total("alice"), 16 * MBIT)
        daemon.write({"server": {"auth": {"native": of_config(max_mbps=32)}}})
        assert daemon.reload().exit == 0
        keeps_to(lambda: downloads.total("alice"), 32 * MBIT)
    finally:
        downloads.close()

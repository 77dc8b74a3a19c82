"""Limits of single users: they come with the verdict, are counted over all acceptors, addresses and protocols, and a change holds
for connections that are open."""
import contextlib
import os
import signal
import socket

import pytest
import socks

from harness import raw_client, tcp_server, users
from harness.flows import await_held, survival
from harness.pressure import MBIT, Caller, Downloads, Requests, flood, keeps_to
from harness.raw_client import UDP_ASSOCIATE
from harness.waiting import eventually

pytestmark = pytest.mark.alone

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


def associate_at(daemon, user):
    client, (code, (_, port)) = ask_to_associate(daemon, user)
    assert code == 0
    return client, port


def associate(daemon, user="alice"):
    client, (code, _) = ask_to_associate(daemon, user)
    return client, code


def ask_to_associate(daemon, user):
    client = raw_client.RawSocks(daemon.socks_port)
    assert client.greet(b"\x02") == 2
    client.send(bytes([1, len(user)]) + user.encode() + bytes([len(f"secret-of-{user}")]) + f"secret-of-{user}".encode())
    assert client.reader.exactly(2) == b"\x01\x00"
    return client, client.request(UDP_ASSOCIATE, "0.0.0.0", 0)


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


# Destinations

ONLY_THE_NAME = ("--domains", "localhost", "--destinations", "192.0.2.0/24")


def goes_on(connection):
    try:
        connection.sendall(b"still")
        return connection.recv(100) == b"still"
    except OSError:
        return False


def assert_ends(connection):
    eventually(lambda: not goes_on(connection), "the connection ends")


@contextlib.contextmanager
def five_ways(daemon, server, origin):
    """Of bob: a SOCKS and an HTTP tunnel to the address, a SOCKS tunnel to the name, a kept-alive connection between two requests, and
    a tunnel of somebody else's."""
    with contextlib.ExitStack() as stack:
        by_socks = stack.enter_context(tunnel(daemon, server, "bob"))
        by_http, answer = connect(daemon, server, user="bob")
        stack.enter_context(by_http)
        assert answer.status == 200
        by_name = stack.enter_context(users.socks5(daemon, "bob", "secret-of-bob"))
        by_name.connect(("localhost", server.port))
        idle = stack.enter_context(raw_client.RawHttp(daemon.http_port))
        assert idle.get(origin.url(), users.basic("bob", "secret-of-bob")).status == 200
        other = stack.enter_context(tunnel(daemon, server, "alice"))
        assert all(goes_on(each) for each in (by_socks, by_http.sock, by_name, other))
        yield by_socks, by_http.sock, by_name, idle, other


def assert_only_the_name_goes_on(ways, origin):
    by_socks, by_http, by_name, idle, other = ways
    assert_ends(by_socks)
    assert_ends(by_http)
    assert goes_on(by_name) and goes_on(other)
    assert idle.get(origin.url(), users.basic("bob", "secret-of-bob")).status == 403
    assert idle.get(origin.url().replace("127.0.0.1", "localhost"), users.basic("bob", "secret-of-bob")).status == 200


def test_changed_destinations_hold_for_what_runs(start, serve, origin):
    daemon, server = people(start, "alice", "bob"), serve(tcp_server.echo)
    with five_ways(daemon, server, origin) as ways:
        limit(daemon, "bob", "--destinations", "127.0.0.0/8", "--domains", "localhost")
        assert all(goes_on(each) for each in (ways[0], ways[1], ways[2], ways[4])), "what is still allowed stays"
        limit(daemon, "bob", *ONLY_THE_NAME)
        assert_only_the_name_goes_on(ways, origin)


def test_destinations_of_the_configuration_that_a_reload_changes(start, serve, origin):
    def both(**of_bob):
        each = {name: {"username": name, "password_hash": users.hash_of(f"secret-of-{name}")} for name in ("alice", "bob")}
        return {"users": [each["alice"], {**each["bob"], "limits": of_bob}]}

    daemon, server = people(start, native=both(max_connections=100)), serve(tcp_server.echo)
    with five_ways(daemon, server, origin) as ways:
        daemon.write({"server": {"auth": {"native": both(domains=["localhost"], destinations=["192.0.2.0/24"])}}})
        assert daemon.reload().exit == 0
        assert_only_the_name_goes_on(ways, origin)


def test_changed_destinations_hold_for_what_another_acceptor_carries(start, serve):
    daemon, server = people(start, "bob"), serve(tcp_server.echo)
    with tunnel(daemon, server, "bob") as connection:
        await_held(daemon, 1)
        holder = daemon.rows("connections", "connections")[0]["worker"]
        os.kill(next(row["pid"] for row in daemon.workers("acceptor") if row["index"] == holder), signal.SIGKILL)
        eventually(lambda: survival(daemon)["adopted"] == 1, "another one carries it")
        assert goes_on(connection)
        limit(daemon, "bob", *ONLY_THE_NAME)
        assert_ends(connection)


def test_changed_destinations_end_an_association(start):
    daemon = people(start, "alice", "bob")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        target.bind(("127.0.0.1", 0))
        target.settimeout(10)
        (his, relay), (hers, _) = associate_at(daemon, "bob"), associate_at(daemon, "alice")
        with his, hers:
            sender.sendto(raw_client.udp_header("127.0.0.1", target.getsockname()[1]) + b"datagram", ("127.0.0.1", relay))
            assert target.recvfrom(100)[0] == b"datagram"
            limit(daemon, "bob", *ONLY_THE_NAME)
            assert his.closed() and not hers.closed(timeout=0.5)
        again, relay = associate_at(daemon, "bob")
        with again:
            sender.sendto(raw_client.udp_header("127.0.0.1", target.getsockname()[1]) + b"refused", ("127.0.0.1", relay))
            sender.sendto(raw_client.udp_header("localhost", target.getsockname()[1]) + b"allowed", ("127.0.0.1", relay))
            assert target.recvfrom(100)[0] == b"allowed"


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

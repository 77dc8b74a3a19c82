"""Several backends of one rule: who gets which share, what happens when one is gone, limits, and removal."""
import collections
import os
import signal
import socket
import threading
import time

import pytest

from harness import configuration, parents, ports, raw_client, tcp_server
from harness.configuration import direct, everything, parent
from harness.flows import Flow, Meeting, await_held, await_settled, await_successor, kill
from harness.load import Tunnel
from harness.waiting import eventually

# Circuits that open late, so that they do not meddle with tests of other things.
PATIENT = {"passive": {"failures": 1000}}


def balanced(*choices, **balancing):
    """A rule for everything; choices are names or (name, weight)."""
    names = [choice if isinstance(choice, tuple) else (choice, 1) for choice in choices]
    rule = configuration.rule("Balanced", domains=["*"])
    rule["backends"] = [{"name": name, "weight": weight} for name, weight in names]
    rule["load_balancing"] = balancing
    return rule


def listed(proxy):
    return {row["name"]: row for row in proxy.rows("backends", "backend", "list")}


def get(proxy, origin, source="127.0.0.1", path="/hello"):
    with raw_client.RawHttp(proxy.http_port, source=source) as client:
        return client.get(origin.url(path), "Connection: close")


def used(proxy, origin, count, source="127.0.0.1"):
    """How often each backend carried one of so many requests."""
    before = len(proxy.access())
    for _ in range(count):
        assert get(proxy, origin, source).status == 200
    records = eventually(lambda: (lambda all: all if len(all) >= before + count else None)(proxy.access()), "all are logged")
    return collections.Counter(record["backend"] for record in records[before:])


@pytest.fixture(scope="module")
def exits(tmp_path_factory):
    """Three SOCKS5 parents."""
    three = [parents.microsocks(tmp_path_factory.mktemp(f"exit{i}"), authenticated=False) for i in range(3)]
    yield three
    for each in three:
        each.close()


def backends_of(exits, **settings):
    return [{**parent(name, "socks5", each.address), **settings} for name, each in zip("abc", exits)]


# Who gets how much

def test_round_robin_by_weight(start, exits, origin):
    proxy = start({"workers": {"acceptors": 1}, "backends": backends_of(exits),
                   "rules": [balanced(("a", 2), ("b", 1), ("c", 1), algorithm="round_robin")]})
    assert used(proxy, origin, 40) == {"a": 20, "b": 10, "c": 10}


def test_weighted_over_two_acceptors(start, exits, origin):
    proxy = start({"backends": backends_of(exits), "rules": [balanced(("a", 3), ("b", 1), algorithm="weighted")]})
    share = used(proxy, origin, 200)
    assert 120 <= share["a"] <= 180 and share["a"] + share["b"] == 200, share


def test_a_backup_is_used_when_nothing_else_can_be(start, tmp_path, exits, origin):
    lone = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = start({"backends": [parent("a", "socks5", lone.address), *backends_of(exits)[1:2]],
                       "rules": [balanced("a", ("b", 0))], "health_checks": PATIENT})
        assert used(proxy, origin, 6) == {"a": 6}
        lone.kill()
        assert used(proxy, origin, 3) == {"b": 3}
        lone.start()
        assert used(proxy, origin, 3) == {"a": 3}
    finally:
        lone.close()


def test_least_connections_over_all_acceptors(start, exits, serve):
    proxy = start({"workers": {"acceptors": 3}, "backends": backends_of(exits), "rules": [balanced("a", "b", "c", algorithm="least_conn")]})
    echo = serve(tcp_server.echo)
    tunnels = []
    for _ in range(30):
        tunnels.append(raw_client.RawHttp(proxy.http_port))
        assert tunnels[-1].connect(f"127.0.0.1:{echo.port}").status == 200
    assert {name: row["in_use"] for name, row in listed(proxy).items()} == {"a": 10, "b": 10, "c": 10}
    for tunnel in tunnels:
        tunnel.close()
    eventually(lambda: all(row["in_use"] == 0 for row in listed(proxy).values()), "all are given back")


def test_random_choices_prefer_the_less_loaded(start, exits, serve):
    proxy = start({"backends": backends_of(exits), "rules": [balanced("a", "b", "c", algorithm="random")]})
    echo = serve(tcp_server.echo)
    tunnels = []
    for _ in range(60):
        tunnels.append(raw_client.RawHttp(proxy.http_port))
        assert tunnels[-1].connect(f"127.0.0.1:{echo.port}").status == 200
    shares = [row["in_use"] for row in listed(proxy).values()]
    assert sum(shares) == 60 and max(shares) - min(shares) <= 8, shares
    for tunnel in tunnels:
        tunnel.close()


def test_ip_hash_moves_only_the_clients_of_a_backend_that_is_gone(start, tmp_path, origin):
    three = [parents.microsocks(tmp_path / name, authenticated=False) for name in "abc"]
    try:
        proxy = start({"backends": backends_of(three), "rules": [balanced("a", "b", "c", algorithm="ip_hash")], "health_checks": PATIENT})
        clients = [f"127.0.0.{i}" for i in range(10, 40)]
        before = {client: next(iter(used(proxy, origin, 2, client).elements())) for client in clients}
        assert set(before.values()) == {"a", "b", "c"}, "they are spread"
        three[1].kill()
        after = {client: next(iter(used(proxy, origin, 1, client).elements())) for client in clients}
        assert all(after[client] == backend for client, backend in before.items() if backend != "b")
        assert all(after[client] != "b" for client in clients)
        three[1].start()
        proxy.restart()
        again = {client: next(iter(used(proxy, origin, 1, client).elements())) for client in clients}
        assert again == before, "the same after a restart"
    finally:
        for each in three:
            each.close()


def test_sticky_clients_stay_over_all_acceptors(start, exits, origin):
    proxy = start({"workers": {"acceptors": 3}, "backends": backends_of(exits),
                   "rules": [balanced("a", "b", "c", algorithm="round_robin", sticky_sessions=True)]})
    homes = {client: used(proxy, origin, 6, client) for client in [f"127.0.0.{i}" for i in range(50, 59)]}
    assert all(len(home) == 1 for home in homes.values()), homes
    assert len(set().union(*homes.values())) > 1, "not all at one"


def slow_way(delay):
    """A CONNECT proxy in front of others that takes its time."""
    def handler(connection, _server):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        host, port = head.split()[1].decode().split(":")
        time.sleep(delay)
        with socket.create_connection((host, int(port))) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

            def pump(source, sink):
                try:
                    while data := source.recv(65536):
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

            back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            back.start()
            pump(connection, onward)
            back.join()

    return handler


def test_latency_prefers_the_quick_way(start, exits, origin, serve):
    slow = serve(slow_way(0.15))
    proxy = start({"backends": [parent("front", "http", f"127.0.0.1:{slow.port}"), parent("far", "socks5", exits[0].address, via="front"),
                                parent("near", "socks5", exits[1].address)],
                   "rules": [balanced("far", "near", algorithm="latency")]})
    share = used(proxy, origin, 60)
    assert share["near"] >= 50 and share["far"] >= 1, share
    rows = listed(proxy)
    assert rows["far"]["connect_ms"] > 100 > rows["near"]["connect_ms"], rows


# When one is gone

@pytest.mark.parametrize("kind", ["squid", "dante", "haproxy", "bulkhead"])
def test_a_parent_is_killed_and_comes_back(start, tmp_path, exits, origin, certificates, kind):
    """No request fails: what cannot connect goes another way, and the first is used again when it is back."""
    tls, behind = None, None
    if kind == "squid":
        first = parents.squid(tmp_path / "first")
    elif kind == "dante":
        first = parents.dante(tmp_path / "first")
    elif kind == "haproxy":
        behind = parents.squid(tmp_path / "behind")
        first = parents.tls_front(tmp_path / "first", certificates, behind.port)
        tls = {"enabled": True, "ca_file": str(certificates.ca), "server_name": "localhost"}
    else:
        behind = start({"server": {"via": "behind"}, "workers": {"acceptors": 1}})
        address = f"127.0.0.1:{behind.mixed_port}"
    protocol = "socks5" if kind == "dante" else "http"
    try:
        backend = parent("first", protocol, address if kind == "bulkhead" else first.address, tls=tls)
        proxy = start({"backends": [backend, parent("second", "socks5", exits[0].address)],
                       "rules": [balanced("first", "second", algorithm="failover")],
                       "health_checks": {"passive": {"failures": 3, "rest": "300ms", "max_rest": "300ms"}}})
        assert used(proxy, origin, 3) == {"first": 3}
        if kind == "bulkhead":
            behind.service.kill()
        else:
            first.kill()
        assert used(proxy, origin, 8) == {"second": 8}
        row = eventually(lambda: (lambda found: found if found["status"] == "unhealthy" else None)(listed(proxy)["first"]), "it is marked")
        assert row["found_by"] == "traffic" and row["circuit"] != "closed" and row["problem"], row
        if kind == "bulkhead":
            behind.service = None
            behind.start()
        else:
            first.start()
        eventually(lambda: used(proxy, origin, 1) == {"first": 1}, "it is tried again and used")
        assert listed(proxy)["first"]["circuit"] == "closed"
        eventually(lambda: listed(proxy)["first"]["status"] == "healthy", "its state follows")
    finally:
        if kind != "bulkhead":
            first.close()
        if behind is not None and kind != "bulkhead":
            behind.close()


@pytest.mark.parametrize("protocol", ["http", "connect", "socks5", "socks4"])
def test_connecting_is_tried_elsewhere(start, exits, origin, serve, protocol):
    echo = serve(tcp_server.echo)
    down = [parent(f"down{i}", kind, f"127.0.0.1:{ports.closed()}") for i, kind in enumerate(("http", "socks5"))]
    proxy = start({"backends": [*down, parent("up", "socks5", exits[0].address)], "health_checks": PATIENT,
                   "rules": [balanced("down0", "down1", "up", algorithm="failover")]})
    for _ in range(5):
        if protocol == "http":
            assert get(proxy, origin).status == 200
        elif protocol == "connect":
            with raw_client.RawHttp(proxy.http_port) as client:
                assert client.connect(f"127.0.0.1:{echo.port}", early=b"ping").status == 200
                assert client.reader.exactly(4) == b"ping"
        else:
            with raw_client.RawSocks(proxy.socks_port) as client:
                if protocol == "socks5":
                    assert client.open(raw_client.CONNECT, "127.0.0.1", echo.port, early=b"ping")[0] == 0
                else:
                    assert client.socks4(raw_client.CONNECT, "127.0.0.1", echo.port, early=b"ping")[0] == 90
                assert client.reader.exactly(4) == b"ping"
    assert proxy.await_access(protocol=protocol)["backend"] == "up"
    assert listed(proxy)["down0"]["failed"] == 5


def test_a_login_does_not_follow_the_request_to_another_parent(start, squid_with_login, squid, origin):
    """The first wants a login and is out of reach, the second would show what it is sent."""
    login = {"username": parents.USER, "password": parents.PASSWORD}
    proxy = start({"backends": [parent("first", "http", f"127.0.0.1:{ports.closed()}", **login), parent("second", "http", squid.address)],
                   "rules": [balanced("first", "second", algorithm="failover")]})
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url("/headers"), "Connection: close")
    assert answer.status == 200 and b"roxy-" not in answer.body, answer


def test_what_was_sent_is_never_sent_again(start, exits, origin):
    """The origin closes after it has the request: an answer, not another try elsewhere."""
    proxy = start({"backends": backends_of(exits), "rules": [balanced("a", "b", "c")]})
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url("/drop"), "Content-Length: 4", method="POST", body=b"once")
    assert answer.status == 502
    assert origin.paths() == ["/drop"]


def test_no_more_attempts_than_allowed(start, exits, origin):
    down = [parent(f"down{i}", "socks5", f"127.0.0.1:{ports.closed()}") for i in range(2)]
    proxy = start({"backends": [*down, parent("up", "socks5", exits[0].address)], "health_checks": PATIENT,
                   "rules": [balanced("down0", "down1", "up", algorithm="failover", attempts=2)]})
    assert get(proxy, origin).status == 502
    assert proxy.await_access(refusal="parent_unreachable")["backend"] == "down1"


def test_a_policy_is_not_walked_around(start, exits, origin):
    """What the direct way may not reach is not asked of a parent instead."""
    proxy = start({"backends": [direct(), parent("up", "socks5", exits[0].address)], "rules": [balanced("direct", "up", algorithm="failover")],
                   "access_control": {"destinations": {"allow": [], "deny": []}}})
    assert get(proxy, origin).status == 403
    assert origin.connections == 0


def test_a_resting_backend_refuses_at_once_and_recovers(start, tmp_path, origin):
    lone = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = start({"backends": [parent("lone", "socks5", lone.address)], "rules": [everything("lone")],
                       "health_checks": {"passive": {"failures": 4, "rest": "400ms", "max_rest": "400ms"}}})
        lone.kill()
        assert [get(proxy, origin).status for _ in range(5)] == [502, 502, 502, 502, 503]
        assert proxy.await_access(refusal="backend_unavailable")["backend"] == "lone"
        proxy.await_log("backend is unhealthy")
        lone.start()
        eventually(lambda: get(proxy, origin).status == 200, "the trial succeeds")
        assert all(get(proxy, origin).status == 200 for _ in range(10))
        proxy.await_log("backend is healthy")
    finally:
        lone.close()


def test_destinations_do_not_count_against_a_backend(start, exits, origin):
    """Or any client could have a backend marked."""
    proxy = start({"backends": backends_of(exits)[:1], "rules": [everything("a")], "health_checks": {"passive": {"failures": 2}}})
    for _ in range(6):
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.connect(f"127.0.0.1:{ports.closed()}").status == 502
    row = listed(proxy)["a"]
    assert row["circuit"] == "closed" and row["status"] != "unhealthy", row
    assert get(proxy, origin).status == 200


# Datagrams and BIND take what can carry them

def test_udp_takes_the_backend_that_can_carry_it(start, exits):
    server = tcp_server.UdpServer()
    try:
        proxy = start({"backends": [*backends_of(exits)[:1], direct()], "rules": [balanced("a", "direct", algorithm="failover")]})
        with raw_client.RawSocks(proxy.socks_port) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            assert client.greet() == 0
            code, relay = client.request(raw_client.UDP_ASSOCIATE, "0.0.0.0", 0)
            assert code == 0
            udp.settimeout(5)
            udp.sendto(raw_client.udp_header("127.0.0.1", server.port) + b"hello", relay)
            assert raw_client.parse_udp(udp.recv(65535))[1] == b"hello"
            code, _ = raw_client.RawSocks(proxy.socks_port).open(raw_client.BIND, "127.0.0.1", 9)
            assert code == 0
    finally:
        server.close()


def test_datagrams_and_bind_take_a_place(start):
    first, second = tcp_server.UdpServer(), tcp_server.UdpServer()
    try:
        proxy = start(limited(max_connections=1))
        with raw_client.RawSocks(proxy.socks_port) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            assert client.greet() == 0
            _, relay = client.request(raw_client.UDP_ASSOCIATE, "0.0.0.0", 0)
            udp.settimeout(5)
            udp.sendto(raw_client.udp_header("127.0.0.1", first.port) + b"hello", relay)
            assert raw_client.parse_udp(udp.recv(65535))[1] == b"hello"
            assert listed(proxy)["direct"]["in_use"] == 1
            udp.sendto(raw_client.udp_header("127.0.0.1", second.port) + b"hello", relay)
            assert proxy.await_access(refusal="overloaded")["destination"] == f"127.0.0.1:{second.port}"
            with raw_client.RawSocks(proxy.socks_port) as other:
                assert other.open(raw_client.BIND, "127.0.0.1", 9)[0] == 1
        eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "the association is over")
        with raw_client.RawSocks(proxy.socks_port) as other:
            assert other.open(raw_client.BIND, "127.0.0.1", 9)[0] == 0
            assert listed(proxy)["direct"]["in_use"] == 1
        eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "nobody waits for a connection any more")
    finally:
        first.close()
        second.close()


# Limits

def limited(proxy_settings=None, **settings):
    return {"backends": [{**direct(), **settings}], "rules": [everything()], "workers": {"acceptors": 3}, **(proxy_settings or {})}


def test_the_limit_holds_over_all_acceptors(start, serve):
    """At no moment are there more connections, however many ask; all are served in the end."""
    most, now, lock = 0, 0, threading.Lock()

    def counting(connection, _server):
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        connection.sendall(connection.recv(100))
        time.sleep(0.01)
        with lock:
            now -= 1

    server = serve(counting)
    proxy = start(limited(max_connections=4, queue_timeout="10s"))
    failures = []

    def client():
        for _ in range(6):
            with raw_client.RawHttp(proxy.http_port, timeout=30) as raw:
                answer = raw.connect(f"127.0.0.1:{server.port}", early=b"x")
                if answer.status != 200 or raw.reader.exactly(1) != b"x":
                    failures.append(answer)

    threads = [threading.Thread(target=client) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures, failures
    assert server.connections == 24 * 6 and 3 <= most <= 4, most
    eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "all places are given back")


def test_waiting_is_bounded_and_timed(start, serve):
    echo = serve(tcp_server.echo)
    proxy = start(limited(max_connections=1, max_queue=1, queue_timeout="1s"))
    holder = Tunnel(proxy, echo.port)
    answers, began = [], time.monotonic()

    def ask():
        with raw_client.RawHttp(proxy.http_port) as client:
            status = client.connect(f"127.0.0.1:{echo.port}").status
        answers.append((status, time.monotonic() - began))

    waiting = threading.Thread(target=ask)
    waiting.start()
    eventually(lambda: listed(proxy)["direct"]["waiting"] == 1, "it waits")
    ask()
    assert answers[0][0] == 503, "too many wait"
    assert not [answer for answer in answers if answer[1] > 0.9], "which is said at once"
    waiting.join(10)
    assert answers[1][0] == 503 and 0.9 < answers[1][1] < 3, answers
    assert proxy.await_access(refusal="overloaded")["backend"] == "direct"
    row = listed(proxy)["direct"]
    assert (row["in_use"], row["max_connections"], row["waiting"]) == (1, 1, 0)
    holder.finish()
    eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "it is free again")
    assert Tunnel(proxy, echo.port).finish() is None


def test_a_place_goes_to_whoever_waits(start, serve):
    echo = serve(tcp_server.echo)
    proxy = start(limited(max_connections=1, queue_timeout="20s"))
    holder = Tunnel(proxy, echo.port)
    got = []
    waiting = threading.Thread(target=lambda: got.append(Tunnel(proxy, echo.port)))
    waiting.start()
    eventually(lambda: listed(proxy)["direct"]["waiting"] == 1, "it waits")
    holder.finish()
    waiting.join(10)
    assert got and got[0].finish() is None


def test_a_limit_for_all_backends_and_one_that_differs(start, exits, serve):
    echo = serve(tcp_server.echo)
    two = backends_of(exits, max_queue=0)[:2]
    two[1]["max_connections"] = 2
    proxy = start({"backends": two, "network": {"limits": {"max_connections_per_backend": 1}},
                   "rules": [balanced("a", "b", algorithm="failover")]})
    tunnels = [Tunnel(proxy, echo.port) for _ in range(3)]
    assert {name: row["in_use"] for name, row in listed(proxy).items()} == {"a": 1, "b": 2}, "the full one is passed over"
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{echo.port}").status == 503
    for tunnel in tunnels:
        assert tunnel.finish() is None


def test_idle_connections_make_room(start, serve, origin):
    """A connection kept for the next request of its kind does not keep others out, whichever acceptor has it."""
    proxy = start(limited(max_connections=1, queue_timeout="5s"))
    echo = serve(tcp_server.echo)
    for _ in range(6):
        with raw_client.RawHttp(proxy.http_port) as keeps:
            assert keeps.get(origin.url()).status == 200
            assert listed(proxy)["direct"]["in_use"] == 1, "it waits for the next request"
            began = time.monotonic()
            with raw_client.RawHttp(proxy.http_port) as client:
                assert client.connect(f"127.0.0.1:{echo.port}", early=b"ping").status == 200
                assert client.reader.exactly(4) == b"ping"
            assert time.monotonic() - began < 2


def test_what_a_dead_acceptor_counted_is_taken_back(start, serve):
    echo = serve(tcp_server.echo)
    proxy = start(limited({"workers": {"acceptors": 2}}, max_connections=4, max_queue=0))
    tunnels = [Tunnel(proxy, echo.port) for _ in range(4)]
    assert listed(proxy)["direct"]["in_use"] == 4
    for pid in proxy.worker_pids("acceptor"):
        os.kill(pid, signal.SIGKILL)
    for tunnel in tunnels:
        tunnel.finish()
    eventually(lambda: len(proxy.worker_pids("acceptor")) == 2, "both are back")
    eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "nothing is left of what they counted")
    again = [Tunnel(proxy, echo.port) for _ in range(4)]
    assert [tunnel.finish() for tunnel in again] == [None] * 4


def test_a_flow_that_outlives_its_acceptor_keeps_its_place(start):
    meeting = Meeting()
    try:
        proxy = start(limited({"workers": {"acceptors": 1}}, max_connections=1, max_queue=0))
        flow = Flow(proxy, meeting).echo()
        await_held(proxy, 1)
        await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
        await_settled(proxy, 1)
        flow.echo()
        assert listed(proxy)["direct"]["in_use"] == 1
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.connect(f"127.0.0.1:{ports.closed()}").status == 503
        flow.close()
        eventually(lambda: listed(proxy)["direct"]["in_use"] == 0, "it is given back where it is now")
    finally:
        meeting.close()


# Removal

def test_connections_of_a_removed_backend_go_on(start, exits, serve, origin):
    echo = serve(tcp_server.echo)
    both = backends_of(exits)[:2]
    proxy = start({"backends": both, "rules": [everything("a")]})
    tunnel = Tunnel(proxy, echo.port)
    proxy.write({"backends": both[1:], "rules": [everything("b")]})
    assert proxy.reload().exit == 0
    row = eventually(lambda: listed(proxy).get("a"), "it is still shown")
    assert row["leaving"] and row["in_use"] == 1 and not row["available"]
    rounds = tunnel.rounds
    eventually(lambda: tunnel.rounds > rounds + 10, "its connection goes on")
    assert used(proxy, origin, 4) == {"b": 4}, "nothing new goes there"
    assert tunnel.finish() is None
    eventually(lambda: "a" not in listed(proxy), "then it is gone")


def test_a_removed_backend_is_shown_when_its_connections_go_on_elsewhere(start, exits, serve):
    echo = serve(tcp_server.echo)
    both = backends_of(exits)[:2]
    proxy = start({"workers": {"acceptors": 1}, "backends": both, "rules": [everything("a")]})
    tunnel = Tunnel(proxy, echo.port)
    await_held(proxy, 1)
    proxy.write({"backends": both[1:], "rules": [everything("b")]})
    assert proxy.reload().exit == 0
    for turn in (1, 2):
        kill(proxy, "acceptor")
        await_settled(proxy, turn)
        row = listed(proxy)["a"]
        assert row["leaving"] and row["in_use"] == 1, row
    assert tunnel.finish() is None
    eventually(lambda: "a" not in listed(proxy), "then it is gone")


def test_a_backend_that_comes_back_is_the_one_it_was(start, exits, serve):
    echo = serve(tcp_server.echo)
    both = backends_of(exits)[:2]
    proxy = start({"backends": both, "rules": [everything("a")]})
    tunnel = Tunnel(proxy, echo.port)
    proxy.write({"backends": both[1:], "rules": [everything("b")]})
    assert proxy.reload().exit == 0
    proxy.write({"backends": both, "rules": [everything("a")]})
    assert proxy.reload().exit == 0
    assert listed(proxy)["a"]["in_use"] == 1 and not listed(proxy)["a"]["leaving"]
    assert tunnel.finish() is None

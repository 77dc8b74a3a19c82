"""Limits: how many, how fast, and that they hold over all acceptors, across their deaths and across reloads. Clients of
different addresses are sockets bound to different addresses of 127.0.0.0/8."""
import os
import select
import signal
import socket
import threading
import time

import pytest

from harness import ports, proxy_header, raw_client, tcp_server
from harness.flows import Flow, Meeting, await_held, await_settled
from harness.pressure import MBIT, Downloads, Requests, flood, keeps_to, swallow
from harness.waiting import eventually

pytestmark = pytest.mark.alone

ACCEPTORS = {"workers": {"acceptors": 3}}


def http_from(proxy, source):
    """A client of an address of its own."""
    return raw_client.RawHttp(proxy.http_port, source=source)


def socks_from(proxy, source):
    return raw_client.RawSocks(proxy.socks_port, source=source)


def limited(changes):
    return {**ACCEPTORS, **changes}


def rates(**settings):
    return limited({"rate_limiting": {"enabled": True, **settings}, "access_log": {"enabled": False}})


def has_ended(client):
    if not select.select([client.sock], [], [], 0)[0]:
        return False
    try:
        return client.sock.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def kill_acceptors(proxy):
    pids = proxy.worker_pids("acceptor")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len([worker for worker in proxy.workers("acceptor") if worker["state"] == "running" and worker["pid"] not in pids]) == len(pids),
               "all are back", 20)


# Refusals

def test_too_many_requests_over_http(start, origin):
    proxy = start(rates(per_ip={"requests_per_second": 0.1, "burst": 2}) | {"access_log": {"enabled": True}})
    with raw_client.RawHttp(proxy.http_port) as client:
        answers = [client.get(origin.url()) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].fields.get("Retry-After")) <= 10
        assert "rate_limit_ip" in answers[3].fields.get("Proxy-Status")
        assert client.get(origin.url()).status == 429, "the connection stays usable"
    with raw_client.RawHttp(proxy.http_port) as client:
        refused = client.connect(f"127.0.0.1:{origin.port}")
        assert refused.status == 429 and int(refused.fields.get("Retry-After")) >= 1
    with http_from(proxy, "127.0.0.2") as client:
        assert client.get(origin.url()).status == 200, "another address"
    assert proxy.await_access(refusal="rate_limit_ip")["status"] == 429
    eventually(lambda: proxy.query("stats")["refusals"] == {"rate_limit_ip": 3}, "it is counted")


def test_too_many_requests_over_socks(start, origin):
    proxy = start(rates(per_ip={"requests_per_second": 0.1}))
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, "127.0.0.1", origin.port)[0] == 0
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, "127.0.0.1", origin.port)[0] == 2
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.UDP_ASSOCIATE, "0.0.0.0", 0)[0] == 2
    with raw_client.Connection(proxy.socks_port) as client:
        client.send(b"\x04\x01" + origin.port.to_bytes(2, "big") + socket.inet_aton("127.0.0.1") + b"\x00")
        assert client.reader.exactly(8)[1] == 0x5B
    eventually(lambda: proxy.query("stats")["refusals"] == {"rate_limit_ip": 3}, "it is counted")


def test_requests_answered_by_the_proxy_itself_count(start):
    proxy = start(rates(**{"global": {"requests_per_second": 0.1}}))
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get("http://x.test/", "Max-Forwards: 0", method="OPTIONS").status == 200
        assert client.get("http://x.test/", "Max-Forwards: 0", method="OPTIONS").status == 429


@pytest.mark.parametrize("setting, refusal", [("max_connections", "connection_limit"), ("max_connections_per_ip", "connection_limit_ip")])
def test_too_many_connections(start, serve, origin, setting, refusal):
    proxy = start(limited({"network": {"limits": {setting: 6}}}))
    echo = serve(tcp_server.echo)
    open_ones = [raw_client.RawHttp(proxy.http_port) for _ in range(6)]
    for client in open_ones:
        assert client.connect(f"127.0.0.1:{echo.port}").status == 200
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url())
        assert answer.status == 429 and answer.fields.get("Retry-After") == "1" and refusal in answer.fields.get("Proxy-Status")
        assert "close" in answer.fields.get("Connection")
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, "127.0.0.1", echo.port)[0] == 2
    assert proxy.await_access(refusal=refusal)["status"] == 429
    if setting == "max_connections_per_ip":
        with http_from(proxy, "127.0.0.2") as client:
            assert client.get(origin.url()).status == 200
    open_ones.pop().close()

    def one_more():
        with raw_client.RawHttp(proxy.http_port) as client:
            return client.get(origin.url()).status == 200

    eventually(one_more, "a place is free again")
    for client in open_ones:
        client.close()


def test_a_crash_gives_places_back(start, serve):
    """And the survivors' connections still count."""
    proxy = start(limited({"network": {"limits": {"max_connections": 20, "max_connections_per_ip": 20}}}))
    echo = serve(tcp_server.echo)
    clients = [raw_client.RawHttp(proxy.http_port) for _ in range(20)]
    for client in clients:
        assert client.connect(f"127.0.0.1:{echo.port}").status == 200
    victim = proxy.worker_pids("acceptor")[0]
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: all(worker["state"] == "running" for worker in proxy.workers("acceptor")) and victim not in proxy.worker_pids("acceptor"),
               "it is back", 20)
    def settled():
        active, ended = proxy.query("stats")["active"], sum(has_ended(client) for client in clients)
        return active if active + ended == 20 else None

    kept = eventually(settled, "each has ended, or is carried by somebody")
    fresh, refused = [], 0
    for _ in range(25):
        client = raw_client.RawHttp(proxy.http_port)
        (fresh.append(client) if client.connect(f"127.0.0.1:{echo.port}").status == 200 else client.close())
    assert len(fresh) == 20 - kept, "exactly the places of the dead"
    for client in clients + fresh:
        client.close()


def test_a_flow_that_outlives_its_acceptor_keeps_its_place(start):
    meeting = Meeting()
    try:
        proxy = start({"workers": {"acceptors": 1}, "network": {"limits": {"max_connections_per_ip": 1}}})
        flow = Flow(proxy, meeting).echo()
        await_held(proxy, 1)
        kill_acceptors(proxy)
        await_settled(proxy, 1)
        flow.echo()

        def asked():
            with raw_client.RawHttp(proxy.http_port) as client:
                return client.connect(f"127.0.0.1:{ports.closed()}").status

        assert asked() == 429
        flow.close()
        eventually(lambda: asked() == 502, "its place is free where it is now")
    finally:
        meeting.close()


def test_announced_addresses_are_limited_not_the_balancers(start, origin):
    proxy = start(limited({"server": {"proxy_protocol": {"enabled": True, "trusted": ["127.0.0.1"]}},
                           "rate_limiting": {"enabled": True, "per_ip": {"requests_per_second": 0.1}}}))

    def get(source):
        with raw_client.RawHttp(proxy.http_port) as client:
            client.send(proxy_header.v1(source, "127.0.0.1", 1000, proxy.http_port))
            return client.get(origin.url()).status

    assert [get("192.0.2.1"), get("192.0.2.1"), get("192.0.2.2")] == [200, 429, 200]


def test_ipv6_clients_of_one_network_are_one(start, origin):
    proxy = start(limited({"server": {"proxy_protocol": {"enabled": True, "trusted": ["127.0.0.1"]}},
                           "rate_limiting": {"enabled": True, "per_ip": {"requests_per_second": 0.1}}}))

    def get(source):
        with raw_client.RawHttp(proxy.http_port) as client:
            client.send(proxy_header.v1(source, "2001:db8::ffff", 1000, proxy.http_port))
            return client.get(origin.url()).status

    assert [get("2001:db8::1"), get("2001:db8::2:3:4:5"), get("2001:db8:0:1::1")] == [200, 429, 200]


# Rates, measured

@pytest.mark.parametrize("scope", ["global", "per_ip"])
def test_request_rate_over_acceptors_crashes_and_reloads(start, origin, scope):
    proxy = start(rates(**{scope: {"requests_per_second": 60, "burst": 20}}))
    addresses = ["127.0.0.1", "127.0.0.2"] if scope == "global" else ["127.0.0.1"]
    requests = Requests(proxy, origin, addresses)
    try:
        eventually(lambda: requests.served() > 60, "the burst is used up")
        keeps_to(requests.served, 60)
        kill_acceptors(proxy)
        eventually(lambda now=requests.served(): requests.served() > now + 60, "they serve again")
        keeps_to(requests.served, 60)
        proxy.write({"rate_limiting": {scope: {"requests_per_second": 120, "burst": 40}}})
        assert proxy.reload().exit == 0
        eventually(lambda now=requests.served(): requests.served() > now + 120, "the burst is used up")
        keeps_to(requests.served, 120)
    finally:
        requests.finish()


def test_each_address_has_its_own_rate(start, origin):
    proxy = start(rates(per_ip={"requests_per_second": 50, "burst": 20}))
    requests = Requests(proxy, origin, ["127.0.0.1", "127.0.0.2"], threads=4)
    try:
        eventually(lambda: requests.served() > 60, "the burst is used up")
        for address in ("127.0.0.1", "127.0.0.2"):
            keeps_to(lambda source=address: requests.served(source), 50)
    finally:
        requests.finish()


# Bandwidth, measured

def bandwidth(**settings):
    return rates(bandwidth={"enabled": True, **settings})


@pytest.mark.parametrize("settings, sources, wanted", [
    ({"max_mbps_per_connection": 8}, ["127.0.0.1"] * 3, 24),
    ({"max_mbps_per_ip": 12}, ["127.0.0.1"] * 5, 12),
    ({"max_mbps_per_ip": 8}, ["127.0.0.1", "127.0.0.2", "127.0.0.2"], 16),
    ({"max_mbps_total": 16, "max_mbps_per_connection": 8}, ["127.0.0.1", "127.0.0.2"] * 3, 16)],
    ids=["connection", "address", "addresses", "total"])
def test_download_bandwidth(start, serve, settings, sources, wanted):
    proxy = start(bandwidth(**settings))
    downloads = Downloads(proxy, serve(flood).port, sources)
    try:
        time.sleep(0.5)
        keeps_to(downloads.total, wanted * MBIT)
    finally:
        downloads.close()


def test_upload_bandwidth_and_the_other_direction_is_free(start, serve):
    proxy = start(bandwidth(max_mbps_total=16))
    sink = serve(swallow)
    sink.lock, sink.received = threading.Lock(), 0
    stop = threading.Event()

    def upload():
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.connect(f"127.0.0.1:{sink.port}").status == 200
            while not stop.is_set():
                client.send(b"x" * 65536)

    threads = [threading.Thread(target=upload, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    downloads = Downloads(proxy, serve(flood).port, ["127.0.0.1"])
    try:
        time.sleep(0.5)
        keeps_to(lambda: sink.received, 16 * MBIT)
        keeps_to(downloads.total, 16 * MBIT)
    finally:
        stop.set()
        downloads.close()
        for thread in threads:
            thread.join(20)


def test_bandwidth_across_crashes_and_reloads(start, serve):
    proxy = start(bandwidth(max_mbps_total=16))
    source = serve(flood)
    downloads = Downloads(proxy, source.port, ["127.0.0.1"] * 4)
    time.sleep(0.5)
    keeps_to(downloads.total, 16 * MBIT)
    await_held(proxy, 4)
    kill_acceptors(proxy)
    await_settled(proxy, 4)
    keeps_to(downloads.total, 16 * MBIT)  # the tunnels go on in other processes
    downloads.close()
    downloads = Downloads(proxy, source.port, ["127.0.0.1"] * 4)
    try:
        time.sleep(0.5)
        keeps_to(downloads.total, 16 * MBIT)
        proxy.write({"rate_limiting": {"bandwidth": {"max_mbps_total": 32}}})
        assert proxy.reload().exit == 0
        time.sleep(0.5)
        keeps_to(downloads.total, 32 * MBIT)
    finally:
        downloads.close()


def test_http_bodies_are_held_to_the_pace(start, origin):
    proxy = start(bandwidth(max_mbps_per_ip=16))

    def takes_two_seconds(request):
        began = time.monotonic()
        request()
        took = time.monotonic() - began
        assert took >= 1.85, "100 ms may be saved up"
        return took <= 2.15

    with raw_client.RawHttp(proxy.http_port) as client:
        url = origin.url(f"/bytes/{4_000_000}")
        eventually(lambda: takes_two_seconds(lambda: client.get(url)), "a download of 4 MB at 2 MB/s", 20)
        body = b"x" * 4_000_000
        eventually(lambda: takes_two_seconds(lambda: client.get(origin.url("/upload"), f"Content-Length: {len(body)}", method="POST", body=body)),
                   "an upload of 4 MB", 20)


# Bans

def test_bans_by_hand(start, origin):
    proxy = start(ACCEPTORS)
    assert proxy.ctl("ban", "add", "127.0.0.3", "--for", "1h").exit == 0
    (row,) = proxy.query("ban", "list")
    assert (row["address"], row["reason"]) == ("127.0.0.3", "by_hand") and 3_500_000 < row["left_ms"] <= 3_600_000
    assert "127.0.0.3" in proxy.ctl("ban", "list").out
    with http_from(proxy, "127.0.0.3") as client:
        assert client.closed(), "without a word"
    kill_acceptors(proxy)
    with http_from(proxy, "127.0.0.3") as client:
        assert client.closed(), "it is not forgotten"
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200
    eventually(lambda: proxy.query("stats")["refusals"]["banned"] == 2, "it is counted")
    assert proxy.ctl("ban", "lift", "127.0.0.3").exit == 0
    assert proxy.ctl("ban", "lift", "127.0.0.3").exit == 1
    assert proxy.query("ban", "list") == []
    with http_from(proxy, "127.0.0.3") as client:
        assert client.get(origin.url()).status == 200


def test_an_upgrade_forgets_nothing(start, origin):
    meeting = Meeting()
    try:
        proxy = start({"workers": {"acceptors": 2}, "network": {"limits": {"max_connections_per_ip": 1}},
                       "rate_limiting": {"enabled": True, "per_ip": {"requests_per_second": 0.1, "burst": 2}}})
        assert proxy.ctl("ban", "add", "127.0.0.3", "--for", "1h").exit == 0
        with http_from(proxy, "127.0.0.4") as client:
            while client.get(origin.url()).status == 200:
                pass
        flow = Flow(proxy, meeting).echo()
        await_held(proxy, 1)
        assert proxy.ctl("upgrade", deadline=60).exit == 0
        assert [row["address"] for row in proxy.query("ban", "list")] == ["127.0.0.3"]
        with http_from(proxy, "127.0.0.3") as client:
            assert client.closed(), "it is kept out"
        with http_from(proxy, "127.0.0.4") as client:
            assert client.get(origin.url()).status == 429, "it has had its requests"
        flow.echo()
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.get(origin.url()).status == 429, "the tunnel has the only place"
        eventually(lambda: proxy.query("stats")["refusals"]["connection_limit_ip"] == 1, "it is counted")
        flow.close()
    finally:
        meeting.close()


def test_a_ban_holds_for_connections_that_are_open(start, origin):
    proxy = start(ACCEPTORS)
    with http_from(proxy, "127.0.0.3") as client:
        assert client.get(origin.url()).status == 200
        assert proxy.ctl("ban", "add", "127.0.0.3").exit == 0
        assert client.get(origin.url()).status == 403


def test_bad_bans_are_refused(proxy):
    assert proxy.ctl("ban", "add", "not-an-address").exit == 1
    assert proxy.ctl("ban", "add", "10.0.0.0/8").exit == 1
    assert proxy.ctl("ban", "add", "127.0.0.9", "--for", "soon").exit == 2


def abuse(**settings):
    return limited({"access_control": {"abuse": {"enabled": True, "window": "10s", "ban": "2s", **settings}}})


def test_port_scans_are_banned_for_a_time(start, origin):
    proxy = start(abuse(scanned_ports=10, failed_destinations=0))
    statuses = []
    for port in range(20000, 20030):
        try:
            with socks_from(proxy, "127.0.0.4") as client:
                statuses.append(client.open(raw_client.CONNECT, "127.0.0.1", port)[0])
        except (OSError, EOFError, ValueError, AssertionError):
            break
    assert 10 <= len(statuses) < 20, "found out, and not too soon"
    assert [(row["address"], row["reason"]) for row in proxy.query("ban", "list")] == [("127.0.0.4", "port_scan")]
    assert proxy.log(msg="banned", client="127.0.0.4", reason="port_scan")
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200

    def again():
        with http_from(proxy, "127.0.0.4") as client:
            client.send(f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n")
            return client.sock.recv(1) == b"H"

    eventually(again, "the ban is over", 10)
    assert proxy.query("ban", "list") == []


def test_many_failed_destinations_are_banned(start, origin):
    proxy = start(abuse(scanned_ports=0, failed_destinations=15, ban="1h"))
    closed = ports.closed()
    answered = 0
    for _ in range(60):
        try:
            with http_from(proxy, "127.0.0.5") as client:
                assert client.get(f"http://127.0.0.1:{closed}/").status in (502, 403)
                answered += 1
        except (OSError, EOFError, ValueError):
            break
    assert 15 <= answered < 40
    eventually(lambda: [row["reason"] for row in proxy.query("ban", "list")] == ["failed_destinations"], "it is banned")


def test_whom_the_configuration_spares_is_not_banned(start):
    proxy = start(abuse(scanned_ports=5, failed_destinations=5, allow=["127.0.0.6"]))
    for port in range(20000, 20020):
        with socks_from(proxy, "127.0.0.6") as client:
            assert client.open(raw_client.CONNECT, "127.0.0.1", port)[0] != 2
    assert proxy.query("ban", "list") == []
    eventually(lambda: proxy.log(msg="a client misbehaves", client="127.0.0.6"), "it is told all the same")


def test_connection_flood_is_throttled_reported_and_banned(start, origin):
    """The flood of one address costs another nothing (spec 5, 9.4)."""
    proxy = start(abuse(refused_connections=150, ban="1h") | {
        "rate_limiting": {"enabled": True, "connections": {"per_second": 5, "burst": 5}}, "access_log": {"enabled": False}})
    for _ in range(20):
        http_from(proxy, "127.0.0.7").close()
    eventually(lambda: proxy.log(msg="a client opens connections too fast", client="127.0.0.7"), "it is reported")
    assert len(proxy.log(msg="a client opens connections too fast")) <= 3, "once, not for each connection"
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200
    for _ in range(400):
        http_from(proxy, "127.0.0.7").close()
    eventually(lambda: [row["reason"] for row in proxy.query("ban", "list")] == ["connection_flood"], "it is banned")
    stats = proxy.query("stats")
    assert stats["refusals"].get("banned", 0) + stats["turned_away"] > 0
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200

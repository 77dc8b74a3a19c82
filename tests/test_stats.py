"""The counters: what was carried and refused, live, over every worker, and across their deaths."""
import os
import pty
import select
import signal
import subprocess
import termios

import pytest

from harness import ports, raw_client, tcp_server
from harness.configuration import direct, everything, rule
from harness.curl import curl
from harness.waiting import eventually


def backend(proxy, name="direct"):
    return next(row for row in proxy.query("stats")["backends"] if row["name"] == name)


def test_requests_are_counted_by_protocol_method_and_backend(start, origin, serve):
    proxy = start({"workers": {"acceptors": 1}})  # each has a pool of its own
    echo = serve(tcp_server.echo)
    assert curl("-x", proxy.http, origin.url("/bytes/100000")).status == 200
    assert curl("-x", proxy.http, "-d", "x" * 5000, origin.url("/upload")).status == 200
    assert curl("-x", f"socks5h://{proxy.socks}", origin.url()).status == 200
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{echo.port}").status == 200
        client.send(b"x" * 1000)
        assert client.reader.exactly(1000) == b"x" * 1000
    eventually(lambda: proxy.query("stats")["active"] == 0, "all are gone")
    stats = proxy.query("stats")
    assert stats["accepted"] == 4 and stats["requests"] == 4 and stats["refused"] == 0
    assert {name: each["requests"] for name, each in stats["protocols"].items() if each["requests"]} == {
        "http": 2, "connect": 1, "socks5": 1}
    assert stats["methods"] == {"GET": 1, "POST": 1, "CONNECT": 2}
    assert stats["protocols"]["http"]["bytes_down"] > 100_000 and stats["protocols"]["http"]["bytes_up"] > 5000
    assert 1000 <= stats["protocols"]["connect"]["bytes_down"] < 1100
    direct = stats["backends"][0]
    assert direct["requests"] == 4 and direct["opened"] == 3, "the second request found a pooled connection"
    assert direct["bytes_down"] == sum(each["bytes_down"] for each in stats["protocols"].values()) == stats["bytes_down"]


def test_bytes_are_counted_while_they_move(start, serve, origin):
    proxy = start()
    held = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{held.port}").status == 200
        client.send(b"x" * 300_000)
        client.reader.exactly(300_000)
        eventually(lambda: backend(proxy)["bytes_down"] >= 300_000, "the tunnel is still open")
        assert backend(proxy)["active"] == 1
        stats = proxy.query("stats")
        assert stats["protocols"]["connect"]["active"] == 1 and stats["protocols"]["connect"]["requests"] == 0
    before = backend(proxy)["bytes_down"]
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url(f'/bytes/{1 << 28}')} HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: backend(proxy)["bytes_down"] > before + (1 << 20), "a response is under way")


def test_bytes_of_a_chosen_backend_are_its_own(start, origin):
    """Which of several it is turns out only after the request was begun."""
    spread = {"name": "spread", "match": {"domains": ["*"]}, "backends": [{"name": "one"}, {"name": "two"}]}
    proxy = start({"backends": [direct("one"), direct("two")], "rules": [spread]})
    for _ in range(4):
        assert curl("-x", proxy.http, origin.url("/bytes/50000")).status == 200
    eventually(lambda: proxy.query("stats")["active"] == 0, "all are gone")
    stats = proxy.query("stats")
    assert [row["bytes_down"] > 50_000 for row in stats["backends"]] == [True, True]
    assert sum(row["bytes_down"] for row in stats["backends"]) == stats["bytes_down"]


def test_refusals_are_counted_by_reason(start, origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["blocked.test"]), everything()]})
    assert curl("-x", proxy.http, origin.url(host="blocked.test")).status == 403
    assert curl("-x", proxy.http, f"http://127.0.0.1:{ports.closed()}/").status == 502
    stats = proxy.query("stats")
    assert stats["refusals"] == {"rule_blocked": 1, "connection_refused": 1} and stats["refused"] == 2
    assert backend(proxy)["refusals"] == {"connection_refused": 1} and backend(proxy)["failed"] == 1
    assert proxy.status()["refused"] == 2


def test_latencies(start, origin):
    proxy = start()
    for _ in range(20):
        assert curl("-x", proxy.http, origin.url()).status == 200
    assert curl("-x", proxy.http, origin.url("/slow?seconds=0.3")).status in (200, 404)
    times = proxy.query("stats")["latency_us"]
    assert times["first_byte"]["count"] == times["request"]["count"] == 21
    assert 0 < times["first_byte"]["p50"] <= times["first_byte"]["p95"] <= times["first_byte"]["p99"]
    assert times["connect"]["count"] >= 1
    out = proxy.ctl("stats").out
    for word in ("PROTOCOL", "P99", "first_byte", "direct"):
        assert word in out, out


def test_counters_outlive_their_worker(start, origin, serve):
    """Totals go on where they were; what the dead had open is not open any more."""
    proxy = start()
    held = serve(tcp_server.echo)
    for _ in range(20):
        assert curl("-x", proxy.http, origin.url()).status == 200
    clients = [raw_client.RawHttp(proxy.http_port) for _ in range(8)]
    for client in clients:
        assert client.connect(f"127.0.0.1:{held.port}").status == 200
    before = proxy.query("stats")
    assert before["active"] >= 8
    for pid in proxy.worker_pids("acceptor"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(worker["state"] == "running" and worker["restarts"] == 1 for worker in proxy.workers("acceptor")),
               "both are back", 20)
    for client in clients:
        client.close()
    eventually(lambda: proxy.query("stats")["active"] == 0, "nothing is open")
    after = proxy.query("stats")
    assert after["accepted"] == before["accepted"] and after["requests"] >= before["requests"]
    assert backend(proxy)["opened"] == before["backends"][0]["opened"]
    assert curl("-x", proxy.http, origin.url()).status == 200
    eventually(lambda: proxy.query("stats")["accepted"] == before["accepted"] + 1, "counting goes on")


def test_connections_show_who_and_can_be_sorted(start, serve):
    proxy = start()
    echo = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as small, raw_client.RawSocks(proxy.socks_port) as large:
        assert small.connect(f"127.0.0.1:{echo.port}").status == 200
        assert large.open(raw_client.CONNECT, "127.0.0.1", echo.port)[0] == 0
        large.send(b"x" * 100_000)
        large.reader.exactly(100_000)
        rows = eventually(lambda: [row for row in proxy.query("connections", "--sort", "bytes") if row["bytes_down"] >= 100_000]
                          and proxy.query("connections", "--sort", "bytes"), "the bytes show")
        assert [row["protocol"] for row in rows] == ["socks5", "connect"]
        assert rows[0]["user"] == "" and rows[0]["backend"] == "direct"
        assert [row["protocol"] for row in proxy.query("connections", "--filter", "SOCKS")] == ["socks5"]
        assert proxy.ctl("connections", "--kill", rows[0]["id"]).exit == 0
        assert large.closed()


def test_top_once(start, serve):
    proxy = start()
    echo = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{echo.port}").status == 200
        answer = proxy.ctl("top", "--once", "--interval", "0.2")
        assert answer.exit == 0 and "\x1b" not in answer.out
        for word in ("1 active", "BACKEND", "direct", f"127.0.0.1:{echo.port}", "connect"):
            assert word in answer.out, answer.out


@pytest.mark.parametrize("once", [["--once"], []])
def test_top_as_json_is_one_document(start, serve, once):
    proxy = start()
    echo = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client, raw_client.RawHttp(proxy.http_port) as busier:
        for each in (client, busier):
            assert each.connect(f"127.0.0.1:{echo.port}").status == 200
        busier.send(b"x" * 1000)
        eventually(lambda: any(row["bytes_down"] >= 1000 for row in proxy.query("connections")), "it is counted")
        options = (*once, "--interval", "0.2", "--sort", "bytes")
        seen = proxy.query("top", *options)
        assert seen["stats"].keys() == proxy.query("stats").keys() and seen["stats"]["active"] == 2
        assert [row["bytes_down"] >= 1000 for row in seen["connections"]] == [True, False]
        assert seen["connections"][0].keys() == proxy.query("connections")[0].keys()
        assert len(proxy.query("top", *options, "--rows", "1")["connections"]) == 1


def test_top_redraws_until_q_and_leaves_the_terminal_as_it_was(start, stage):
    proxy = start()
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with subprocess.Popen([stage / "bin/proxyctl", "--runtime-dir", proxy.runtime, "top", "--interval", "0.2"], stdin=slave, stdout=slave,
                          stderr=slave, env={**os.environ, "TERM": "xterm"}) as top:
        seen = b""

        def drawn(times):
            nonlocal seen
            while select.select([master], [], [], 0)[0]:
                seen += os.read(master, 1 << 16)
            return seen.count(b"connections") >= times

        eventually(lambda: drawn(3), "it is drawn anew")
        assert not termios.tcgetattr(slave)[3] & termios.ECHO
        os.write(master, b"s")
        eventually(lambda now=seen.count(b"connections"): drawn(now + 1), "it goes on")
        os.write(master, b"q")
        assert top.wait(10) == 0
        drawn(0)
    assert termios.tcgetattr(slave) == before
    assert seen.rstrip().endswith(b"\x1b[?1049l"), "the screen is given back"
    os.close(master)
    os.close(slave)

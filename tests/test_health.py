"""Health of backends: active checks through real parents, what connections tell, and that nothing of it is forgotten."""
import os
import pathlib
import re
import signal
import time

import pytest

from harness import configuration, parents, ports, tcp_server
from harness.bulkhead import Bulkhead
from harness.configuration import direct, everything, parent
from harness.curl import curl
from harness.waiting import eventually

CREDENTIALS = {"username": parents.USER, "password": parents.PASSWORD}
OFTEN = {"interval": "300ms", "timeout": "290ms", "healthy_threshold": 2, "unhealthy_threshold": 2}
SLOWLY = {"interval": "400ms", "timeout": "390ms", "healthy_threshold": 1, "unhealthy_threshold": 1}


def checked(backend, **check):
    return {**backend, "health_check": {**OFTEN, **check}}


def listed(proxy, name):
    return next(row for row in proxy.rows("backends", "backend", "list") if row["name"] == name)


def becomes(proxy, name, status, deadline=10):
    """The row, once it has that status."""
    def look():
        row = listed(proxy, name)
        return row if row["status"] == status else None

    return eventually(look, f"{name} is {status}: {listed(proxy, name)}", deadline, every=0.05)


def watch(start, *backends, **changes):
    """A daemon that sends everything through the first."""
    return start({"backends": list(backends), "rules": [everything(backends[0]["name"])], **changes})


def seconds(stamp):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp), stamp
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def test_a_parent_that_goes_and_comes(start, tmp_path):
    """State, since when, why, how much of the time."""
    exit_ = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = watch(start, checked(parent("exit", "socks5", exit_.address)))
        row = becomes(proxy, "exit", "healthy")
        assert row["check"] == "tcp" and row["found_by"] == "check" and row["problem"] == "", row
        assert row["consecutive_failures"] == 0 and row["uptime_percent"] == 100 and 0 < row["latency_ms"] < 290, row
        assert abs(seconds(row["since"]) - time.time()) < 5 and abs(seconds(row["last_check"]) - time.time()) < 5
        exit_.kill()
        row = becomes(proxy, "exit", "unhealthy")
        assert row["consecutive_failures"] >= 2 and "connection_refused" in row["problem"] and row["failed_checks"] >= 2, row
        eventually(lambda: listed(proxy, "exit")["uptime_percent"] < 99, "the time it is down counts")
        exit_.start()
        row = becomes(proxy, "exit", "healthy")
        assert 0 < row["uptime_percent"] < 100 and row["consecutive_failures"] == 0, row
        for state in ("healthy", "unhealthy"):
            proxy.await_log(f"backend is {state}")
        table = proxy.ctl("backend", "list").out
        assert "STATUS" in table and "healthy" in table and "UPTIME" in table, table
    finally:
        exit_.close()


def test_a_status_through_a_parent_with_a_login(start, squid_with_login, origin):
    """The egress logs in where a check needs it."""
    def with_url(path, **check):
        backend = parent("squid", "http", squid_with_login.address, **CREDENTIALS)
        return checked(backend, type="http", http={"url": origin.url(path), **check}, timeout="1s", interval="1s")

    proxy = watch(start, with_url("/status/204", expected_status=204))
    becomes(proxy, "squid", "healthy")
    assert "parent.test" in origin.requests[0].fields.get("Via"), "it went through squid"
    assert origin.requests[0].fields.get("Host") == f"127.0.0.1:{origin.port}"
    proxy.write({"backends": [with_url("/status/503")]})
    assert proxy.reload().exit == 0
    row = becomes(proxy, "squid", "unhealthy")
    assert row["problem"] == "status 503, expected 200"


@pytest.mark.parametrize("kind", ["squid", "microsocks", "direct"])
def test_https_is_verified(start, kind, squid, socks_with_login, tls_origin, certificates):
    backend = {"squid": lambda: parent("up", "http", squid.address), "direct": lambda: direct("up"),
               "microsocks": lambda: parent("up", "socks5", socks_with_login.address, **CREDENTIALS)}[kind]()
    settings = {"type": "http", "interval": "500ms", "timeout": "490ms"}
    trusted = {"url": tls_origin.url(host="localhost"), "ca_file": str(certificates.ca)}
    proxy = watch(start, checked(backend, **settings, http=trusted))
    becomes(proxy, "up", "healthy")
    proxy.write({"backends": [checked(backend, **settings, http={"url": trusted["url"] + "?other"})]})
    assert proxy.reload().exit == 0
    assert "tls_failed" in becomes(proxy, "up", "unhealthy")["problem"]


def test_through_a_chain(start, tmp_path, squid):
    """What is reached through another is as reachable as that."""
    outer = parents.dante(tmp_path)
    try:
        proxy = watch(start, checked(parent("inner", "http", squid.address, via="outer")), parent("outer", "socks5", outer.address))
        becomes(proxy, "inner", "healthy")
        outer.kill()
        becomes(proxy, "inner", "unhealthy")
        outer.start()
        becomes(proxy, "inner", "healthy")
    finally:
        outer.close()


def test_tls_to_the_parent(start, tmp_path, squid, certificates):
    front = parents.tls_front(tmp_path, certificates, squid.port)
    tls = {"enabled": True, "ca_file": str(certificates.ca), "server_name": "localhost"}
    try:
        proxy = watch(start, checked(parent("good", "http", front.address, tls=tls)),
                      checked(parent("distrusted", "http", front.address, tls={"enabled": True})),
                      checked(parent("plain", "http", squid.address, tls=tls)))
        becomes(proxy, "good", "healthy")
        assert "tls_failed" in becomes(proxy, "distrusted", "unhealthy")["problem"]
        becomes(proxy, "plain", "unhealthy")
        front.kill()
        becomes(proxy, "good", "unhealthy")
        front.start()
        becomes(proxy, "good", "healthy")
    finally:
        front.close()


def test_a_target_behind_the_parent(start, squid, serve):
    server = serve(tcp_server.silent)
    proxy = watch(start, checked(parent("up", "http", squid.address), target=f"127.0.0.1:{server.port}"),
                  checked(parent("blind", "http", squid.address), target=f"127.0.0.1:{ports.closed()}"))
    becomes(proxy, "up", "healthy")
    assert "parent_refused" in becomes(proxy, "blind", "unhealthy")["problem"]


def test_our_own_second_instance(start, origin):
    """Killed whole and started again."""
    second = start({"workers": {"acceptors": 1}})
    proxy = watch(start, checked(parent("next", "http", f"127.0.0.1:{second.http_port}"), type="http", http={"url": origin.url()}))
    becomes(proxy, "next", "healthy")
    second.service.kill()
    becomes(proxy, "next", "unhealthy")
    second.service = None
    second.start()
    becomes(proxy, "next", "healthy")


def test_a_frozen_parent_fails_by_time(start, tmp_path, origin):
    """It still accepts connections; only an answer shows that it works."""
    frozen = parents.squid(tmp_path)
    try:
        proxy = watch(start, checked(parent("squid", "http", frozen.address), type="http", http={"url": origin.url()}))
        becomes(proxy, "squid", "healthy")
        os.kill(frozen.service.pid, signal.SIGSTOP)
        assert "timeout" in becomes(proxy, "squid", "unhealthy")["problem"]
        os.kill(frozen.service.pid, signal.SIGCONT)
        becomes(proxy, "squid", "healthy")
    finally:
        frozen.close()


def test_one_process_checks_at_the_interval(start, serve):
    """With four acceptors no more checks than with one; jitter stays within its bounds."""
    times = []
    server = serve(lambda connection, _server: times.append(time.monotonic()))
    proxy = watch(start, checked(parent("up", "http", f"127.0.0.1:{server.port}"), interval="200ms", timeout="190ms", jitter=50), workers={"acceptors": 4})
    becomes(proxy, "up", "healthy")
    begin = len(times)
    eventually(lambda: len(times) >= begin + 12, "it is checked again and again")
    pauses = [later - earlier for earlier, later in zip(times[begin:], times[begin + 1:])]
    # On a busy machine one may be noticed late, and the next seem early: the mean tells, and that they vary.
    mean = sum(pauses) / len(pauses)
    assert 0.13 < mean < 1.5 and max(pauses) - min(pauses) > 0.02, pauses
    assert max(pauses) - min(pauses) > 0.02, "they vary"


def test_the_unhealthy_are_passed_over_before_anything_fails(start, tmp_path, origin):
    first, second = (parents.microsocks(tmp_path / name, authenticated=False) for name in "ab")
    rule = configuration.rule("Both", domains=["*"])
    rule.update(backends=[{"name": "a"}, {"name": "b"}], load_balancing={"algorithm": "failover"})
    try:
        proxy = start({"backends": [checked(parent("a", "socks5", first.address)), checked(parent("b", "socks5", second.address))],
                       "rules": [rule]})
        becomes(proxy, "b", "healthy")
        first.kill()
        becomes(proxy, "a", "unhealthy")
        for _ in range(4):
            assert curl("-x", proxy.http, origin.url()).status == 200
        assert listed(proxy, "a")["opened"] == listed(proxy, "a")["failed"] == 0 < listed(proxy, "b")["opened"]
        second.kill()
        becomes(proxy, "b", "unhealthy")
        assert curl("-x", proxy.http, origin.url()).status == 502, "tried, since no other is left"
        first.start()
        becomes(proxy, "a", "healthy")
        assert curl("-x", proxy.http, origin.url()).status == 200
    finally:
        first.close()
        second.close()


def test_connections_mark_a_backend_and_a_check_frees_it(start, tmp_path, origin):
    """Faster than the interval, both ways."""
    exit_ = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = watch(start, checked(parent("exit", "socks5", exit_.address), interval="1h", timeout="1s", healthy_threshold=1),
                      health_checks={"passive": {"failures": 3, "rest": "1h", "max_rest": "1h"}})
        becomes(proxy, "exit", "healthy")
        exit_.kill()
        for _ in range(3):
            assert curl("-x", proxy.http, origin.url()).status == 502
        row = becomes(proxy, "exit", "unhealthy")
        assert row["found_by"] == "traffic" and row["circuit"] == "open", row
        eventually(lambda: listed(proxy, "exit")["failed_checks"] >= 1, "it is checked at once")
        exit_.start()
        # Another interval makes the next check due.
        proxy.write({"backends": [checked(parent("exit", "socks5", exit_.address), healthy_threshold=1)]})
        assert proxy.reload().exit == 0
        row = becomes(proxy, "exit", "healthy")
        assert row["circuit"] == "closed", "the check ended the rest"
        assert curl("-x", proxy.http, origin.url()).status == 200
    finally:
        exit_.close()


# Nothing is forgotten

def test_a_crash_of_the_egress_forgets_nothing(start, tmp_path, squid):
    gone = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = watch(start, checked(parent("up", "http", squid.address)), checked(parent("down", "socks5", gone.address)))
        becomes(proxy, "up", "healthy")
        gone.kill()
        before = {name: becomes(proxy, name, status) for name, status in (("up", "healthy"), ("down", "unhealthy"))}
        os.kill(proxy.worker_pids("egress")[0], signal.SIGKILL)
        for name, row in before.items():
            now = listed(proxy, name)
            assert (now["status"], now["since"]) == (row["status"], row["since"]), "not for a moment"
        eventually(lambda: proxy.workers("egress")[0]["state"] == "running", "it is back")
        for name, row in before.items():
            eventually(lambda: listed(proxy, name)["checks"] > row["checks"], "the successor goes on counting")
            assert listed(proxy, name)["since"] == row["since"]
        gone.start()
        becomes(proxy, "down", "healthy")
    finally:
        gone.close()


def test_a_reload_forgets_nothing_and_knows_another_backend(start, tmp_path, squid):
    other = parents.microsocks(tmp_path, authenticated=False)
    try:
        proxy = watch(start, checked(parent("up", "http", squid.address)))
        before = becomes(proxy, "up", "healthy")
        proxy.write({"backends": [direct(), checked(parent("up", "http", squid.address))], "server": {"log_level": "debug"}})
        assert proxy.reload().exit == 0
        assert (listed(proxy, "up")["status"], listed(proxy, "up")["since"]) == ("healthy", before["since"])
        proxy.write({"backends": [direct(), checked(parent("up", "http", f"127.0.0.1:{ports.closed()}"))]})
        assert proxy.reload().exit == 0
        row = becomes(proxy, "up", "unhealthy")
        assert row["failed_checks"] == row["checks"], "counted from the beginning"
    finally:
        other.close()


def test_checks_that_are_switched_off_are_not_made(start, serve):
    server = serve(tcp_server.silent)
    backend = parent("up", "http", f"127.0.0.1:{server.port}")
    proxy = watch(start, checked(backend, enabled=False), direct())
    assert listed(proxy, "up")["status"] == "unknown" and listed(proxy, "up")["check"] == ""
    proxy.write({"backends": [checked(backend)]})
    assert proxy.reload().exit == 0
    becomes(proxy, "up", "healthy")
    proxy.write({"backends": [backend]})
    assert proxy.reload().exit == 0
    count = server.connections
    time.sleep(0.5)  # three intervals: that nothing comes cannot be awaited
    assert server.connections <= count + 1
    assert proxy.log(problem="health_check: not carried out by this version") == []


# ICMP

def ping_backend():
    return {**direct("far"), "health_check": {**SLOWLY, "type": "ping", "target": "127.0.0.1"}}


def ping_range():
    return pathlib.Path("/proc/sys/net/ipv4/ping_group_range").read_text().split()


def test_ping_says_what_forbids_it(start):
    proxy = watch(start, ping_backend())
    group = os.stat(f"/proc/{proxy.worker_pids('egress')[0]}").st_gid if os.geteuid() != 0 else 64201
    allowed = int(ping_range()[0]) <= group <= int(ping_range()[1])
    if allowed:
        becomes(proxy, "far", "healthy")
        return
    row = eventually(lambda: (lambda found: found if found["problem"] else None)(listed(proxy, "far")), "it says so")
    assert row["status"] == "unknown" and "net.ipv4.ping_group_range" in row["problem"] and "group" in row["problem"], row
    proxy.await_log("a backend cannot be checked")
    time.sleep(1)  # more than two intervals
    assert len([line for line in proxy.lines if "a backend cannot be checked" in line]) == 1, "once, not every time"


class InNamespace(Bulkhead):
    """In a network namespace of its own, where everybody may send echoes; proxyctl reaches it all the same."""

    def command(self):
        setup = 'ip link set lo up && echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range && exec "$@"'
        return ["unshare", "-n", "sh", "-c", setup, "sh", *super().command()]


@pytest.mark.parametrize("target", ["127.0.0.1", "::1"])
def test_ping(stage, target):
    """Where the system allows it, without any privilege in the egress."""
    if os.geteuid() != 0:
        return  # only root makes a network namespace; test_ping_says_what_forbids_it shows the rest
    backend = {**direct("far"), "health_check": {**OFTEN, "type": "ping", "target": f"[{target}]:1" if ":" in target else target}}
    nobody = {**direct("nobody"), "health_check": {**OFTEN, "type": "ping", "target": "192.0.2.1"}}
    proxy = InNamespace(stage, {"backends": [backend, nobody], "rules": [everything("far")]})
    try:
        proxy.start()
        row = becomes(proxy, "far", "healthy")
        assert row["check"] == "ping" and 0 < row["latency_ms"] < 290, row
        becomes(proxy, "nobody", "unhealthy")
    finally:
        proxy.dispose()

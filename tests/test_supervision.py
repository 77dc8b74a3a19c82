"""The supervisor: workers that are killed come back, others do not notice, and the end is orderly."""
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import http_message, raw_client, stream, tcp_server
from harness.curl import curl
from harness.load import Load, Tunnel, one_get
from harness.waiting import eventually, port_open

ROOT = os.geteuid() == 0


def running(proxy, role):
    return [worker for worker in proxy.workers(role) if worker["state"] == "running"]


def process_status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


# kill -9

def test_acceptor_killed(start, origin, serve):
    """Only its own connections may end."""
    proxy = start({"workers": {"acceptors": 2}})
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(16)]
    rows = eventually(lambda: (lambda found: found if len(found) >= 16 else None)(proxy.rows("connections", "connections")), "all are listed")
    owner = {int(row["client"].rpartition(":")[2]): row["worker"] for row in rows}
    victim = next(worker for worker in running(proxy, "acceptor") if worker["index"] in owner.values())
    os.kill(victim["pid"], signal.SIGKILL)
    assert curl("-x", proxy.http, origin.url()).status == 200, "a new connection succeeds at once"
    survivors = [tunnel for tunnel in tunnels if owner[tunnel.local_port] != victim["index"]]
    rounds = [tunnel.rounds for tunnel in survivors]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(survivors, rounds)), "the others go on")
    assert [tunnel.finish() for tunnel in survivors] == [None] * len(survivors)
    for tunnel in tunnels:
        tunnel.finish()
    back = eventually(lambda: [w for w in running(proxy, "acceptor") if w["index"] == victim["index"] and w["pid"] != victim["pid"]],
                      "it is started again")[0]
    assert back["restarts"] == 1 and ("9" in back["last_exit"] or "KILL" in back["last_exit"].upper())


def test_each_acceptor_killed_in_turn_under_load(start, origin):
    """A request may be cut with its acceptor; a connection made afterwards never fails."""
    proxy = start({"workers": {"acceptors": 2}})
    for worker in running(proxy, "acceptor"):
        os.kill(worker["pid"], signal.SIGKILL)
        for _ in range(10):
            assert curl("-x", proxy.http, origin.url()).status == 200
        eventually(lambda: len(running(proxy, "acceptor")) == 2, "both run again")


def test_egress_killed(start, origin, serve):
    """No connection notices: the sockets have been handed over."""
    proxy = start()
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(4)]
    victim = running(proxy, "egress")[0]
    os.kill(victim["pid"], signal.SIGKILL)
    for _ in range(10):
        assert curl("-x", proxy.http, origin.url("/hello")).status == 200
        assert curl("-p", "-x", proxy.http, origin.url(host="origin.test")).body == b"hello\n"
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 4
    back = eventually(lambda: [worker for worker in running(proxy, "egress") if worker["pid"] != victim["pid"]], "it is back")[0]
    assert back["restarts"] == 1 and back["last_exit"]


def test_download_survives_the_egress(start, origin, tmp_path):
    proxy = start()
    with raw_client.RawHttp(proxy.http_port, timeout=60) as client:
        client.send(f"GET {origin.url(f'/bytes/{64 << 20}')} HTTP/1.1\r\nHost: x\r\n\r\n")
        head = client.head()
        for pid in proxy.worker_pids("egress"):
            os.kill(pid, signal.SIGKILL)
        pieces = []
        http_message.read_length(client.reader, int(head.fields.get("Content-Length")), pieces.append)
    assert b"".join(pieces) == stream.content(64 << 20)


def test_crash_loop_is_reported_and_leaves_the_others_alone(start, origin, serve):
    proxy = start({"workers": {"acceptors": 2}})
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    row = eventually(lambda: proxy.rows("connections", "connections"), "it is listed")[0]
    index = 1 - row["worker"]
    seen = set()

    def kill_again():
        worker = next(w for w in proxy.workers("acceptor") if w["index"] == index)
        if worker["pid"] and worker["state"] in ("running", "starting") and worker["pid"] not in seen:
            seen.add(worker["pid"])
            os.kill(worker["pid"], signal.SIGKILL)
        return worker if worker["state"] == "crash-loop" else None

    worker = eventually(kill_again, "a crash loop is reported", 40)
    assert worker["restarts"] >= 2
    assert len(running(proxy, "acceptor")) == 1 and len(running(proxy, "egress")) == 1
    rounds = tunnel.rounds
    eventually(lambda: tunnel.rounds > rounds, "the other acceptor's connection goes on")
    assert tunnel.finish() is None


def test_back_off_doubles(start):
    """The first restart is immediate, the later ones wait longer and longer."""
    proxy = start({"workers": {"acceptors": 1}})
    waits, killed = [], set()
    while len(waits) < 4:
        worker = eventually(lambda: next((w for w in proxy.workers("acceptor") if w["pid"] and w["pid"] not in killed), None), "it runs", 30)
        killed.add(worker["pid"])
        begin = time.monotonic()
        os.kill(worker["pid"], signal.SIGKILL)
        eventually(lambda: [w for w in proxy.workers("acceptor") if w["pid"] and w["pid"] not in killed], "it is started again", 30)
        waits.append(time.monotonic() - begin)
    assert waits[0] < 1.0, waits
    assert waits[3] > waits[0], waits


# The end

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain_lets_a_transfer_finish(start, origin, number):
    proxy = start({"shutdown": {"drain_timeout": "20s", "force_timeout": "30s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/gated')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        assert client.reader.exactly(5) == b"first"
        os.kill(proxy.service.pid, number)
        eventually(lambda: not port_open(proxy.http_port), "nothing more is accepted")
        assert proxy.service.running(), "it waits for the transfer"
        origin.gate.set()
        assert client.reader.exactly(5) == b"-last"
        assert client.closed()
    assert proxy.service.wait(10) == 0


def test_drain_is_bounded(start, origin):
    proxy = start({"shutdown": {"drain_timeout": "700ms", "force_timeout": "5s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/endless')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        begin = time.monotonic()
        proxy.stop(deadline=10)
        assert 0.5 < time.monotonic() - begin < 5
        client.reader.to_end()


def test_idle_connections_do_not_hold_up_the_end(start, origin):
    proxy = start({"shutdown": {"drain_timeout": "15s", "force_timeout": "30s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200
        begin = time.monotonic()
        proxy.stop()
        assert time.monotonic() - begin < 5, "a kept-alive connection without a request is no transfer"


def test_stop_by_proxyctl(start):
    proxy = start()
    assert proxy.ctl("stop").exit == 0
    assert proxy.service.wait(15) == 0
    assert not proxy.service.leftovers()


def test_second_signal_while_draining_hurries(start, origin):
    proxy = start({"shutdown": {"drain_timeout": "60s", "force_timeout": "120s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/endless')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        os.kill(proxy.service.pid, signal.SIGTERM)
        eventually(lambda: not port_open(proxy.http_port), "it drains")
        os.kill(proxy.service.pid, signal.SIGTERM)
        assert proxy.service.wait(10) == 0


def test_workers_end_with_their_supervisor(start):
    """Not at once: see test_orphans.py."""
    proxy = start({"shutdown": {"drain_timeout": "500ms"}})
    os.kill(proxy.service.pid, signal.SIGKILL)
    proxy._expected_exit = -signal.SIGKILL
    proxy.service.wait(10)
    eventually(lambda: not proxy.service.leftovers(), "no worker is left behind", 15)


def test_starts_again_after_a_kill(start, origin):
    """What a killed supervisor left in the runtime directory does not keep the next one from starting."""
    proxy = start({"shutdown": {"drain_timeout": "500ms"}})
    os.kill(proxy.service.pid, signal.SIGKILL)
    proxy.service.wait(10)
    eventually(lambda: not proxy.service.leftovers(), "no worker is left behind", 15)
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_second_daemon_in_the_same_runtime_directory_is_refused(start, prepare, origin):
    proxy = start()
    second = prepare()
    second.runtime = proxy.runtime
    assert second.run_to_end() != 0
    assert curl("-x", proxy.http, origin.url()).status == 200 and proxy.status()["pid"] == proxy.service.pid


# systemd

def test_notify_socket(prepare, service_manager):
    proxy = prepare(environment=service_manager.environment)
    proxy.start()
    service_manager.hear_until("READY=1")
    for reload in (lambda: proxy.service.send(signal.SIGHUP), lambda: proxy.reload().exit == 0):
        reload()
        said = service_manager.hear_until("READY=1")
        assert "RELOADING=1" in said[0] and "MONOTONIC_USEC=" in said[0], said
    proxy.service.send(signal.SIGTERM)
    service_manager.hear_until("STOPPING=1")
    assert proxy.service.wait(15) == 0


def test_notify_socket_in_the_abstract_namespace(prepare):
    name = f"bulkhead-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.settimeout(20)
        prepare(environment={"NOTIFY_SOCKET": "@" + name}).start()
        assert "READY=1" in listener.recv(65536).decode()


# Sandboxes

def test_workers_have_no_powers(start):
    proxy = start()
    for worker in proxy.workers():
        status = process_status(worker["pid"])
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(status[kind], 16) == 0, (worker["role"], kind)
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2", "a filter"
        assert status["Threads"] == "1"
        uids = status["Uid"].split()
        assert set(uids) == {str(worker["uid"])}
        if ROOT:
            assert int(uids[0]) != 0 and "0" not in status["Gid"].split()
            assert status.get("Groups", "").split() in ([], [status["Gid"].split()[0]])


def test_acceptors_have_no_network(start):
    proxy = start()
    own = os.readlink(f"/proc/{proxy.service.pid}/ns/net")
    for pid in proxy.worker_pids("acceptor"):
        assert os.readlink(f"/proc/{pid}/ns/net") != own
        devices = pathlib.Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
        assert all(line.split(":")[0].strip() in ("lo", "sit0", "tunl0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0",
                                                  "ip6gre0") for line in devices), devices
    for pid in proxy.worker_pids("egress"):
        assert os.readlink(f"/proc/{pid}/ns/net") == own


def test_roles_do_not_share_a_user(start):
    proxy = start()
    uids = {worker["role"]: worker["uid"] for worker in proxy.workers()}
    if ROOT:
        assert uids["acceptor"] != uids["egress"]
    else:
        assert set(uids.values()) == {os.getuid()} and proxy.status()["rootless"]


def test_status_says_what_is_in_force(start):
    proxy = start()
    for worker in proxy.workers():
        layers = {layer["name"]: layer["state"] for layer in worker["layers"]}
        assert layers.get("seccomp") == "on", layers
        assert worker["identity"]


def test_workers_are_not_dumpable(start):
    proxy = start()
    for worker in proxy.workers():
        owner = os.stat(f"/proc/{worker['pid']}/mem").st_uid
        assert owner == 0, "a process that is not dumpable belongs to root in /proc"


def test_workers_hold_no_more_descriptors_than_they_need(start):
    proxy = start()
    for worker in proxy.workers():
        links = [os.readlink(path) for path in pathlib.Path(f"/proc/{worker['pid']}/fd").iterdir()]
        assert not [link for link in links if link.startswith("/") and not re.match(r"/dev/(null|u?random)|.*access\.log|/memfd:", link)], links


def test_sandbox_off_is_said(start):
    proxy = start({"sandbox": "off"})
    for worker in proxy.workers():
        states = {layer["name"]: layer["state"] for layer in worker["layers"]}
        assert states["seccomp"] == states["landlock"] == "off"
        assert states["identity"] != "off" or os.geteuid() != 0, "no worker ever runs as root"


def test_sandbox_required(prepare):
    """Where every layer is there it starts; where one is missing that is fatal, and says which."""
    proxy = prepare({"sandbox": "require"})
    proxy.launch()
    try:
        proxy.service.wait_line(lambda line: "msg=ready" in line, 20)
        assert all(worker["sandbox_complete"] for worker in proxy.workers())
    except AssertionError:
        proxy._expected_exit = proxy.service.wait(20)
        assert proxy._expected_exit != 0
        said = proxy.service.tail().lower()
        assert "sandbox" in said and re.search("landlock|seccomp|namespace", said), said


@pytest.mark.parametrize("role", ["acceptor", "egress"])
def test_missing_worker_executable_is_fatal_at_start(prepare, tmp_path, role):
    tree = tmp_path / "tree"
    proxy = prepare()
    shutil.copytree(proxy.stage, tree)
    tmp_path.chmod(0o755)
    (tree / "libexec/bulkhead" / role).unlink()
    proxy.stage = tree
    assert proxy.run_to_end(30) != 0
    assert role in proxy.service.tail()


def test_rootless(prepare, origin, stage, tmp_path):
    """The same tree as an ordinary user: fewer powers, and it says so."""
    if not ROOT:
        assert prepare().start().status()["rootless"]
        return
    user = pwd.getpwnam("nobody")
    proxy = prepare()
    copy = proxy.directory / "stage"
    shutil.copytree(stage, copy)
    proxy.stage = copy
    for path in [proxy.directory, *proxy.directory.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid)
    plain = proxy.command
    proxy.command = lambda: ["/usr/bin/setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *plain()]
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200
    answer = proxy.status()
    assert answer["rootless"]
    assert {process_status(worker["pid"])["Uid"].split()[0] for worker in answer["workers"]} == {str(user.pw_uid)}


def test_version_and_help(stage):
    for program, word in (("sbin/bulkhead", "--version"), ("sbin/bulkhead", "--help"), ("bin/proxyctl", "version"), ("bin/proxyctl", "--help")):
        done = subprocess.run([stage / program, word], capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == 0 and done.stdout, (program, word, done)


def test_load_while_workers_die(start, origin):
    """Requests may fail only around a kill, and most succeed."""
    proxy = start({"workers": {"acceptors": 2}})
    load = Load().add(one_get(proxy, origin), 4)
    for role in ("egress", "acceptor"):
        done = load.done
        eventually(lambda: load.done > done + 20, "the load runs")
        os.kill(proxy.worker_pids(role)[0], signal.SIGKILL)
    eventually(lambda: len(running(proxy, "acceptor")) == 2 and running(proxy, "egress"), "all are back")
    done = load.done
    failures = len(load.failures)
    eventually(lambda: load.done > done + 50, "the load runs on")
    load.stop()
    assert len(load.failures) == failures, "none fails once all are back"
    assert len(load.failures) <= 8, load.failures


def test_deaths_of_acceptors_leave_no_descriptor_behind(start):
    proxy = start({"workers": {"acceptors": 1}})

    def descriptors():
        return len(os.listdir(f"/proc/{proxy.service.pid}/fd"))

    before = descriptors()
    for _ in range(3):
        pid, = proxy.worker_pids("acceptor")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: [each for each in proxy.workers("acceptor") if each["pid"] != pid and each["state"] == "running"], "a successor")
    eventually(lambda: descriptors() <= before, "nothing is kept", deadline=20)

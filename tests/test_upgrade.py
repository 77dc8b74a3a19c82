"""Another program in the same process: the port is never closed, connections go on, and a program that is no good changes
nothing."""
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import psutil
import pytest

from harness import flows, http_message, ports, raw_client, stream, tcp_server, users
from harness.curl import curl
from harness.load import Load, Tunnel, keep_alive_gets, one_get, one_socks
from harness.methods import ldap
from harness.waiting import eventually


@pytest.fixture
def another(stage, tmp_path):
    """A second installation; name: its directory."""

    def install(name="next"):
        tmp_path.chmod(0o755)
        return shutil.copytree(stage, tmp_path / name, symlinks=True)

    return install


def of_crew(proxy, crew, role=None):
    return [worker for worker in proxy.workers(role) if worker["crew"] == crew]


def upgrade(proxy, program=None):
    answer = proxy.ctl("upgrade", *([program] if program else []), deadline=60)
    assert answer.exit == 0, (answer, proxy.service.tail())
    return answer


def old_ones_are_gone_or_listed(proxy, before):
    """A second after an upgrade no old worker is there that is not listed as draining."""
    time.sleep(1)
    listed = {worker["pid"]: worker["state"] for worker in proxy.workers()}
    return [pid for pid in before if os.path.exists(f"/proc/{pid}") and listed.get(pid) != "draining"]


def test_in_place_with_its_own_pid(start, another, origin):
    proxy = start()
    pid, before, file = proxy.service.pid, [worker["pid"] for worker in proxy.workers()], another()
    uptime = proxy.status()["uptime_ms"]
    answer = upgrade(proxy, file / "sbin/bulkhead")
    assert "serves now" in answer.out
    status = proxy.status()
    assert status["pid"] == pid == proxy.service.pid and status["state"] == "running" and status["uptime_ms"] > uptime
    assert os.readlink(f"/proc/{pid}/exe") == str(file / "sbin/bulkhead")
    for worker in of_crew(proxy, 2) if os.geteuid() == 0 else []:
        assert os.readlink(f"/proc/{worker['pid']}/exe").startswith(str(file)), "the workers are the new program's"
    assert len(of_crew(proxy, 2)) >= 3 and status["generation"] == 2
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert not old_ones_are_gone_or_listed(proxy, before)
    eventually(lambda: not of_crew(proxy, 1), "idle workers end at once")
    proxy.stop()
    assert not proxy.service.leftovers()


def test_connections_of_the_old_workers_finish(start, serve, origin):
    """What the new workers cannot take over is listed while it drains."""
    proxy = start({"workers": {"acceptors": 1}, "shutdown": {"drain_timeout": "20s", "force_timeout": "30s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/gated')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        before = [worker["pid"] for worker in proxy.workers()]
        upgrade(proxy)
        assert not old_ones_are_gone_or_listed(proxy, before)
        old = of_crew(proxy, 1, "acceptor")[0]
        assert old["state"] == "draining" and old["draining_ms"] > 0 and old["connections"] == 1
        assert "draining" in proxy.ctl("status").out
        assert [row["destination"] for row in proxy.rows("connections", "connections")] == [f"127.0.0.1:{origin.port}"]
        origin.gate.set()
        client.reader.exactly(10)
    eventually(lambda: not of_crew(proxy, 1), "then the old ones end")
    assert proxy.query("crashes") == []


def test_drain_of_old_workers_is_bounded(start, origin):
    proxy = start({"workers": {"acceptors": 1}, "shutdown": {"drain_timeout": "700ms", "force_timeout": "5s"}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/endless')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        upgrade(proxy)
        eventually(lambda: not of_crew(proxy, 1), "the old ones end", 5)
        client.reader.to_end()


def test_by_signal(start, origin):
    proxy = start()
    os.kill(proxy.service.pid, signal.SIGUSR2)
    proxy.await_log("msg=upgraded")
    assert {worker["crew"] for worker in proxy.workers() if worker["state"] == "running"} == {2}
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_what_was_counted_stays(start, origin):
    proxy = start()
    assert proxy.reload().exit == 0
    os.kill(proxy.worker_pids("egress")[0], signal.SIGKILL)
    eventually(lambda: proxy.query("crashes"), "the death is recorded")
    upgrade(proxy)
    assert proxy.status()["reloads"] == 1 and [entry["role"] for entry in proxy.query("crashes")] == ["egress"]
    assert proxy.reload().exit == 0 and proxy.status()["generation"] == 4


def test_second_daemon_is_still_refused(start, prepare):
    proxy = start()
    upgrade(proxy)
    second = prepare()
    second.runtime = proxy.runtime
    assert second.run_to_end() != 0


# Programs that are no good

def assert_unchanged(proxy, before, origin):
    status = proxy.status()
    assert status["state"] == "running" and status["generation"] == before["generation"]
    pids = lambda answer: {worker["pid"] for worker in answer["workers"]}
    assert pids(status) == pids(before)
    assert os.readlink(f"/proc/{proxy.service.pid}/exe") == str(proxy.stage / "sbin/bulkhead")
    assert curl("-x", proxy.http, origin.url()).status == 200


def refused(proxy, program, origin):
    before = proxy.status()
    answer = proxy.ctl("upgrade", program, deadline=60)
    assert answer.exit == 1 and "goes on" in answer.err, answer
    assert_unchanged(proxy, before, origin)
    return answer.err


def test_a_program_that_is_not_there_or_no_program(start, tmp_path, origin):
    proxy = start()
    assert "No such file" in refused(proxy, tmp_path / "nothing", origin)
    text = tmp_path / "text"
    text.write_text("no program")
    assert "ermission denied" in refused(proxy, text, origin)
    text.chmod(0o755)
    assert "Exec format error" in refused(proxy, text, origin)


def test_a_program_whose_self_check_fails(start, tmp_path, origin):
    proxy = start()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho it does not feel well\nexit 3\n")
    program.chmod(0o755)
    said = refused(proxy, program, origin)
    assert "it does not feel well" in said and "code 3" in said
    answer = proxy.ctl("upgrade", program, deadline=60, as_json=True)
    assert answer.json()["output"] == "it does not feel well\n" and "code 3" in answer.json()["error"]
    assert "feel" not in answer.err, answer.err
    assert proxy.log(msg="not upgraded, nothing has changed")


def test_a_program_that_is_none_of_ours(start, origin):
    proxy = start()
    assert "is it a bulkhead?" in refused(proxy, "/bin/true", origin)


def test_a_stop_does_not_wait_for_a_self_check(start, tmp_path):
    proxy = start()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ntouch $0.asked\nsleep 600\n")
    program.chmod(0o755)
    with subprocess.Popen([proxy.stage / "bin/proxyctl", "--runtime-dir", proxy.runtime, "upgrade", program], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT):
        eventually(lambda: (tmp_path / "program.asked").exists(), "the self-check runs")
        proxy.service.remember()
        proxy.stop(deadline=10)
    eventually(lambda: not proxy.service.leftovers(), "nothing of the self-check is left")


def test_a_program_without_a_worker(start, another, origin):
    proxy, file = start(), another()
    (file / "libexec/bulkhead/egress").unlink()
    assert "egress" in refused(proxy, file / "sbin/bulkhead", origin)


def test_a_program_whose_worker_does_not_greet(start, another, origin):
    proxy, file = start(), another()
    worker = file / "libexec/bulkhead/acceptor"
    worker.unlink()
    worker.write_text("#!/bin/sh\nexec sleep 600\n")
    worker.chmod(0o755)
    assert "acceptor.0" in refused(proxy, file / "sbin/bulkhead", origin)


def test_a_program_whose_worker_dies(start, another, origin):
    proxy, file = start(), another()
    worker = file / "libexec/bulkhead/acceptor"
    worker.unlink()
    worker.write_text("#!/bin/sh\nexit 5\n")
    worker.chmod(0o755)
    said = refused(proxy, file / "sbin/bulkhead", origin)
    assert "acceptor" in said and "code 5" in said


def test_an_invalid_configuration(start, origin):
    proxy = start()
    proxy.write({"rules": [{"name": "Broken", "backend": "nobody", "match": {"domains": ["*"]}}]})
    before = proxy.status()
    answer = proxy.ctl("upgrade", deadline=60)
    assert answer.exit == 1 and "nobody" in answer.err, answer
    assert_unchanged(proxy, before, origin)


def test_a_program_that_passes_and_then_cannot_go_on(start, another, serve, origin):
    """The old program gets everything back, as if nothing had been."""
    proxy, file = start({"workers": {"acceptors": 2}}), another()
    worker, mark = file / "libexec/bulkhead/acceptor", file / "used"
    worker.rename(worker.with_suffix(".real"))
    file.chmod(0o777)
    worker.write_text(f"#!/bin/sh\n[ -e {mark} ] && exit 5\n: > {mark}\nexec {worker.with_suffix('.real')} \"$@\"\n")
    worker.chmod(0o755)
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    said = refused(proxy, file / "sbin/bulkhead", origin)
    assert "code 5" in said and proxy.log(msg="not upgraded: the new program could not go on")
    rounds = tunnel.rounds
    eventually(lambda: tunnel.rounds > rounds + 5, "the connection goes on")
    time.sleep(0.5)  # so that the vault has it
    victim = proxy.worker_pids("acceptor")[0]
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len([worker for worker in proxy.workers("acceptor") if worker["state"] == "running" and worker["pid"] != victim]) == 2,
               "workers are kept")
    assert "no change" in proxy.reload().out
    upgrade(proxy)
    all_go_on([tunnel], "it goes on in another worker, and another program's")
    assert tunnel.finish() is None


def test_self_check_by_hand(prepare):
    proxy = prepare()
    command = [str(word) for word in proxy.command()] + ["--self-check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 and "self-check passed" in done.stdout, done
    proxy.write(text="server: {http_port: -1}\n")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 78 and "http_port" in done.stderr, done


# The service manager

def test_the_service_manager_is_told(prepare, service_manager):
    proxy = prepare(environment=service_manager.environment)
    proxy.start()
    assert "READY=1" in service_manager.hear()
    upgrade(proxy)
    told = service_manager.hear()
    assert "RELOADING=1" in told and "MONOTONIC_USEC=" in told
    assert "READY=1" in service_manager.hear()
    proxy.service.send(signal.SIGTERM)
    assert "STOPPING=1" in service_manager.hear()
    assert proxy.service.wait(15) == 0


# Raw connections

def all_go_on(tunnels, what):
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), what)


class Bulk(threading.Thread):
    """A long download through CONNECT; at the end its length and hash."""

    def __init__(self, proxy, port):
        super().__init__(daemon=True)
        self.client = raw_client.RawHttp(proxy.http_port, timeout=60)
        assert self.client.connect(f"127.0.0.1:{port}").status == 200
        self.result = None
        self.start()

    def run(self):
        self.result = stream.receive_sha256(self.client.sock, bytes(self.client.reader.buffer))
        self.client.close()


def paced(length, stopped):
    """A stream that goes on until stopped is set and then comes to its length; never faster than 16 MiB/s."""

    def handler(connection, _server):
        for block in stream.blocks(length):
            connection.sendall(block)
            stopped.wait(len(block) / (16 << 20))

    return handler


def test_raw_connections_go_on_in_the_new_workers(start, another, serve):
    """Byte for byte over five upgrades; the old workers have nothing to wait for and end."""
    proxy = start({"workers": {"acceptors": 2}, "shutdown": {"drain_timeout": "30s", "force_timeout": "60s"}})
    files, echo, length, stopped = [another("one"), another("two")], serve(tcp_server.echo), 256 << 20, threading.Event()
    source = serve(paced(length, stopped))
    tunnels, bulk = [Tunnel(proxy, echo.port) for _ in range(6)], Bulk(proxy, source.port)
    for number in range(5):
        all_go_on(tunnels, "the tunnels run")
        time.sleep(0.5)  # so that the vault has them
        upgrade(proxy, files[number % 2] / "sbin/bulkhead")
        eventually(lambda: {worker["crew"] for worker in proxy.workers()} == {number + 2}, "the old workers end", 3)
        all_go_on(tunnels, "all go on in the new workers")
    stopped.set()
    bulk.join(60)
    assert bulk.result == (length, stream.sha256(length))
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 6
    assert echo.connections == 6, "nothing was opened anew"
    eventually(lambda: not proxy.rows("connections", "connections"), "nothing is left")


@pytest.mark.parametrize("role", ["vault", "egress", "acceptor"])
def test_just_after_a_worker_was_killed(start, serve, origin, role):
    proxy = start({"workers": {"acceptors": 2}, "shutdown": {"drain_timeout": "30s", "force_timeout": "60s"}})
    tunnels = [Tunnel(proxy, serve(tcp_server.echo).port) for _ in range(4)]
    all_go_on(tunnels, "the tunnels run")
    time.sleep(0.5)
    for _ in range(2):
        os.kill(proxy.worker_pids(role)[0], signal.SIGKILL)
        upgrade(proxy)
        all_go_on(tunnels, "all go on")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 4
    assert curl("-x", proxy.http, origin.url()).status == 200


@pytest.mark.parametrize("acceptors", [1, 2])
def test_while_a_worker_is_killed(start, serve, acceptors):
    """After the new program has begun and before its workers serve: what the dead one carried is with the old program's vault."""
    proxy = start({"workers": {"acceptors": acceptors}, "shutdown": {"drain_timeout": "30s", "force_timeout": "60s"}})
    tunnels = [Tunnel(proxy, serve(tcp_server.echo).port) for _ in range(6)]
    for number in range(4):
        all_go_on(tunnels, "the tunnels run")
        flows.await_held(proxy, len(tunnels))
        victim, seen = proxy.worker_pids("acceptor")[0], len(proxy.service.err)
        upgrading = threading.Thread(target=upgrade, args=(proxy,))
        upgrading.start()
        proxy.await_log("taking over", start=seen)
        os.kill(victim, signal.SIGKILL)
        upgrading.join(60)
        all_go_on(tunnels, "all go on")
        eventually(lambda: {worker["crew"] for worker in proxy.workers()} == {number + 2}, "the old workers end", 5)
    assert [tunnel.finish() for tunnel in tunnels] == [None] * len(tunnels)
    assert not flows.lost(proxy)
    assert len(proxy.query("crashes")) == 4


def test_nothing_is_left_open(start, serve):
    """Processes and descriptors are as many after five upgrades as after one."""
    proxy = start({"workers": {"acceptors": 2}})
    tunnels = [Tunnel(proxy, serve(tcp_server.echo).port) for _ in range(4)]

    def counts():
        workers = [worker["pid"] for worker in proxy.workers()] if os.geteuid() == 0 else []  # others may not look into them
        processes = [psutil.Process(pid) for pid in [proxy.service.pid, *workers]]
        return sorted((process.name(), process.num_fds()) for process in processes)

    def settled(crew):
        eventually(lambda: {worker["crew"] for worker in proxy.workers()} == {crew}, "the old workers end", 5)
        return len(psutil.Process(proxy.service.pid).children(recursive=True)), counts()

    all_go_on(tunnels, "the tunnels run")
    time.sleep(0.5)
    upgrade(proxy)
    before = settled(2)
    for number in range(4):
        time.sleep(0.5)
        upgrade(proxy)
        after = settled(3 + number)
    assert after[0] == before[0]
    # A pipe or two may be with another acceptor now.
    assert sum(number for _, number in after[1]) <= sum(number for _, number in before[1]) + 8, (before, after)
    assert dict(after[1])["bulkhead"] <= dict(before[1])["bulkhead"], (before, after)
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 4


ANOTHER_PROTOCOL = """#!/usr/bin/python3
import fcntl, os, re, struct, sys
program, uid = {program!r}, {uid}
state = os.environ.get("BULKHEAD_STATE_FD")
if state and "--self-check" not in sys.argv:
    left = open("/proc/self/fd/" + state, "rb").read()
    changed, count = re.subn(rb"\\x01\\x00(.)" + re.escape(struct.pack("<I", uid)), lambda found: b"\\2\\0" + found[0][2:], left, flags=re.S)
    assert count, left
    memory = os.memfd_create("state", os.MFD_ALLOW_SEALING)
    os.write(memory, changed)
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    os.close(int(state))
    os.environ["BULKHEAD_STATE_FD"] = str(memory)
os.execv(program, [program, *sys.argv[1:]])
"""


def test_old_workers_that_speak_another_language_drain(start, tmp_path, serve, origin):
    """Nothing can be handed over then; what they carry still has the whole drain time-out, and they accept nothing more."""
    proxy = start({"workers": {"acceptors": 1}, "shutdown": {"drain_timeout": "3s", "force_timeout": "30s"}})
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    program = tmp_path / "program"
    program.write_text(ANOTHER_PROTOCOL.format(program=str(proxy.stage / "sbin/bulkhead"), uid=proxy.workers("acceptor")[0]["uid"]))
    program.chmod(0o755)
    before = [worker["pid"] for worker in proxy.workers()]
    upgrade(proxy, program)
    assert not old_ones_are_gone_or_listed(proxy, before)
    all_go_on([tunnel], "it goes on in the old worker")
    assert [worker["state"] for worker in of_crew(proxy, 1, "acceptor")] == ["draining"]
    for _ in range(10):
        assert curl("-x", proxy.http, origin.url()).status == 200
    assert tunnel.error is None
    eventually(lambda: not of_crew(proxy, 1), "the drain is bounded", 8)
    assert tunnel.finish() is not None and proxy.query("crashes") == []


# Under load

def bulk(proxy, origin, length=8 << 20):
    """A download through CONNECT, compared with what was sent."""

    def request():
        with raw_client.RawHttp(proxy.http_port, timeout=60) as client:
            assert client.connect(f"127.0.0.1:{origin.port}").status == 200
            client.send(f"GET /bytes/{length} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            client.head()
            pieces = []
            http_message.read_length(client.reader, length, pieces.append)
        assert b"".join(pieces) == stream.content(length), "what came is not what was sent"

    return request


def mixed_load(proxy, origin, echo):
    return (Load().add(one_get(proxy, origin), 2).add(keep_alive_gets(proxy, origin), 1).add(one_socks(proxy, echo.port), 1)
            .add(bulk(proxy, origin), 1))


def test_five_upgrades_under_load(start, another, origin, serve):
    proxy = start({"workers": {"acceptors": 2}, "shutdown": {"drain_timeout": "20s", "force_timeout": "30s"}})
    files, echo = [another("one"), another("two")], serve(tcp_server.echo)
    load = mixed_load(proxy, origin, echo)
    for number in range(5):
        done = load.done
        eventually(lambda: load.done > done + 20, "the load runs")
        before = [worker["pid"] for worker in proxy.workers()]
        upgrade(proxy, files[number % 2] / "sbin/bulkhead")
        assert not old_ones_are_gone_or_listed(proxy, before)
    load.stop().check()
    eventually(lambda: {worker["crew"] for worker in proxy.workers()} == {6}, "nothing is left of the old crews", 25)
    assert proxy.query("crashes") == []


def change(proxy, number, extra):
    """The number of acceptors, a port that comes and goes, rules, time-outs, limits."""
    rules = [{"name": f"Rule {number}", "match": {"domains": [f"host{number}.test"]}, "action": "block"}] + proxy.config["rules"][-1:]
    proxy.write({"rules": rules, "workers": {"acceptors": 1 + number % 3},
                 "network": {"timeouts": {"idle": f"{30 + number}s"}, "limits": {"max_connections_per_backend": 10_000 + number}},
                 "rate_limiting": {"enabled": True, "global": {"requests_per_second": 50_000 + number, "burst": 50_000}},
                 "listeners": [{"name": "extra", "port": extra[number % 3], "protocol": "http"}] if number % 2 else []})


def test_fifty_reloads_and_five_upgrades_under_load(start, another, origin, serve):
    """Everything changes all the time, and nothing fails: requests, transfers compared with what was sent, and tunnels that live
    throughout."""
    proxy = start({"workers": {"acceptors": 2}, "reload": {"drain_timeout": "20s"},
                   "shutdown": {"drain_timeout": "20s", "force_timeout": "30s"}})
    files, echo = [another("one"), another("two")], serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(4)]
    load = mixed_load(proxy, origin, echo)
    extra = [ports.reserve() for _ in range(3)]
    for port in extra:
        ports.release(port)
    for number in range(50):
        change(proxy, number, extra)
        assert proxy.reload().exit == 0, proxy.service.tail()
        if number % 10 != 9:
            continue
        before = [worker["pid"] for worker in proxy.workers()]
        upgrade(proxy, files[number // 10 % 2] / "sbin/bulkhead")
        assert not old_ones_are_gone_or_listed(proxy, before)
        all_go_on(tunnels, "the tunnels go on")
    load.stop().check()
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 4
    status = proxy.status()
    assert status["reloads"] == 50 and status["failed_reloads"] == 0
    assert proxy.query("crashes") == []
    eventually(lambda: {worker["crew"] for worker in proxy.workers()} == {6}, "nothing is left of the old crews", 25)


# With users

def schema_of(daemon):
    return sqlite3.connect(f"file:{daemon.state}/auth/store.db?mode=ro", uri=True).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def self_check(daemon):
    command = [str(word) for word in daemon.command()] + ["--self-check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_self_check_leaves_the_users_store_alone(prepare, start):
    """An older program may go on with it, if the upgrade does not come about."""
    fresh = prepare(users.auth())
    assert self_check(fresh).returncode == 0
    assert not list(fresh.state.glob("auth/store.db*")), "nor does it make one"
    daemon = start(users.auth())
    users.add(daemon, "alice")
    before = schema_of(daemon)
    with sqlite3.connect(daemon.state / "auth/store.db") as store:  # as a program of before would have left it
        store.execute("UPDATE meta SET value = 0 WHERE name = 'schema'")
        store.execute("DROP TABLE last_logins")
    older = schema_of(daemon)
    assert older != before
    assert self_check(daemon).returncode == 0
    assert schema_of(daemon) == older
    with sqlite3.connect(daemon.state / "auth/store.db") as store:
        store.execute("UPDATE meta SET value = 1000 WHERE name = 'schema'")
    done = self_check(daemon)
    assert done.returncode == 1 and "newer version" in done.stderr, done
    assert [row["name"] for row in daemon.query("user", "list")] == ["alice"]


def test_users_after_a_program_that_could_not_go_on(start, another, origin, authority, service):
    """Its auth worker stays, also at the next reload: it has what it was started with."""
    methods = {"ldap": ldap("ldaps://127.0.0.1:9", authority), "system": {"service": service}}
    proxy, file = start(users.auth(["native", "ldap", "system"], **methods)), another()
    users.add(proxy, "alice")
    worker, mark = file / "libexec/bulkhead/acceptor", file / "used"
    worker.rename(worker.with_suffix(".real"))
    file.chmod(0o777)
    worker.write_text(f"#!/bin/sh\n[ -e {mark} ] && exit 5\n: > {mark}\nexec {worker.with_suffix('.real')} \"$@\"\n")
    worker.chmod(0o755)
    auth = proxy.worker_pids("auth")
    assert proxy.ctl("upgrade", file / "sbin/bulkhead", deadline=60).exit == 1
    assert proxy.worker_pids("auth") == auth
    for timeout in ("9s", "8s"):
        proxy.write({"server": {"auth": {"timeout": timeout}}})
        assert proxy.reload().exit == 0
    assert curl("-x", proxy.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    assert proxy.worker_pids("auth") == auth and proxy.workers("auth")[0]["restarts"] == 0
    proxy.write({"server": {"auth": {"mode": ["native"]}}})
    assert proxy.reload().exit == 0
    eventually(lambda: proxy.worker_pids("auth") not in ([], auth), "without PAM it is another", 20)


def test_what_users_have_used_goes_on(start, origin):
    daemon = start(users.auth())
    users.add(daemon, "alice")

    def used():
        return sum(row["bytes_down"] for row in daemon.query("user", "usage", "alice"))

    def fetch():
        assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url("/bytes/1000000")).status == 200

    fetch()
    eventually(lambda: used() > 1_000_000, "it is counted", 15)
    fetch()
    upgrade(daemon)  # with what was not reported yet
    fetch()
    eventually(lambda: used() > 3_000_000, "nothing is missing", 20)
    eventually(lambda: {worker["crew"] for worker in daemon.workers()} == {2}, "the old workers end", 30)
    assert 3_000_000 < used() < 3_100_000, "nothing is counted twice"

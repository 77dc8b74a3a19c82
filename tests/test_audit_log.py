"""The audit log: what gets into it, each of it brought about for real, and what `audit verify` notices."""
import ctypes
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys

import pytest

from harness import configuration, ports, users
from harness.curl import curl
from harness.waiting import eventually

PIDFD_GETFD = 438
CONTROL, EGRESS, VAULT, AUTH = 3, 4, 5, 6  # an acceptor's channels: workers/process/arguments.h


def entries(daemon, kind):
    return [row for row in daemon.query("audit", "list") if row["kind"] == kind]


def await_entry(daemon, kind, **fields):
    return eventually(lambda: [row for row in entries(daemon, kind) if all(row[name] == value for name, value in fields.items())],
                      f"{kind} is noted")[-1]


def channel_of(pid, descriptor):
    """A second descriptor of a channel of that process, as code that took it over would use it."""
    process = os.pidfd_open(pid)
    try:
        got = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, descriptor, 0)
        assert got >= 0, os.strerror(ctypes.get_errno())
        return socket.socket(fileno=got)
    finally:
        os.close(process)


# What is kept

def test_logins_and_refusals(start, origin):
    daemon = start(users.auth(lockout={"enabled": True, "free_attempts": 1, "delay": "100ms", "max_delay": "100ms", "ban_after": 2, "ban": "1h"},
                              cache={"failure_ttl": "0s"}))
    users.add(daemon, "alice")
    assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200
    with users.socks5(daemon, "alice", users.token(daemon, "alice")) as connection:
        connection.connect(("127.0.0.1", origin.port))
    for _ in range(2):
        curl("-x", daemon.http, "-U", "mallory:wrong", origin.url())
    login = await_entry(daemon, "login", subject="alice")
    assert login["address"] == "127.0.0.1" and login["detail"] == "http native accepted"
    failed = await_entry(daemon, "login_failed", subject="mallory")
    assert failed["detail"] == "http native unknown_user"
    assert await_entry(daemon, "ban", subject="mallory")["address"] == "127.0.0.1"


def test_changes_and_by_whom(start):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    users.token(daemon, "alice", "laptop")
    for words in (("user", "groups", "alice", "--add", "work"), ("user", "limits", "alice", "--mbps", "8"), ("user", "disable", "alice"),
                  ("user", "enable", "alice"), ("user", "logout", "alice"), ("user", "token", "remove", "alice", "laptop"), ("auth", "flush"),
                  ("store", "backup", daemon.directory / "copy.db")):
        assert daemon.ctl(*words).exit == 0, words
    assert daemon.ctl("user", "passwd", "alice", input="another\n").exit == 0
    assert daemon.ctl("auth", "test", "--user", "alice").exit == 0
    assert daemon.ctl("user", "remove", "alice").exit == 0
    await_entry(daemon, "user_remove", subject="alice")
    kept = {row["kind"]: row for row in daemon.query("audit", "list")}
    for kind in ("user_add", "token_add", "user_groups", "user_limits", "user_disable", "user_enable", "user_logout", "token_remove", "auth_flush",
                 "backup", "user_password", "auth_test", "user_remove"):
        assert kept[kind]["actor"] == f"uid {os.getuid()}", kind
    assert kept["user_groups"]["detail"] == "+work" and "max_mbps: 8" in kept["user_limits"]["detail"]
    assert "another" not in str(kept) and "secret-of-alice" not in str(kept)


def test_reloads_also_those_that_failed(start):
    daemon = start(users.auth())
    daemon.write({"server": {"auth": {"timeout": "9s"}}})
    assert daemon.reload().exit == 0
    assert str(os.getuid()) in await_entry(daemon, "reload")["actor"]
    daemon.write({"rules": [{"name": "Broken", "backend": "nobody", "match": {"domains": ["*"]}}]})
    assert daemon.reload().exit == 1
    assert "error" in await_entry(daemon, "reload_failed")["detail"]


def test_bans_for_abuse(start):
    abuse = {"enabled": True, "failed_destinations": 5, "scanned_ports": 0, "ban": "90m"}
    daemon = start(configuration.merged(users.auth(trusted_networks=["127.0.0.0/8"]), {"access_control": {"abuse": abuse}}))
    closed = ports.closed()
    for _ in range(20):  # each acceptor counts for itself
        curl("-x", daemon.http, f"http://127.0.0.1:{closed}/")
    assert await_entry(daemon, "ban", actor="failed_destinations")["detail"] == "127.0.0.1 for 1h30m"
    assert len(entries(daemon, "ban")) == 1


def test_bans_by_hand(start):
    daemon = start(users.auth())
    assert daemon.ctl("ban", "add", "192.0.2.7", "--for", "90m").exit == 0
    assert daemon.ctl("ban", "lift", "192.0.2.7").exit == 0
    assert daemon.ctl("ban", "lift", "192.0.2.8").exit == 1, "nothing was lifted"
    mine = f"uid {os.getuid()}"
    assert await_entry(daemon, "ban_lifted", actor=mine)["detail"] == "192.0.2.7"
    assert await_entry(daemon, "ban", actor=mine)["detail"] == "192.0.2.7 for 1h30m"
    assert len(entries(daemon, "ban_lifted")) == 1


def test_upgrades_also_those_that_failed(start, stage):
    daemon = start(users.auth())
    mine = f"uid {os.getuid()}"
    assert daemon.ctl("upgrade", "/bin/true", deadline=60).exit == 1
    assert "is it a bulkhead?" in await_entry(daemon, "upgrade_failed", actor=mine)["detail"]
    assert daemon.ctl("upgrade", deadline=60).exit == 0
    assert str(stage / "sbin/bulkhead") in await_entry(daemon, "upgrade", actor=mine)["detail"]
    os.kill(daemon.service.pid, signal.SIGUSR2)
    await_entry(daemon, "upgrade", actor="SIGUSR2")
    daemon.write({"rules": [{"name": "Broken", "backend": "nobody", "match": {"domains": ["*"]}}]})
    os.kill(daemon.service.pid, signal.SIGUSR2)
    assert "code 78" in await_entry(daemon, "upgrade_failed", actor="SIGUSR2")["detail"]
    assert len(entries(daemon, "upgrade")) == 2 and daemon.ctl("audit", "verify").exit == 0


def test_an_upgrade_that_the_new_program_gives_back(start, stage, tmp_path):
    daemon = start(users.auth())
    tmp_path.chmod(0o755)
    file = shutil.copytree(stage, tmp_path / "next", symlinks=True)
    file.chmod(0o777)
    worker, mark = file / "libexec/bulkhead/acceptor", file / "used"
    worker.rename(worker.with_suffix(".real"))
    worker.write_text(f"#!/bin/sh\n[ -e {mark} ] && exit 5\n: > {mark}\nexec {worker.with_suffix('.real')} \"$@\"\n")
    worker.chmod(0o755)
    assert daemon.ctl("upgrade", file / "sbin/bulkhead", deadline=60).exit == 1
    assert "code 5" in await_entry(daemon, "upgrade_failed", actor=f"uid {os.getuid()}")["detail"]


@pytest.mark.parametrize("channel", [CONTROL, EGRESS, VAULT, AUTH], ids=["supervisor", "egress", "vault", "auth"])
@pytest.mark.parametrize("message", [b"\xff" * 100, b"\0" * 7], ids=["nonsense", "short"])
def test_messages_that_were_refused(start, channel, message, origin):
    """An acceptor that somebody took over says what it must not say: that is its end, and it is written down."""
    daemon = start({**users.auth(), "workers": {"acceptors": 2}})
    users.add(daemon, "alice")
    victim = daemon.worker_pids("acceptor")[0]
    with channel_of(victim, channel) as stolen:
        stolen.send(message)
    refused = await_entry(daemon, "ipc_refused")
    assert refused["actor"].startswith("acceptor") and refused["detail"]
    eventually(lambda: victim not in daemon.worker_pids("acceptor") and len(daemon.worker_pids("acceptor")) == 2, "another takes its place", 20)
    assert eventually(lambda: curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url()).status == 200, "it serves")
    assert daemon.workers("auth")[0]["restarts"] == 0


def test_nonsense_at_the_control_socket(start):
    daemon = start(users.auth())
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as administrator:
        administrator.connect(str(daemon.runtime / "control.sock"))
        administrator.send(b"\xff" * 100)
        administrator.settimeout(20)
        assert administrator.recv(1000) == b""
    assert await_entry(daemon, "ipc_refused")["actor"] == f"proxyctl of uid {os.getuid()}"


def test_strangers_at_the_control_socket(start):
    daemon = start(users.auth())
    daemon.runtime.chmod(0o755)
    for path in daemon.runtime.iterdir():
        if path.is_socket():
            path.chmod(0o666)
    code = f"""import os, socket
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect({str(daemon.runtime / 'control.sock')!r})
s.recv(1)"""
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=20)
    assert await_entry(daemon, "control_refused")["actor"] == "uid 65534"


# What is noticed

TEN = ["alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy"]


@pytest.fixture
def written(start):
    daemon = start(users.auth())
    for name in TEN:
        users.add(daemon, name)
    eventually(lambda: len(entries(daemon, "user_add")) == len(TEN), "all are noted")
    assert daemon.ctl("audit", "verify").exit == 0
    return daemon


def tamper(daemon, *statements):
    with sqlite3.connect(daemon.state / "auth/store.db") as store:
        for statement in statements:
            store.execute(statement)


@pytest.mark.parametrize("statements, first", [
    (["UPDATE audit SET subject = 'mallory' WHERE number = 5"], 5),
    (["UPDATE audit SET actor = 'uid 4711' WHERE number = 5"], 5),
    (["UPDATE audit SET time_ms = time_ms + 1 WHERE number = 5"], 5),
    (["DELETE FROM audit WHERE number = 5"], 6),
    (["DELETE FROM audit WHERE number = 5", "UPDATE audit SET number = number - 1 WHERE number > 5"], 5),
    (["DELETE FROM audit WHERE number = 1"], 2),
    (["UPDATE audit SET number = -1 WHERE number = 5", "UPDATE audit SET number = 5 WHERE number = 6",
      "UPDATE audit SET number = 6 WHERE number = -1"], 5),
    (["UPDATE audit SET hash = (SELECT hash FROM audit WHERE number = 4) WHERE number = 5"], 5),
], ids=["subject", "actor", "time", "removed", "removed and renumbered", "the first removed", "two exchanged", "hash"])
def test_what_verify_notices(written, statements, first):
    tamper(written, *statements)
    answer = written.ctl("audit", "verify")
    assert answer.exit == 1 and f"entry {first} does not follow" in answer.err, answer
    assert not written.ctl("audit", "verify", as_json=True).json()["ok"]


def test_a_log_that_was_shortened(written):
    """Against a head that was noted elsewhere: the process log has it, too."""
    head = written.query("audit", "verify")["head"]
    tamper(written, "DELETE FROM audit WHERE number > 5")
    assert written.ctl("audit", "verify").exit == 0, "what is left follows from itself"
    answer = written.ctl("audit", "verify", "--head", head)
    assert answer.exit == 1 and "shortened" in answer.err


def test_the_process_log_has_the_head(written):
    written.restart()
    noted = eventually(lambda: written.log(msg="the audit log so far"), "the head is in the process log")[-1]
    assert written.ctl("audit", "verify", "--head", noted["head"]).exit == 0
    tamper(written, f"DELETE FROM audit WHERE number >= {noted['entries']}")
    assert written.ctl("audit", "verify", "--head", noted["head"]).exit == 1

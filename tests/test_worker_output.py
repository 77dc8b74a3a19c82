"""What workers write to their standard error: nobody can write in another's name, nothing is lost at a crash, a flood is
bounded. The worker here is a script that writes and then becomes the real one, or dies."""
import fcntl
import os
import shutil
import struct
import termios

import pytest

from harness.curl import curl
from harness.waiting import eventually

FORGED = r"""time=2026-01-01T00:00:00.000Z level=error msg="forged" role=supervisor pid=1"""


@pytest.fixture
def stage_with(stage, tmp_path):
    """stage_with(role, script) is a staged tree in which that worker begins as a shell script; $REAL is the program."""

    def make(role, script):
        tree = tmp_path / "stage"
        for folder in ("sbin", "bin", "libexec/bulkhead"):
            (tree / folder).mkdir(parents=True)
            for program in (stage / folder).iterdir():
                shutil.copy2(program, tree / folder / program.name)
        worker = tree / "libexec/bulkhead" / role
        worker.write_text(f"#!/bin/sh\nREAL={stage}/libexec/bulkhead/{role}\n{script}\n")
        for path in [tmp_path, *tmp_path.parents]:
            if path.stat().st_uid == os.geteuid() and path != path.parent:
                path.chmod(path.stat().st_mode | 0o055)
        return tree

    return make


def said_by(proxy, worker):
    return [record["text"] for record in proxy.log(msg="worker output", worker=worker)]


@pytest.mark.parametrize("role", ["acceptor", "egress"])
def test_a_worker_cannot_write_in_the_name_of_another(prepare, stage_with, origin, role):
    tree = stage_with(role, f"echo '{FORGED}' >&2\nprintf 'a\\033[2Jb\\rlevel=error\\n' >&2\nexec $REAL \"$@\"")
    proxy = prepare({"workers": {"acceptors": 1}})
    proxy.stage = tree
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert said_by(proxy, f"{role}.0") == [FORGED, "a\x1b[2Jb\rlevel=error"]
    assert not [line for line in proxy.lines if line.startswith(FORGED[:20]) or "\x1b" in line or "\r" in line]
    pid = proxy.worker_pids(role)[0]
    assert {record["worker_pid"] for record in proxy.log(msg="worker output")} == {str(pid)}


def test_only_acceptors_have_the_standard_output(prepare, stage_with):
    proxy = prepare()
    proxy.stage = stage_with("egress", "echo '{\"forged\": 1}'\nread -r line && echo input\nexec $REAL \"$@\"")
    proxy.start()
    assert said_by(proxy, "egress.0") == ['{"forged": 1}'], "and its input is empty"
    assert not proxy.service.out


def test_last_words_are_not_lost(prepare, stage_with):
    proxy = prepare()
    proxy.stage = stage_with("egress", "echo '==1==ERROR: first line' >&2\nprintf 'last words' >&2\nkill -SEGV $$")
    assert proxy.run_to_end() == 1
    assert said_by(proxy, "egress.0") == ["==1==ERROR: first line", "last words"]


def test_a_flood_is_bounded(prepare, stage_with, origin):
    proxy = prepare()
    proxy.stage = stage_with("egress", f"yes '{FORGED}' | head -n 500000 >&2\nexec $REAL \"$@\"")
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200

    def lost():
        return sum(int(record["lines"]) for record in proxy.log(worker="egress.0") if "lines" in record)

    eventually(lambda: len(said_by(proxy, "egress.0")) + lost() == 500_000, "each line was shown or counted")
    assert lost() > 250_000


def test_a_log_that_nobody_reads_stops_nothing(prepare, stage_with, origin):
    proxy = prepare({"workers": {"acceptors": 1}})
    proxy.stage = stage_with("egress", f"(read -r go < {proxy.directory}/go; yes '{FORGED}' | head -n 500000 >&2) & exec $REAL \"$@\"")
    os.mkfifo(proxy.directory / "go")
    (proxy.directory / "go").chmod(0o644)
    proxy.start()
    pipe = proxy.service.process.stderr

    def waiting():
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]

    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)  # one page: with anything in it there is no room
    proxy.service.reading.clear()
    (proxy.directory / "go").write_text("now\n")
    eventually(lambda: waiting() > 0, "the log's pipe is full")
    assert proxy.status()["workers"]
    assert proxy.reload().exit == 0
    assert curl("-x", proxy.http, origin.url()).status == 200
    proxy.service.reading.set()
    eventually(lambda: waiting() == 0, "the log is read again")
    assert proxy.reload().exit == 0
    left_out = eventually(lambda: proxy.log(msg="nobody read the log: lines were left out"), "what is missing is said")
    assert int(left_out[0]["lines"]) > 0

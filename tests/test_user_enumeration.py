"""Nobody learns by the time of a refusal whether a name exists, or which method knows it: not where methods that take different
times stand one behind the other."""
import contextlib
import socket
import threading
import time

import pytest

from harness import raw_client, users
from harness.directory import PASSWORD
from harness.methods import ldap
from harness.waiting import eventually

pytestmark = pytest.mark.alone

ROUNDS = 30
DELAY = 0.04


def delayed(port):
    """Forwards to a directory that is far away."""
    def forward(source, target):
        try:
            while data := source.recv(1 << 16):
                time.sleep(DELAY)
                target.sendall(data)
        except OSError:
            pass
        # Closed when neither thread uses it any more.
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def handler(connection, _server):
        with raw_client.Connection(port) as client:
            back = threading.Thread(target=forward, args=(client.sock, connection), daemon=True)
            back.start()
            forward(connection, client.sock)
            back.join()

    return handler


def refusal_time(daemon, origin, user, number):
    with raw_client.RawHttp(daemon.http_port) as client:
        began = time.perf_counter()
        assert client.get(origin.url(), users.basic(user, f"guess {number}")).status == 407
        return time.perf_counter() - began


def distinguishability(one, other):
    """How often a time of the one is longer than one of the other (Mann-Whitney's U): 0.5 tells nothing, 0 and 1 all."""
    return sum((a > b) + (a == b) / 2 for a in one for b in other) / (len(one) * len(other))


def worst_pair(daemon, origin, names):
    """One after the other in turn, so that whatever else the machine does falls on all of them alike."""
    times = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names:
            times[name].append(refusal_time(daemon, origin, name, number))
    pairs = [(abs(distinguishability(times[a], times[b]) - 0.5), a, b) for a in names for b in names if a < b]
    return max(pairs), {name: sorted(round(each * 1000) for each in found)[len(found) // 2] for name, found in times.items()}


def assert_alike(daemon, origin, *names):
    """Chance alone moves the measure of 30 against 30 by 0.075; what leaked before was at 0.5."""
    for name in names:  # what each way takes is learned
        for number in range(8):
            refusal_time(daemon, origin, name, f"first {number}")
    found = []

    def are_alike():
        found.append(worst_pair(daemon, origin, names))
        return found[-1][0][0] < 0.25

    try:
        eventually(are_alike, "refusals look alike", 60)
    except AssertionError:
        pytest.fail(f"told apart by time: {found}")


def test_native_alone(start, origin):
    daemon = start(users.auth(cache={"failure_ttl": "0s"}))
    users.add(daemon, "alice")
    users.add(daemon, "bob")
    assert daemon.ctl("user", "disable", "bob").exit == 0
    assert_alike(daemon, origin, "alice", "bob", "nobody")


def test_native_and_a_directory_far_away(start, serve, origin, directory, authority):
    far = serve(delayed(directory.tls_port))
    daemon = start(users.auth(["native", "ldap"], cache={"failure_ttl": "0s"}, ldap=ldap(f"ldaps://127.0.0.1:{far.port}", authority)))
    users.add(daemon, "nadia")
    with raw_client.RawHttp(daemon.http_port) as client:
        assert client.get(origin.url(), users.basic("zoe", PASSWORD)).status == 200, "the directory is asked"
    assert_alike(daemon, origin, "nadia", "zoe", "nobody")


def test_native_and_the_system(start, origin, system_user, service):
    daemon = start(users.auth(["native", "system"], cache={"failure_ttl": "0s"}, system={"service": service}))
    users.add(daemon, "nadia")
    assert_alike(daemon, origin, "nadia", system_user.name, "nobody-at-all")

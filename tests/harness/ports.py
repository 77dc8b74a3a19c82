"""Ports for servers that have not started yet.

They are taken below the range of ephemeral ports, so that no outgoing connection of the same machine ends up on one between
its choice and its use, and stay bound until they are released for whoever is going to listen. Tests that run beside these,
in other processes, do not get them either: each is a lock on one octet of a file, which ends with the process."""
import fcntl
import os
import pathlib
import random
import socket
import tempfile

FIRST, LAST = 20000, 32000
_random = random.Random(os.getpid())
_reserved = {}


def _open_locks():
    path = pathlib.Path(tempfile.gettempdir()) / f"bulkhead-test-ports-{os.geteuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


# Never closed: the first descriptor of a file that a process closes ends all its locks.
_locks = _open_locks()


def _is_ours(port):
    try:
        fcntl.lockf(_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _bind(family, kind, address, port):
    taken = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind((address, port))
    except OSError:
        taken.close()
        raise
    return taken


def _try_reserve(port):
    sockets = []
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            sockets.append(_bind(socket.AF_INET, kind, "0.0.0.0", port))
            sockets.append(_bind(socket.AF_INET6, kind, "::", port))
    except OSError:
        for taken in sockets:
            taken.close()
        return False
    _reserved[port] = sockets
    return True


def reserve():
    """A port that nobody listens on, for TCP and UDP, IPv4 and IPv6."""
    for _ in range(1000):
        port = _random.randrange(FIRST, LAST)
        if port not in _reserved and _is_ours(port) and _try_reserve(port):
            return port
    raise RuntimeError("no free port found")


def release(port):
    """Call right before the port is listened on. The number is not handed out again."""
    for taken in _reserved.get(port, ()):
        taken.close()
    if port in _reserved:
        _reserved[port] = ()


def closed():
    """A port on which connections are refused, for as long as the tests run."""
    return reserve()

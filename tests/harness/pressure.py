"""Clients that ask for far more than they may have, and count what they get: for limits that are measured."""
import socket
import threading
import time

from . import raw_client, users

MBIT = 1e6 / 8


class Caller:
    """Where a client comes from, and who it says it is. It is counted by its user's name, else by its address."""

    def __init__(self, source="127.0.0.1", user=None):
        self.source, self.name = source, user or source
        self.lines = [users.basic(user, f"secret-of-{user}")] if user else []

    @classmethod
    def of(cls, who):
        return who if isinstance(who, cls) else cls(who)


def keeps_to(count, wanted, seconds=3.0, windows=6):
    """What is counted grows by `wanted` a second, within 5 %. Where other work keeps the machine busy it may come late, and then
    more at a time; so there are several windows to find it in."""
    measured = []
    for _ in range(windows):
        before, began = count(), time.monotonic()
        time.sleep(seconds)
        measured.append((count() - before) / (time.monotonic() - began))
        if wanted * 0.95 <= measured[-1] <= wanted * 1.05:
            return
    raise AssertionError(f"{[round(each) for each in measured]} a second where {wanted} is allowed")


class Requests:
    """Threads that send far more requests than are allowed, as many at a time as fit a segment, and count the answers."""

    def __init__(self, proxy, origin, callers, threads=3, at_once=16):
        self.counts, self._lock, self._stop = {}, threading.Lock(), threading.Event()
        self._proxy, self._url, self._at_once = proxy, origin.url(), at_once
        callers = [Caller.of(each) for each in callers]
        self._threads = [threading.Thread(target=self._run, args=(callers[i % len(callers)],), daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, caller):
        while not self._stop.is_set():
            try:
                with raw_client.RawHttp(self._proxy.http_port, source=caller.source) as client:
                    while not self._stop.is_set():
                        self._send(client, caller)
            except (OSError, EOFError, ValueError, AssertionError):
                time.sleep(0.02)

    def _send(self, client, caller):
        client.send(("\r\n".join([f"GET {self._url} HTTP/1.1", "Host: x", *caller.lines]) + "\r\n\r\n") * self._at_once)
        for _ in range(self._at_once):
            status = client.response().status
            with self._lock:
                self.counts[caller.name, status] = self.counts.get((caller.name, status), 0) + 1
        self._stop.wait(0.01)

    def served(self, name=None):
        with self._lock:
            return sum(count for (who, status), count in self.counts.items() if status == 200 and name in (None, who))

    def finish(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)


def flood(connection, _server):
    block = b"x" * 65536
    while True:
        connection.sendall(block)


def swallow(connection, server):
    while data := connection.recv(1 << 16):
        with server.lock:
            server.received += len(data)


class Downloads:
    """Tunnels that take all they are given."""

    def __init__(self, proxy, port, callers):
        self.received, self._lock, self._clients, self._threads = {}, threading.Lock(), [], []
        for caller in map(Caller.of, callers):
            client = raw_client.RawHttp(proxy.http_port, source=caller.source)
            assert client.connect(f"127.0.0.1:{port}", *caller.lines).status == 200
            self._clients.append(client)
            thread = threading.Thread(target=self._run, args=(client, caller.name), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, client, name):
        try:
            while data := client.sock.recv(1 << 16):
                with self._lock:
                    self.received[name] = self.received.get(name, 0) + len(data)
        except OSError:
            pass

    def total(self, name=None):
        with self._lock:
            return sum(count for who, count in self.received.items() if name in (None, who))

    def close(self):
        for client in self._clients:
            try:
                client.sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it was cut
                pass
        for thread in self._threads:
            thread.join(10)
        for client in self._clients:
            client.close()

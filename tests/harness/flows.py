"""Connections that last, with both ends in the test's hands: what goes in at one end is compared with what comes out at the other."""
import hashlib
import os
import signal
import socket
import struct
import threading
import time

from . import raw_client, stream
from .tcp_server import TcpServer
from .waiting import eventually

TOKEN = 16
BEYOND = 1 << 50  # no stream of a test is that long
SILENCE = 60


class Meeting:
    """A server that keeps what is connected to it until the client's end is known: a flow begins with a token."""

    def __init__(self):
        self._arrived, self._sockets, self._over = threading.Condition(), {}, threading.Event()
        self.server = TcpServer(self._serve)
        self.port = self.server.port

    def _serve(self, connection, _server):
        token = b""
        while len(token) < TOKEN:
            piece = connection.recv(TOKEN - len(token))
            if not piece:
                return
            token += piece
        with self._arrived:
            self._sockets[token] = connection
            self._arrived.notify_all()
        self._over.wait()

    def far_end(self, token):
        with self._arrived:
            assert self._arrived.wait_for(lambda: token in self._sockets, SILENCE), "the flow did not arrive"
            return self._sockets.pop(token)

    def close(self):
        self._over.set()
        self.server.close()


def by_connect(proxy, port, early):
    client = raw_client.RawHttp(proxy.http_port, timeout=SILENCE)
    assert client.connect(f"127.0.0.1:{port}", early=early).status == 200
    return client


def by_socks5(proxy, port, early):
    client = raw_client.RawSocks(proxy.socks_port, timeout=SILENCE)
    assert client.open(raw_client.CONNECT, "127.0.0.1", port, early)[0] == 0
    return client


def by_socks4(proxy, port, early):
    client = raw_client.RawSocks(proxy.mixed_port, timeout=SILENCE)
    assert client.socks4(raw_client.CONNECT, "127.0.0.1", port, early=early)[0] == 90
    return client




WAYS = {"connect": by_connect, "socks5": by_socks5, "socks4": by_socks4}


class Sender:
    """Sends the stream of a seed in pieces until it is told to end; then it closes its half."""

    def __init__(self, sock, seed, piece, pause):
        self._sock, self._seed, self._piece, self._pause = sock, seed, piece, pause
        self._digest, self.sent, self.error = hashlib.sha256(), 0, None
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for block in stream.blocks(BEYOND, self._seed):
                for at in range(0, len(block), self._piece):
                    if self._stop.is_set():
                        return self._sock.shutdown(socket.SHUT_WR)
                    part = block[at:at + self._piece]
                    self._sock.sendall(part)
                    self._digest.update(part)
                    self.sent += len(part)
                    if self._pause:
                        time.sleep(self._pause)
        except OSError as error:
            self.error = error
        return None

    def end(self):
        self._stop.set()
        self._thread.join(SILENCE)
        assert not self._thread.is_alive(), f"still sending after {self.sent} octets"
        return self

    @property
    def result(self):
        return self.sent, self._digest.hexdigest()


class Receiver:
    """Reads to the end of the stream, from when it may."""

    def __init__(self, sock, pause, may_read):
        self._sock, self.pause, self._may_read = sock, pause, may_read
        self._digest, self.received, self.error = hashlib.sha256(), 0, None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        self._may_read.wait()
        try:
            while piece := self._sock.recv(1 << 18):
                self._digest.update(piece)
                self.received += len(piece)
                if self.pause:
                    time.sleep(self.pause)
        except OSError as error:
            self.error = error

    def end(self):
        self._thread.join(SILENCE)
        assert not self._thread.is_alive(), f"still waiting after {self.received} octets"
        return self

    @property
    def result(self):
        return self.received, self._digest.hexdigest()


class Flow:
    """near: the client's socket, behind the proxy's answer; far: the origin's."""

    def __init__(self, proxy, meeting, way="connect"):
        self.token = os.urandom(TOKEN)
        self.client = WAYS[way](proxy, meeting.port, self.token)
        # What the access log counts beside the test's octets: the head of a CONNECT.
        self.overhead = TOKEN + (len(raw_client.connect_head(f"127.0.0.1:{meeting.port}")) if way == "connect" else 0)
        assert not self.client.reader.buffer
        self.near, self.far = self.client.sock, meeting.far_end(self.token)
        self.far.settimeout(SILENCE)
        self.port, self.way = self.near.getsockname()[1], way
        self._seed, self.pumps, self._may_read = 0, [], threading.Event()

    def pump(self, piece=1 << 20, pause=0, slow=0, unread=False):
        """Both directions, until finish(). slow: how long a receiver rests after each read; unread: nothing is read before finish()."""
        if not unread:
            self._may_read.set()
        for into, out in ((self.near, self.far), (self.far, self.near)):
            self._seed += 1
            self.pumps.append((Receiver(out, slow, self._may_read), Sender(into, self._seed + self.port, piece, pause)))
        return self

    def moved(self):
        return [receiver.received for receiver, _ in self.pumps]

    def finish(self):
        """Ends what pump() began; returns (octets up, octets down), which arrived as they were sent."""
        self._may_read.set()
        for receiver, sender in self.pumps:
            receiver.pause = 0
            sender.end()
        for name, (receiver, sender) in zip(("up", "down"), self.pumps):
            receiver.end()
            assert receiver.error is None and sender.error is None, f"{self.way}, {name}: {sender.error!r}, {receiver.error!r}"
            assert receiver.result == sender.result, f"{self.way}, {name}: what arrived is not what was sent"
        self.close()
        return [receiver.received for receiver, _ in self.pumps]

    def echo(self, length=1000):
        """One round trip, which the far end answers by hand."""
        self._seed += 1
        for into, out in ((self.near, self.far), (self.far, self.near)):
            sent = os.urandom(length)
            into.sendall(sent)
            assert take(out, length) == sent, f"{self.way}: what came is not what was sent"
        return self

    def abandon(self):
        """Both ends go at once, in the middle of whatever they do. Closed when nobody uses them any more: a thread that still polled the
        number would poll, and so keep open, whatever gets it next."""
        for end in (self.near, self.far):
            end.shutdown(socket.SHUT_RDWR)
        self._may_read.set()
        for pump in self.pumps:
            for each in pump:
                each.end()
        # With a reset: nothing of it is left for whoever looks later.
        for end in (self.near, self.far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.near.close()
        self.far.close()

    def close(self):
        self.near.close()
        try:
            self.far.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.far.close()


def take(sock, length):
    """Exactly so many octets."""
    data = b""
    while len(data) < length:
        piece = sock.recv(length - len(data))
        if not piece:
            raise EOFError(f"it ended after {len(data)} of {length} octets")
        data += piece
    return data


# What the daemon says about it

def survival(proxy):
    return proxy.status()["survival"]


def lost(proxy):
    """Reasons that were counted, by name."""
    return {reason: count for reason, count in survival(proxy)["lost"].items() if count}


def await_held(proxy, count, deadline=15):
    """Until the vault holds that many flows."""
    eventually(lambda: survival(proxy)["held"] == count, f"{count} flows are held", deadline)


def await_settled(proxy, adopted, deadline=30):
    """Until nothing waits for an heir any more and at least that many flows have changed hands, all in all."""
    eventually(lambda: (lambda now: now["unsettled"] == 0 and now["adopted"] >= adopted)(survival(proxy)),
               f"{adopted} flows have been adopted", deadline)


def running(proxy, role):
    return [worker for worker in proxy.workers(role) if worker["state"] == "running"]


def kill(proxy, role, index=0):
    """kill -9; returns the pid that is no more."""
    pid = next(worker["pid"] for worker in proxy.workers(role) if worker["index"] == index and worker["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


def await_successor(proxy, role, former, index=0, deadline=45):
    return eventually(lambda: [worker for worker in running(proxy, role) if worker["index"] == index and worker["pid"] != former],
                      f"another {role} runs", deadline)[0]

"""Connections through the proxy that last, each in a thread of its own, and what became of them."""
import random
import socket
import struct
import threading
import time

from harness import http_message, raw_client

from . import pattern, server

SETTLED = 1.5  # a flow that was last seen alive before this age may have ended with its process: it was not vaulted yet
OPENING = 20.0
SILENCE = 40.0  # nothing for this long: the flow is dead


class Tally:
    """What became of all flows."""

    def __init__(self):
        self.lock = threading.Lock()
        self.opened = self.finished = self.octets = self.refused = self.young = 0
        self.bad = {"lost": [], "duplicated": [], "corrupted": []}

    def add(self, **counts):
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def fail(self, kind, text):
        with self.lock:
            self.bad[kind].append(text)


def _open(proxy, port, kind, way):
    """A connection through CONNECT or SOCKS5; tries again while nobody is there to answer."""
    end = time.monotonic() + OPENING
    while True:
        client = None
        try:
            if way == "connect":
                client = raw_client.RawHttp(proxy.http_port, timeout=SILENCE)
                granted = client.connect(f"127.0.0.1:{port}").status == 200
            else:
                client = raw_client.RawSocks(proxy.socks_port, timeout=SILENCE)
                granted = client.open(raw_client.CONNECT, "127.0.0.1", port)[0] == 0
            if granted:
                client.send(kind)
                return client
        except (OSError, EOFError, AssertionError, http_message.ProtocolError):
            pass
        if client is not None:
            client.close()
        if time.monotonic() > end:
            raise TimeoutError("no connection could be opened")
        time.sleep(0.05)


class Flow:
    """One of `name`, opened again and again until stop is set; each life is of a random length."""

    def __init__(self, name, proxy, port, tally, stop, life, seed):
        self.name, self.proxy, self.port, self.tally, self.stop, self.life = name, proxy, port, tally, stop, life
        self.chance, self.position = random.Random(seed), 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stop.is_set():
            try:
                client = _open(self.proxy, self.port, {"download": b"D", "upload": b"U"}.get(self.name, b"E"),
                               self.chance.choice(("connect", "socks5")))
            except TimeoutError:
                self.tally.add(refused=1)
                continue
            self.tally.add(opened=1)
            self._live(client)

    def _live(self, client):
        began, self.position = time.monotonic(), 0
        self.seen = began
        until = began + self.chance.uniform(*self.life)
        try:
            with client:
                getattr(self, "_" + self.name)(client, lambda: self.stop.is_set() or time.monotonic() > until)
            self.tally.add(finished=1, octets=self.position)
        except pattern.Difference as difference:
            self.tally.fail(difference.kind, f"{self.name}: {difference}")
        except (OSError, EOFError, struct.error, http_message.ProtocolError) as error:
            age = self.seen - began
            if age < SETTLED:
                self.tally.add(young=1)
            else:
                self.tally.fail("lost", f"{self.name} of {age:.1f} s after {self.position} octets: {error!r}")

    def _advance(self, octets):
        self.position += octets
        self.seen = time.monotonic()

    def _download(self, client, over):
        sock, ended, tail = client.sock, False, b""
        while True:
            if over() and not ended:
                sock.shutdown(socket.SHUT_WR)
                ended = True
            data = sock.recv(262_144)
            if not data:
                break
            data = tail + data
            # What could be the beginning of the end is kept back.
            keep = len(server.MARK) + 8
            body, tail = (data[:-keep], data[-keep:]) if len(data) > keep else (b"", data)
            pattern.check(self.position, body)
            self._advance(len(body))
            if self.chance.random() < 0.01:
                time.sleep(self.chance.uniform(0.05, 0.5))
        if not tail.startswith(server.MARK):
            pattern.check(self.position, tail)
            raise EOFError("it ended without its end")
        sent = struct.unpack(">Q", tail[len(server.MARK):])[0]
        if sent != self.position:
            raise pattern.Difference("lost", self.position, f"{sent} were sent")

    def _upload(self, client, over):
        while not over():
            block = pattern.piece(self.position, self.chance.choice((700, 16_384, 262_144, 1_000_000)))
            client.send(block)
            self._advance(len(block))
            time.sleep(0.02)
        client.sock.shutdown(socket.SHUT_WR)
        taken = struct.unpack(">Q", client.reader.exactly(8))[0]
        if taken != self.position:
            raise pattern.Difference("lost", taken, f"{self.position} were sent")

    def _echo(self, client, over):
        self._rounds(client, over, lambda: self.chance.choice((1, 100, 4_000, 60_000)), lambda: self.chance.uniform(0.001, 0.02))

    def _idle(self, client, over):
        self._rounds(client, over, lambda: 10, lambda: self.chance.uniform(0.5, 3))

    def _rounds(self, client, over, size, pause):
        while not over():
            block = bytes(pattern.piece(self.position, size()))
            client.send(block)
            pattern.check(self.position, client.reader.exactly(len(block)))
            self._advance(len(block))
            self.stop.wait(pause())
        client.sock.shutdown(socket.SHUT_WR)
        if client.reader.to_end():
            raise pattern.Difference("duplicated", self.position, "more came than was sent")

"""The far side of the flows. A connection begins with one octet that says what it is:

D   sends the stream until the peer has ended its side, then 8 octets with how many those were after an end mark
U   takes the stream until it ends, compares, and answers with 8 octets: how many were right
E   sends everything back
"""
import random
import socket
import struct
import threading
import time

from . import pattern

MARK = b"\xffthat was all\xff"


class Server:
    def __init__(self, seed):
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.differences, self.resets = [], 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                kind = connection.recv(1)
                {b"D": self._send, b"U": self._take, b"E": self._echo}.get(kind, lambda _: None)(connection)
        except pattern.Difference as difference:
            with self._lock:
                self.differences.append(difference)
        except OSError:
            with self._lock:
                self.resets += 1

    def _send(self, connection):
        ended = threading.Event()

        def wait_for_end():
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
            ended.set()

        threading.Thread(target=wait_for_end, daemon=True).start()
        sent = 0
        while not ended.is_set():
            block = pattern.piece(sent, self._chance.choice((700, 16_384, 262_144, 1_000_000)))
            connection.sendall(block)
            sent += len(block)
            ended.wait(0.02)
        connection.sendall(MARK + struct.pack(">Q", sent))

    def _take(self, connection):
        taken = 0
        while data := connection.recv(262_144):
            pattern.check(taken, data)
            taken += len(data)
            if self._chance.random() < 0.02:
                time.sleep(self._chance.uniform(0.05, 0.4))
        connection.sendall(struct.pack(">Q", taken))

    def _echo(self, connection):
        while data := connection.recv(65_536):
            connection.sendall(data)

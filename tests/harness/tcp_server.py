"""Threaded TCP and UDP servers on 127.0.0.1 and ::1, one port for both; what a connection does is a function."""
import queue
import socket
import threading

from . import ports, stream


class TcpServer:
    """handler(connection, server) runs in a thread of its own for each connection; the socket is closed after it."""

    def __init__(self, handler, tls=None, port=None):
        self.handler, self.tls = handler, tls
        self.port = port or ports.reserve()
        self.connections = 0
        self.results = queue.Queue()  # whatever the handler wants to tell the test
        self._open, self._lock = set(), threading.Lock()
        ports.release(self.port)
        self._listeners = [self._listen(socket.AF_INET, "127.0.0.1"), self._listen(socket.AF_INET6, "::1")]
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _listen(self, family, address):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, self.port))
        listener.listen(1024)
        return listener

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        served = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                served = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.discard(connection)
                    self._open.add(served)
            self.handler(served, self)
        except (OSError, ValueError):
            pass
        finally:
            served.close()
            with self._lock:
                self._open.discard(served)
                self._open.discard(connection)

    def open_connections(self):
        with self._lock:
            return len(self._open)

    def close(self):
        for listener in self._listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        with self._lock:
            for connection in list(self._open):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def echo(connection, _server):
    while data := connection.recv(1 << 16):
        connection.sendall(data)


def collect(connection, server):
    """Reads to the end, then answers with the length and the hash: only a half-closed connection gets that answer."""
    length, digest = stream.receive_sha256(connection)
    connection.sendall(f"{length} {digest}\n".encode())
    server.results.put((length, digest))


def speak_then_listen(connection, server):
    """Says a line, closes its sending half, and goes on reading."""
    connection.sendall(b"that is all from here\n")
    connection.shutdown(socket.SHUT_WR)
    server.results.put(stream.receive_sha256(connection))


def banner_first(connection, _server):
    """The server talks first, as SSH and SMTP do; then it echoes."""
    connection.sendall(b"SSH-2.0-test\r\n")
    echo(connection, _server)


def exchange(length, seed):
    """Sends the stream of that length while it receives; tells what it received."""

    def handler(connection, server):
        def send():
            for block in stream.blocks(length, seed):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        result = stream.receive_sha256(connection)
        sender.join(60)
        server.results.put(result)

    return handler


def silent(connection, _server):
    """Reads and never says anything."""
    while connection.recv(1 << 16):
        pass


class Blackhole:
    """Connections to its port neither succeed nor fail: the queue of a listener that nobody accepts from is full."""

    def __init__(self):
        self.port = ports.reserve()
        ports.release(self.port)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(0)
        self._queued = []
        for _ in range(16):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._queued.append(waiting)

    def close(self):
        for waiting in self._queued:
            waiting.close()
        self._listener.close()


class UdpServer:
    """answer(datagram) gives the reply, or None for silence."""

    def __init__(self, answer=lambda datagram: datagram):
        self.port = ports.reserve()
        ports.release(self.port)
        self.received = []
        self._answer, self._sockets = answer, []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            bound = socket.socket(family, socket.SOCK_DGRAM)
            bound.bind((address, self.port))
            self._sockets.append(bound)
            threading.Thread(target=self._serve, args=(bound,), daemon=True).start()

    def _serve(self, bound):
        while True:
            try:
                datagram, peer = bound.recvfrom(65535)
            except OSError:
                return
            self.received.append((peer, datagram))
            reply = self._answer(datagram)
            if reply is not None:
                try:
                    bound.sendto(reply, peer)
                except (OSError, TypeError):  # TypeError: a socket being closed yields a datagram of nobody
                    pass

    def close(self):
        for bound in self._sockets:
            try:
                bound.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            bound.close()

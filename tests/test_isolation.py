"""What one client, or one worker's trouble, must not do to others."""
import fcntl
import os
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from harness import raw_client
from harness.waiting import eventually


class Upstream:
    """A server that answers as the test says and keeps what it was sent, connection by connection."""

    def __init__(self, serve):
        self.received, self._serve = [], serve
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)  # inherited: little is buffered here
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.received.append(bytearray())
            threading.Thread(target=self._run, args=(connection, self.received[-1]), daemon=True).start()

    def _run(self, connection, received):
        try:
            self._serve(connection, received)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self._listener.close()


def read_head(connection, received, start=0):
    while b"\r\n\r\n" not in received[start:]:
        octets = connection.recv(65536)
        if not octets:
            raise OSError("closed")
        received += octets


def settled(connection):
    """Waits until no more octets come in that nobody reads: all that is between the proxy and here is full."""
    last = -1
    for _ in range(100):
        waiting = struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0" * 4))[0]
        if waiting == last:
            return
        last = waiting
        time.sleep(0.1)


def test_body_that_was_not_sent_to_its_end_spoils_the_upstream(start):
    """An early answer ends an upload. What the kernel has not taken of it by then is lost, so the connection must not be
    used again: the next client's request would be taken for the rest of that body. The upload is sized so that its last
    piece is the one that is held up."""
    def answer_early(connection, received):
        read_head(connection, received)
        settled(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        victim.wait(5)
        settled(connection)
        connection.settimeout(0.2)
        try:
            while octets := connection.recv(1 << 20):
                received.extend(octets)
        except TimeoutError:
            pass

    def upload(size):
        """What reached the upstream as that body, with a request of another client close behind."""
        victim.clear()
        upstream = Upstream(answer_early)
        url = f"http://127.0.0.1:{upstream.port}"
        with raw_client.RawHttp(proxy.http_port) as client:
            client.send(f"POST {url}/attack HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n")
            sender = threading.Thread(target=client.send_allowing_reset, args=(b"A" * size,), daemon=True)
            sender.start()
            client.response()
            with raw_client.RawHttp(proxy.http_port) as other:
                other.send(f"GET {url}/victim HTTP/1.1\r\nHost: x\r\n\r\n")
                eventually(lambda: len(upstream.received) > 1 or proxy.status()["active"] >= 2, "it was read")
                time.sleep(0.1)
                victim.set()
                eventually(lambda: len(upstream.received[0]) > 0, "the upload was drained")
                time.sleep(0.4)
        upstream.close()
        return bytes(upstream.received[0]).partition(b"\r\n\r\n")[2][:size]

    victim = threading.Event()
    proxy = start({"workers": {"acceptors": 1}})
    capacity = len(upload(30_000_000))
    for more in (2_000, 6_000, 10_000, 14_000):
        assert b"/victim" not in upload(capacity + more), f"with {more} octets held up of {capacity}"


def test_post_is_not_sent_twice(start):
    """A kept connection that the origin closes may have carried out what it was asked; only safe repeats are repeated."""
    def close_on_second(connection, received):
        read_head(connection, received)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        read_head(connection, received, len(received))

    upstream = Upstream(close_on_second)
    proxy = start({"workers": {"acceptors": 1}})
    url = f"http://127.0.0.1:{upstream.port}"
    try:
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.get(f"{url}/first").status == 200
            client.send(f"POST {url}/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert client.response().status == 502
        assert sum(bytes(received).count(b"POST /pay") for received in upstream.received) == 1
        with raw_client.RawHttp(proxy.http_port) as client:
            assert client.get(f"{url}/again").status == 200
            assert client.get(f"{url}/again").status == 200, "a GET is sent again on a connection of its own"
    finally:
        upstream.close()


def test_others_take_the_place_of_an_acceptor_that_keeps_dying(start, origin):
    proxy = start({"workers": {"acceptors": 2}})

    def restarts():
        return next(worker["restarts"] for worker in proxy.workers("acceptor") if worker["index"] == 0)

    for count in range(1, 5):
        pid = next(worker["pid"] for worker in proxy.workers("acceptor") if worker["index"] == 0)
        os.kill(pid, signal.SIGKILL)
        if count < 4:
            eventually(lambda count=count: restarts() >= count, "it is started again")
            eventually(lambda: next(w for w in proxy.workers("acceptor") if w["index"] == 0)["state"] == "running", "it runs")
    eventually(lambda: proxy.log(msg="another acceptor takes its connections meanwhile"), "its listeners are lent")
    clients = [subprocess.Popen(["curl", "-s", "-m", "2", "-o", os.devnull, "-w", "%{http_code}", "-x", proxy.http, origin.url()],
                                stdout=subprocess.PIPE) for _ in range(16)]
    assert [client.communicate()[0] for client in clients] == [b"200"] * 16


def test_client_that_talks_while_bind_waits_is_bounded(start):
    proxy = start({"workers": {"acceptors": 1}})
    with socket.create_connection(("127.0.0.1", proxy.socks_port)) as client:
        client.sendall(b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x00")
        assert client.recv(2) == b"\x05\x00"
        assert client.recv(10)[1] == 0
        before, _ = proxy.memory()
        sent = 0
        client.settimeout(5)
        try:
            while sent < 50_000_000:
                sent += client.send(b"x" * 65536)
        except OSError:
            pass
        after, _ = proxy.memory()
    assert after - before < 10_000_000, f"{sent} octets were sent, {after - before} are held"

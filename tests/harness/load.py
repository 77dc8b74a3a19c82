"""Clients that keep a proxy busy while something else happens, and remember every failure."""
import threading
import time

from . import raw_client, stream


class Load:
    """Threads that call a function again and again until stop(); what it raises is kept."""

    def __init__(self):
        self._stop = threading.Event()
        self._threads, self._lock = [], threading.Lock()
        self.done, self.failures = 0, []

    def add(self, request, count=1):
        for _ in range(count):
            thread = threading.Thread(target=self._run, args=(request,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _run(self, request):
        while not self._stop.is_set():
            try:
                request()
                with self._lock:
                    self.done += 1
            except Exception as error:  # whatever it is, it is a failed request
                with self._lock:
                    self.failures.append((time.monotonic(), repr(error)))
                self._stop.wait(0.01)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        return self

    def check(self):
        assert self.done > 0, "the load did nothing"
        assert not self.failures, f"{len(self.failures)} of {self.done} requests failed, first: {self.failures[:5]}"


def one_get(proxy, origin):
    def request():
        with raw_client.RawHttp(proxy.http_port) as client:
            answer = client.get(origin.url(), "Connection: close")
            assert answer.status == 200 and answer.body == b"hello\n", answer

    return request


def keep_alive_gets(proxy, origin, count=10):
    """A connection the proxy closes between two requests is not a failure as long as it said so."""

    def request():
        with raw_client.RawHttp(proxy.http_port) as client:
            for _ in range(count):
                answer = client.get(origin.url())
                assert answer.status == 200 and answer.body == b"hello\n", answer
                if "close" in answer.fields.get("Connection", "").lower():
                    return

    return request


def one_socks(proxy, server_port):
    def request():
        with raw_client.RawSocks(proxy.socks_port) as client:
            code, _ = client.open(raw_client.CONNECT, "127.0.0.1", server_port, early=b"ping")
            assert code == 0 and client.reader.exactly(4) == b"ping"

    return request


class Tunnel:
    """A CONNECT to an echo that keeps sending; rounds() counts what came back right, error holds how it ended."""

    def __init__(self, proxy, port, block=16_384, pause=0.005):
        self.client = raw_client.RawHttp(proxy.http_port)
        answer = self.client.connect(f"127.0.0.1:{port}")
        assert answer.status == 200, answer
        self.local_port = self.client.sock.getsockname()[1]
        self.rounds, self.error = 0, None
        self._block, self._pause, self._stop = block, pause, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._stop.is_set():
                sent = stream.content(self._block, self.rounds)
                if self.client.send(sent).reader.exactly(len(sent)) != sent:
                    raise AssertionError("what came back is not what was sent")
                self.rounds += 1
                self._stop.wait(self._pause)
        except Exception as error:
            self.error = error

    def finish(self):
        self._stop.set()
        self._thread.join(20)
        self.client.close()
        return self.error

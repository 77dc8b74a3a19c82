"""The HTTP origin server of the tests: strict about what it is sent, able to answer in every form HTTP/1.1 knows, and
keeping a record of each request as it came."""
import hashlib
import json
import ssl
import threading
import time
from urllib.parse import parse_qs, urlsplit

from . import http_message, stream, websocket
from .tcp_server import TcpServer

# A browser waits for the image, and lets no virtual time pass meanwhile; it waits for no WebSocket.
PAGE = """<!doctype html><html><head><title>page</title><link rel="stylesheet" href="/style.css"></head>
<body><p id="out">waiting</p><script src="/app.js"></script><img src="/spoken" alt=""></body></html>"""
SCRIPT = """const scheme = location.protocol === "https:" ? "wss://" : "ws://";
const socket = new WebSocket(scheme + location.host + "/ws");
socket.onopen = () => socket.send("spoken through the proxy");
socket.onmessage = (event) => { document.getElementById("out").textContent = "echoed: " + event.data; socket.close(); };
socket.onerror = () => { document.getElementById("out").textContent = "websocket failed"; };"""


class Request:
    def __init__(self, connection, method, target, version, fields):
        self.connection, self.method, self.target, self.version, self.fields = connection, method, target, version, fields
        self.length, self.sha256, self.trailers = 0, None, None

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields}>"

    def as_json(self):
        return {"method": self.method, "target": self.target, "version": self.version, "connection": self.connection,
                "headers": self.fields.pairs, "length": self.length, "sha256": self.sha256,
                "trailers": self.trailers.pairs if self.trailers else []}


class Origin:
    def __init__(self, certificates=None):
        context = None
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.certificate, certificates.key)
        self.scheme = "http" if context is None else "https"
        self.requests = []
        self.malformed = []
        self._lock = threading.Lock()
        self.gate = threading.Event()  # /gated holds its answer until this is set
        self.spoken = threading.Event()
        self.server = TcpServer(self._serve, tls=context)
        self.port = self.server.port

    @property
    def connections(self):
        return self.server.connections

    def url(self, path="/hello", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def paths(self):
        with self._lock:
            return [request.target for request in self.requests]

    def close(self):
        self.gate.set()
        self.spoken.set()
        self.server.close()

    def _serve(self, connection, server):
        with self._lock:
            number = server.connections
        reader = http_message.Reader(connection)
        while True:
            try:
                if not self._one(connection, reader, number):
                    return
            except EOFError:
                if reader.buffer:
                    self.malformed.append(reader.buffer)
                return
            except http_message.ProtocolError as error:
                self.malformed.append(str(error))
                return

    def _read_head(self, reader, number):
        head = reader.until(b"\r\n\r\n").split(b"\r\n")
        words = head[0].decode("latin-1").split(" ")
        if len(words) != 3:
            raise http_message.ProtocolError(f"bad request line {head[0]!r}")
        return Request(number, *words, http_message.Fields(http_message.parse_fields(head[1:])))

    def _read_body(self, connection, reader, request):
        digest = hashlib.sha256()

        def take(piece):
            digest.update(piece)
            request.length += len(piece)

        if (request.fields.get("Expect") or "").lower() == "100-continue":
            if request.target.startswith("/refuse-expectation"):
                return
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in (request.fields.get("Transfer-Encoding") or "").lower():
            request.trailers = http_message.read_chunked(reader, take)
        elif "Content-Length" in request.fields:
            http_message.read_length(reader, int(request.fields.get("Content-Length")), take)
        request.sha256 = digest.hexdigest()

    def _one(self, connection, reader, number):
        request = self._read_head(reader, number)
        with self._lock:
            self.requests.append(request)
        self._read_body(connection, reader, request)
        close = "close" in (request.fields.get("Connection") or "").lower() or request.version == "HTTP/1.0"
        stay = self._answer(connection, reader, request)
        return stay and not close

    def _answer(self, connection, reader, request):
        url = urlsplit(request.target)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        parts = [part for part in url.path.split("/") if part]
        name = parts[0].replace("-", "_") if parts else "hello"
        method = getattr(self, "_do_" + name, None)
        if method is None:
            return self._send(connection, request, 404, b"not here\n")
        return method(connection, request, parts[1:], query, reader)

    def _send(self, connection, request, status, body, extra=(), content_type="text/plain", head_only=False):
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Status'}", f"Content-Type: {content_type}", *extra]
        if status >= 200 and status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        payload = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        bodyless = request.method == "HEAD" or status in (204, 304) or head_only
        connection.sendall(payload if bodyless else payload + body)
        return True

    # One method a path. Each returns whether the connection stays open.

    def _do_hello(self, connection, request, *_):
        return self._send(connection, request, 200, b"hello\n")

    def _do_headers(self, connection, request, *_):
        return self._send(connection, request, 200, json.dumps(request.as_json()).encode(), content_type="application/json")

    _do_upload = _do_headers

    def _do_refuse_expectation(self, connection, request, *_):
        self._send(connection, request, 417, b"no\n", ["Connection: close"])
        return False

    def _do_status(self, connection, request, parts, *_):
        return self._send(connection, request, int(parts[0]), b"status\n")

    def _do_bytes(self, connection, request, parts, query, _reader):
        length, seed = int(parts[0]), int(query.get("seed", 0))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % length)
        if request.method != "HEAD":
            for block in stream.blocks(length, seed):
                connection.sendall(block)
        return True

    def _do_slow(self, connection, request, _parts, query, _reader):
        time.sleep(int(query.get("ms", 500)) / 1000)
        return self._send(connection, request, 200, b"slow\n")

    def _do_gated(self, connection, request, *_):
        """Sends half of its body, and the rest when the test opens the gate."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        self.gate.wait(60)
        connection.sendall(b"-last")
        return True

    def _do_endless(self, connection, request, *_):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not self.gate.wait(0.05):
            connection.sendall(http_message.chunk(b"x" * 64))
        return False

    def _do_chunked(self, connection, request, parts, query, _reader):
        length = int(parts[0]) if parts else 100_000
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Digest\r\n\r\n")
        if request.method == "HEAD":
            return True
        for block in stream.blocks(length, int(query.get("seed", 0))):
            for at in range(0, len(block), 7919):
                connection.sendall(http_message.chunk(block[at:at + 7919]))
        connection.sendall(b"0\r\nX-Digest: " + stream.sha256(length, int(query.get("seed", 0))).encode() + b"\r\n\r\n")
        return True

    def _do_close(self, connection, request, parts, *_):
        """A body that ends with the connection."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for block in stream.blocks(int(parts[0]) if parts else 100_000):
            connection.sendall(block)
        return False

    def _do_cut(self, connection, request, *_):
        """Promises more than it sends."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        return False

    def _do_drop(self, connection, *_):
        """Closes without an answer."""
        return False

    def _do_garbage(self, connection, *_):
        connection.sendall(b"\x00\x01 this is not HTTP at all\r\n\r\n")
        return False

    def _do_early(self, connection, request, *_):
        """An informational answer before the real one."""
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: X-Named\r\nX-Named: secret\r\n"
                           b"Keep-Alive: timeout=5\r\nUpgrade: foo\r\nProxy-Authenticate: Basic realm=\"origin\"\r\n\r\n")
        return self._send(connection, request, 200, b"early\n")

    def _do_hop(self, connection, request, *_):
        extra = ["Connection: X-Named", "X-Named: secret", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
                 "Proxy-Authenticate: Basic realm=\"origin\"", "X-Kept: yes", "Via: 1.0 somebody"]
        return self._send(connection, request, 200, b"hop\n", extra)

    def _do_redirect(self, connection, request, *_):
        return self._send(connection, request, 302, b"", [f"Location: {self.url('/hello')}"])

    def _do_page(self, connection, request, *_):
        self.spoken.clear()
        return self._send(connection, request, 200, PAGE.encode(), content_type="text/html")

    def _do_ws(self, connection, request, _parts, _query, reader):
        if (request.fields.get("Upgrade") or "").lower() != "websocket":
            return self._send(connection, request, 426, b"upgrade required\n", ["Upgrade: websocket", "Connection: Upgrade"])
        websocket.accept(connection, request.fields)
        websocket.serve_echo(connection, reader)
        self.spoken.set()
        return False

    def _do_spoken(self, connection, request, *_):
        """Answers when a WebSocket has been closed by its client, which had its say by then."""
        self.spoken.wait(20)
        return self._send(connection, request, 200, b"")


def _script(self, connection, request, *_):
    return self._send(connection, request, 200, SCRIPT.encode(), content_type="text/javascript")


def _style(self, connection, request, *_):
    return self._send(connection, request, 200, b"body { color: black }", content_type="text/css")


# Paths with a dot cannot be spelled as a method.
setattr(Origin, "_do_app.js", _script)
setattr(Origin, "_do_style.css", _style)

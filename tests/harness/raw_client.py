"""Clients that write exactly the octets a test wants: raw HTTP and raw SOCKS."""
import socket
import struct

from . import http_message


class Response:
    def __init__(self, version, status, reason, fields):
        self.version, self.status, self.reason, self.fields = version, status, reason, fields
        self.body, self.trailers = b"", None

    def __repr__(self):
        return f"<{self.version} {self.status} {self.fields} {self.body[:200]!r}>"


class Connection:
    """A TCP connection that is written to as it comes and read through a buffer."""

    def __init__(self, port, host="127.0.0.1", timeout=15, source=None):
        self.sock = socket.create_connection((host, port), timeout=timeout, source_address=(source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = http_message.Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def send_allowing_reset(self, data):
        """For a peer that may answer and close before it has read everything."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def closed(self, timeout=10):
        """Whether the peer closes now without saying more."""
        self.sock.settimeout(timeout)
        try:
            return not self.reader.buffer and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def connect_head(authority, *lines):
    return ("\r\n".join([f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *lines]) + "\r\n\r\n").encode()


class RawHttp(Connection):
    """To an HTTP proxy (or origin)."""

    def head(self):
        lines = self.reader.until(b"\r\n\r\n").split(b"\r\n")
        version, status, *reason = lines[0].decode("latin-1").split(" ", 2)
        return Response(version, int(status), reason[0] if reason else "",
                        http_message.Fields(http_message.parse_fields(lines[1:])))

    def response(self, method="GET"):
        """One response; informational ones are returned as well. For CONNECT, the head of a success only."""
        response = self.head()
        if response.status < 200 or response.status in (204, 304) or method == "HEAD":
            return response
        if method == "CONNECT" and response.status < 300:
            return response
        pieces = []
        if "chunked" in (response.fields.get("Transfer-Encoding") or "").lower():
            response.trailers = http_message.read_chunked(self.reader, pieces.append)
        elif "Content-Length" in response.fields:
            http_message.read_length(self.reader, int(response.fields.get("Content-Length")), pieces.append)
        else:
            pieces.append(self.reader.to_end())
        response.body = b"".join(pieces)
        return response

    def get(self, url, *lines, method="GET", host=None, body=b""):
        authority = host or url.split("/")[2]
        text = "\r\n".join([f"{method} {url} HTTP/1.1", f"Host: {authority}", *lines]) + "\r\n\r\n"
        self.send(text.encode("latin-1") + body)
        return self.response(method)

    def connect(self, authority, *lines, early=b""):
        self.send(connect_head(authority, *lines) + early)
        return self.response("CONNECT")

V4, NAME, V6 = 1, 3, 4
CONNECT, BIND, UDP_ASSOCIATE = 1, 2, 3


def address_bytes(host, port):
    """ATYP, address and port as RFC 1928 writes them; the kind follows from how the host is written."""
    for family, kind in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
        try:
            return bytes([kind]) + socket.inet_pton(family, host) + struct.pack(">H", port)
        except OSError:
            continue
    name = host.encode()
    return bytes([NAME, len(name)]) + name + struct.pack(">H", port)


def take_address(read):
    """Reads ATYP, address and port by read(count); returns (host, port)."""
    kind = read(1)[0]
    if kind == V4:
        host = socket.inet_ntop(socket.AF_INET, read(4))
    elif kind == V6:
        host = socket.inet_ntop(socket.AF_INET6, read(16))
    elif kind == NAME:
        host = read(read(1)[0]).decode()
    else:
        raise http_message.ProtocolError(f"address type {kind}")
    return host, struct.unpack(">H", read(2))[0]


class RawSocks(Connection):
    """To a SOCKS proxy."""

    def greet(self, methods=b"\x00"):
        self.sock.sendall(bytes([5, len(methods)]) + methods)
        version, method = self.reader.exactly(2)
        assert version == 5
        return method

    def read_reply(self):
        """(code, (host, port))"""
        version, code, reserved = self.reader.exactly(3)
        assert (version, reserved) == (5, 0)
        return code, take_address(self.reader.exactly)

    def request(self, command, host, port, early=b""):
        self.sock.sendall(bytes([5, command, 0]) + address_bytes(host, port) + early)
        return self.read_reply()

    def open(self, command, host, port, early=b""):
        assert self.greet() == 0
        return self.request(command, host, port, early)

    def socks4(self, command, host, port, user=b"tester", early=b""):
        """(code, (host, port)); a name is sent as SOCKS4a does."""
        try:
            address, name = socket.inet_pton(socket.AF_INET, host), b""
        except OSError:
            address, name = b"\0\0\0\1", host.encode() + b"\0"
        self.sock.sendall(struct.pack(">BBH", 4, command, port) + address + user + b"\0" + name + early)
        return self.read_socks4_reply()

    def read_socks4_reply(self):
        null, code, port = struct.unpack(">BBH", self.reader.exactly(4))
        assert null == 0
        return code, (socket.inet_ntop(socket.AF_INET, self.reader.exactly(4)), port)


def udp_header(host, port, fragment=0):
    return bytes([0, 0, fragment]) + address_bytes(host, port)


def parse_udp(datagram):
    """((host, port), payload)"""
    assert datagram[:3] == b"\0\0\0", datagram[:3]
    at = 3

    def read(count):
        nonlocal at
        at += count
        return datagram[at - count:at]

    source = take_address(read)
    return source, datagram[at:]

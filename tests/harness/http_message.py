"""Reads HTTP/1.1 messages from a socket, strictly and without repairing anything. For the origin and for raw clients."""


class ProtocolError(ValueError):
    pass


class Reader:
    """Buffered reading from a socket; at the end of the stream it raises EOFError where something is missing."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def fill(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError("connection closed")
        self.buffer += data

    def exactly(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def some(self, limit):
        """At least one and at most limit octets."""
        if not self.buffer:
            self.fill()
        data, self.buffer = self.buffer[:limit], self.buffer[limit:]
        return data

    def until(self, mark, limit=1 << 20):
        while mark not in self.buffer:
            if len(self.buffer) > limit:
                raise ProtocolError("too long")
            self.fill()
        data, _, self.buffer = self.buffer.partition(mark)
        return data

    def to_end(self):
        pieces = [self.buffer]
        self.buffer = b""
        while True:
            try:
                data = self.sock.recv(1 << 18)
            except ConnectionResetError:
                break
            if not data:
                break
            pieces.append(data)
        return b"".join(pieces)


def parse_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise ProtocolError(f"bad field line {line!r}")
        fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return fields


class Fields:
    """Header fields in order, looked up without regard to case."""

    def __init__(self, pairs):
        self.pairs = pairs

    def all(self, name):
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return ", ".join(values) if values else default

    def __contains__(self, name):
        return bool(self.all(name))

    def __repr__(self):
        return repr(self.pairs)


def read_chunked(reader, take):
    """Hands each piece to take(); returns the trailer fields."""
    while True:
        size = int(reader.until(b"\r\n", 4096).split(b";")[0], 16)
        if size == 0:
            break
        while size > 0:
            piece = reader.some(size)
            take(piece)
            size -= len(piece)
        if reader.exactly(2) != b"\r\n":
            raise ProtocolError("chunk without end")
    lines = []
    while line := reader.until(b"\r\n"):
        lines.append(line)
    return Fields(parse_fields(lines))


def read_length(reader, length, take):
    while length > 0:
        piece = reader.some(length)
        take(piece)
        length -= len(piece)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)

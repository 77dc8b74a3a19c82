"""As much of RFC 6455 as an echo needs, on both sides: over raw sockets, so that the proxy in between is all there is."""
import base64
import hashlib
import os

from . import http_message

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def accept(connection, fields):
    answer = accept_key(fields.get("Sec-WebSocket-Key", ""))
    connection.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Accept: {answer}\r\n\r\n").encode())


def frame(opcode, payload, mask=False):
    length = len(payload)
    flag = 0x80 if mask else 0
    if length < 126:
        head = bytes([0x80 | opcode, flag | length])
    elif length < 65536:
        head = bytes([0x80 | opcode, flag | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, flag | 127]) + length.to_bytes(8, "big")
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + apply_mask(payload, key)


def apply_mask(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def read_frame(reader):
    """(opcode, payload), unmasked."""
    first, second = reader.exactly(2)
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(reader.exactly(2), "big")
    elif length == 127:
        length = int.from_bytes(reader.exactly(8), "big")
    key = reader.exactly(4) if second & 0x80 else None
    payload = reader.exactly(length)
    return first & 0x0F, apply_mask(payload, key) if key else payload


def serve_echo(connection, reader):
    while True:
        opcode, payload = read_frame(reader)
        connection.sendall(frame(8 if opcode == 8 else opcode, payload))
        if opcode == 8:
            return


class Client:
    """Upgrades a connection on which the request can be sent right away (through a proxy: target is absolute)."""

    def __init__(self, sock, target, host):
        key = base64.b64encode(os.urandom(16)).decode()
        sock.sendall((f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.sock, self.reader = sock, http_message.Reader(sock)
        head = self.reader.until(b"\r\n\r\n").split(b"\r\n")
        self.status = int(head[0].split()[1])
        self.fields = http_message.Fields(http_message.parse_fields(head[1:]))
        if self.status == 101 and self.fields.get("Sec-WebSocket-Accept") != accept_key(key):
            raise http_message.ProtocolError("the answer belongs to another key")

    def send(self, payload, opcode=1):
        self.sock.sendall(frame(opcode, payload, mask=True))

    def receive(self):
        return read_frame(self.reader)

    def echo(self, payload):
        self.send(payload, 2)
        return self.receive()[1]

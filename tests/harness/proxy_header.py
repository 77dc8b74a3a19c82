"""PROXY protocol headers, versions 1 and 2, as a load balancer in front writes them."""
import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source, destination, source_port=4321, destination_port=80):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {source_port} {destination_port}\r\n".encode()


def v2(source, destination, source_port=4321, destination_port=80, extra=b""):
    family, code = (socket.AF_INET6, 0x21) if ":" in source else (socket.AF_INET, 0x11)
    body = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    body += struct.pack(">HH", source_port, destination_port) + extra
    return SIGNATURE + bytes([0x21, code]) + struct.pack(">H", len(body)) + body


def v2_local():
    """What a balancer's own health check sends: no address to take over."""
    return SIGNATURE + b"\x20\x00\x00\x00"

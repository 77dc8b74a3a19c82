"""Input that nobody should send, on every port: refused, logged once, forgotten; the process neither dies nor grows."""
import random
import socket
import struct

import pytest

from harness import ports, raw_client, tcp_server
from harness.curl import curl
from harness.load import Load
from harness.waiting import eventually

RANDOM = random.Random(20)

GARBAGE = {
    "nothing": b"", "one octet": b"\x05", "zeros": b"\0" * 5000, "ones": b"\xff" * 5000, "random": RANDOM.randbytes(20_000),
    "half a request line": b"GET http://127.0.0.1/", "half a header": b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127",
    "half a body": b"POST http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    "huge line": b"GET " + b"/" * 300_000, "huge header": b"GET http://x/ HTTP/1.1\r\n" + b"X: " + b"y" * 300_000,
    "many headers": b"GET http://x/ HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, "many empty lines": b"\r\n" * 50_000,
    "half a greeting": b"\x05\xff\x00", "half a request": b"\x05\x01\x00\x05\x01\x00\x03\xffabc", "half a socks4": b"\x04\x01\x00",
    "endless user": b"\x04\x01\x00\x50\x7f\x00\x00\x01" + b"u" * 100_000, "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(range(256)) * 2,
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "connect to nothing": b"CONNECT : HTTP/1.1\r\n\r\n",
    "names of 255": b"\x05\x01\x00\x05\x01\x00\x03\xff" + b"a" * 255 + b"\x00\x50", "empty name": b"\x05\x01\x00\x05\x01\x00\x03\x00\x00\x50",
    "proxy header": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "proxy header 2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + b"\0" * 12,
}


def throw(port, data, reset=False):
    """Sends it, closes our half, and reads whatever comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as client:
        try:
            client.sendall(data)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass


def all_ports(proxy):
    return proxy.http_port, proxy.socks_port, proxy.mixed_port


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage(proxy, origin, kind):
    pids = {worker["pid"] for worker in proxy.workers()}
    for port in all_ports(proxy):
        throw(port, GARBAGE[kind])
        throw(port, GARBAGE[kind], reset=True)
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert {worker["pid"] for worker in proxy.workers()} == pids, "no worker was restarted"


@pytest.mark.parametrize("kind", ["random", "zeros", "huge line", "many headers", "connect to nothing", "http2"])
def test_refusal_is_logged_exactly_once(start, kind):
    proxy = start()
    for _ in range(5):
        throw(proxy.http_port, GARBAGE[kind])
    eventually(lambda: len(proxy.access()) >= 5, "each is logged")
    proxy.stop()
    assert len(proxy.access()) == 5 and all(record["refusal"] for record in proxy.access())


def test_connections_without_a_word_are_not_refusals(start):
    proxy = start()
    for port in all_ports(proxy):
        throw(port, b"")
    eventually(lambda: proxy.status()["accepted"] >= 3, "they were seen")
    proxy.stop()
    assert all(not record.get("refusal") for record in proxy.access())


def test_memory_and_descriptors_stay_flat(start, origin):
    proxy = start({"access_log": {"enabled": False}})

    def round_of_everything():
        for data in GARBAGE.values():
            for port in all_ports(proxy):
                throw(port, data)
        for _ in range(100):
            throw(proxy.http_port, f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    for _ in range(3):
        round_of_everything()
    eventually(lambda: proxy.status()["active"] == 0, "all connections are gone")
    memory, descriptors = proxy.memory()
    for _ in range(6):
        round_of_everything()
    eventually(lambda: proxy.status()["active"] == 0, "all connections are gone")
    later, now = proxy.memory()
    assert later < memory + (4 << 20) + memory // 10, f"{memory} then {later}"
    assert now <= descriptors + 8, f"{descriptors} then {now}"


def test_thousands_of_short_connections(start, origin):
    proxy = start({"access_log": {"enabled": False}})
    load = Load().add(lambda: throw(proxy.http_port, b""), 2).add(lambda: throw(proxy.socks_port, b"\x05\x01\x00"), 2)
    load.add(lambda: throw(proxy.mixed_port, b"\x04", reset=True), 2)
    eventually(lambda: load.done > 5000, "five thousand connections", 60)
    load.stop().check()
    assert curl("-x", proxy.http, origin.url()).status == 200
    eventually(lambda: proxy.status()["active"] == 0, "all are gone")
    assert all(worker["restarts"] == 0 for worker in proxy.workers())


def test_thousand_connections_at_once(start, origin):
    proxy = start({"access_log": {"enabled": False}})
    clients = [raw_client.RawHttp(proxy.http_port) for _ in range(1000)]
    try:
        for client in clients:
            client.send(f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(client.response().status == 200 for client in clients)
        assert proxy.status()["active"] >= 1000
    finally:
        for client in clients:
            client.close()
    eventually(lambda: proxy.status()["active"] == 0, "all are gone")


def test_client_that_does_not_read(start, origin):
    """A peer that takes nothing costs bounded memory, and is given up after the write timeout."""
    proxy = start({"network": {"timeouts": {"write": "1s", "idle": "1s"}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        before, _ = proxy.memory()
        client.send(f"GET {origin.url(f'/bytes/{1 << 30}')} HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: proxy.status()["active"] == 0, "it is given up", 20)
        after, _ = proxy.memory()
    assert after < before + (20 << 20)


def test_origin_that_floods_headers(proxy, serve):
    def flood(connection, _server):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000)

    server = serve(flood)
    assert curl("-x", proxy.http, f"http://127.0.0.1:{server.port}/").status == 502


def test_mutated_requests(proxy, origin):
    """Single octets changed at random: any answer will do, as long as there is a proxy to give it."""
    good = [f"POST {origin.url('/upload')} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode(),
            f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()]
    dice = random.Random(7)
    pids = {worker["pid"] for worker in proxy.workers()}
    for _ in range(300):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        throw(proxy.http_port, bytes(data))
    assert {worker["pid"] for worker in proxy.workers()} == pids
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_mutated_socks(proxy, serve):
    server = serve(tcp_server.echo)
    good = b"\x05\x01\x00\x05\x01\x00" + raw_client.address_bytes("127.0.0.1", server.port)
    dice = random.Random(8)
    for _ in range(200):
        data = bytearray(good)
        data[dice.randrange(len(good) - 2)] = dice.randrange(256)
        throw(proxy.socks_port, bytes(data))
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, "127.0.0.1", server.port)[0] == 0


def test_refused_destination_many_times_leaks_nothing(start):
    proxy = start({"access_log": {"enabled": False}})
    closed = ports.closed()
    request = f"GET http://127.0.0.1:{closed}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    for _ in range(50):
        throw(proxy.http_port, request)
    _, before = proxy.memory()
    for _ in range(300):
        throw(proxy.http_port, request)
    eventually(lambda: proxy.memory()[1] <= before + 2, "descriptors are given back")

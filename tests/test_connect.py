"""CONNECT: a tunnel that carries every octet, both ends' half-closes included."""
import socket
import subprocess
import threading

import pytest

from harness import configuration, ports, raw_client, stream, tcp_server
from harness.bulkhead import Bulkhead
from harness.curl import curl
from harness.packages import program

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module", params=["adaptive", "copy", "splice"])
def relaying(request, stage, name_server):
    """A daemon that relays in each of the ways there are."""
    daemon = Bulkhead(stage, {"network": {"relay": request.param}}, name_server=name_server.address)
    try:
        yield daemon.start()
    finally:
        daemon.dispose()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "origin.test", "origin6.test"])
def test_curl_tunnels(proxy, origin, host):
    result = curl("-p", "-x", proxy.http, origin.url(host=host))
    assert (result.connect_status, result.body) == (200, b"hello\n"), result


def test_https(proxy, tls_origin, certificates):
    result = curl("--cacert", certificates.ca, "-x", proxy.http, tls_origin.url(host="origin.test"), tls_origin.url(host="origin.test"))
    assert result.body == b"hello\n", result
    assert tls_origin.connections == 1
    record = proxy.await_access(method="CONNECT", host="origin.test", port=tls_origin.port)
    assert (record["protocol"], record["status"], record["backend"], record["rule"]) == ("connect", 200, "direct", "Default")


def test_openssl_s_client(proxy, tls_origin, certificates):
    request = b"GET /hello HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n"
    done = subprocess.run([program("openssl"), "s_client", "-quiet", "-verify_return_error", "-CAfile", certificates.ca,
                           "-servername", "origin.test", "-proxy", f"127.0.0.1:{proxy.http_port}",
                           "-connect", f"origin.test:{tls_origin.port}"],
                          input=request, capture_output=True, timeout=30, check=False)
    assert b"hello\n" in done.stdout, done.stderr


def test_early_bytes_are_kept(proxy, serve):
    echo = serve(tcp_server.echo)
    early = stream.content(100_000)
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{echo.port}", early=early).status == 200
        assert client.reader.exactly(len(early)) == early


def test_server_that_talks_first(proxy, serve):
    server = serve(tcp_server.banner_first)
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{server.port}").status == 200
        assert client.reader.until(b"\r\n") == b"SSH-2.0-test"
        assert client.send("typed").reader.exactly(5) == b"typed"


def test_success_has_no_body_framing(proxy, serve):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.connect(f"127.0.0.1:{serve(tcp_server.echo).port}")
    assert "Content-Length" not in answer.fields and "Transfer-Encoding" not in answer.fields


def test_half_close_by_the_client(relaying, serve):
    server = serve(tcp_server.collect)
    with raw_client.RawHttp(relaying.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        client.send(stream.content(5 * MEBIBYTE))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.reader.to_end().decode() == f"{5 * MEBIBYTE} {stream.sha256(5 * MEBIBYTE)}\n"


def test_half_close_by_the_server(relaying, serve):
    server = serve(tcp_server.speak_then_listen)
    with raw_client.RawHttp(relaying.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        assert client.reader.to_end() == b"that is all from here\n"
        client.send(stream.content(5 * MEBIBYTE))
        client.sock.shutdown(socket.SHUT_WR)
        assert server.results.get(timeout=20) == (5 * MEBIBYTE, stream.sha256(5 * MEBIBYTE))


def test_big_transfers_both_ways_at_once(relaying, serve):
    length = 300 * MEBIBYTE
    server = serve(tcp_server.exchange(length, seed=1))
    with raw_client.RawHttp(relaying.http_port, timeout=120) as client:
        assert client.connect(f"127.0.0.1:{server.port}").status == 200

        def send():
            for block in stream.blocks(length, seed=2):
                client.sock.sendall(block)
            client.sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = stream.receive_sha256(client.sock, client.reader.buffer)
        sender.join(120)
    assert received == (length, stream.sha256(length, 1))
    assert server.results.get(timeout=60) == (length, stream.sha256(length, 2))
    record = relaying.await_access(method="CONNECT", port=server.port)
    assert record["bytes_sent"] >= length and record["bytes_received"] >= length
    assert record["bytes_sent"] < length + 1000 and record["bytes_received"] < length + 1000


def test_bytes_are_counted(proxy, serve):
    server = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        assert client.send(b"x" * 12_345).reader.exactly(12_345)
    record = proxy.await_access(method="CONNECT", port=server.port)
    assert 12_345 <= record["bytes_sent"] < 13_000 and 12_345 <= record["bytes_received"] < 13_000
    assert record["destination"].startswith("127.0.0.1")


def test_refused_by_the_origin(proxy):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.connect(f"127.0.0.1:{ports.closed()}")
        assert answer.status == 502 and "error=connection_refused" in answer.fields.get("Proxy-Status")


def test_refused_by_a_rule_on_ports(start, serve):
    allowed, other = serve(tcp_server.echo), serve(tcp_server.echo)
    proxy = start({"rules": [configuration.rule("one port", backend="direct", ports=[allowed.port], protocols=["connect"]),
                             configuration.rule("no other", action="block", domains=["*"])]})
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{allowed.port}").status == 200
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.connect(f"127.0.0.1:{other.port}").status == 403
    assert other.connections == 0


def test_idle_tunnel_ends(start, serve):
    proxy = start({"network": {"timeouts": {"idle": "500ms"}}})
    server = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        assert client.send("x").reader.exactly(1) == b"x"
        assert client.closed()


def test_tunnel_that_is_reset_by_the_server(proxy, serve):
    def reset(connection, _server):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    server = serve(reset)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        client.send("x")
        assert client.closed()

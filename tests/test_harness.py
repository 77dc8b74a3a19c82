"""The tests' own servers and clients, tried against real ones: what fails later is then the proxy."""
import asyncio
import subprocess

import pytest
import websockets

from harness import configuration, http_message, logfmt, parents, ports, raw_client, stream, tcp_server, websocket
from harness.curl import curl
from harness.packages import program

MEBIBYTE = 1 << 20


def test_ports_are_distinct_and_refuse(serve):
    numbers = [ports.reserve() for _ in range(50)]
    assert len(set(numbers)) == 50
    with pytest.raises(ConnectionRefusedError):
        raw_client.RawHttp(ports.closed())


def test_logfmt_reads_quotes_and_escapes():
    record = logfmt.parse(r'time=t level=info role=acceptor.0 msg="a \"b\"\n\x07" path=/x')
    assert record == {"time": "t", "level": "info", "role": "acceptor.0", "msg": 'a "b"\n\x07', "path": "/x"}
    assert logfmt.parse("==42==ERROR: AddressSanitizer") == {}


def test_merging_keeps_what_is_not_changed():
    config = configuration.base(1, 2, 3, "/tmp/x")
    changed = configuration.merged(config, {"server": {"http_port": 9}, "rules": [], "workers": None})
    assert changed["server"] == {**config["server"], "http_port": 9}
    assert changed["rules"] == [] and "workers" not in changed and config["rules"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_origin_answers_curl(origin, host):
    assert curl(origin.url(host=host)).body == b"hello\n"
    assert curl("-I", origin.url(host=host)).status == 200


def test_origin_streams_and_hashes(origin, tmp_path):
    stream.write_file(tmp_path / "up", 3 * MEBIBYTE + 5, seed=7)
    result = curl("-T", tmp_path / "up", origin.url("/upload"))
    assert result.status == 200
    assert origin.requests[-1].sha256 == stream.sha256(3 * MEBIBYTE + 5, 7) == stream.file_sha256(tmp_path / "up")
    assert stream.content(1000, 3) == curl(origin.url("/bytes/1000?seed=3")).body
    for path in ("/chunked/300000", "/close/300000"):
        assert curl(origin.url(path)).body == stream.content(300_000), path
    result = curl("-H", "Transfer-Encoding: chunked", "--data-binary", f"@{tmp_path / 'up'}", origin.url("/upload"))
    assert result.status == 200 and origin.requests[-1].length == 3 * MEBIBYTE + 5


def test_origin_sees_connections_and_pipelines(origin):
    result = curl(origin.url(), origin.url("/status/404"), origin.url("/early"))
    assert [transfer["response_code"] for transfer in result.transfers] == [200, 404, 200]
    assert origin.connections == 1
    with raw_client.RawHttp(origin.port) as client:
        client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        assert [client.response().body for _ in range(3)] == [b"hello\n"] * 3


def test_tls_origin(tls_origin, certificates):
    assert curl("--cacert", certificates.ca, tls_origin.url(host="localhost")).body == b"hello\n"
    assert curl(tls_origin.url(host="localhost")).exit == 60


def test_websocket(origin):
    with raw_client.RawHttp(origin.port) as client:
        socket = websocket.Client(client.sock, "/ws", "localhost")
        for payload in (b"", b"x" * 125, b"y" * 126, b"z" * 70_000):
            assert socket.echo(payload) == payload


def test_websocket_is_what_a_library_means_by_it(origin):
    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{origin.port}/ws") as socket:
            await socket.send("hello")
            return await socket.recv()

    assert asyncio.run(talk()) == "hello"


def test_reader_refuses_what_is_not_http():
    with pytest.raises(http_message.ProtocolError):
        http_message.parse_fields([b"no colon"])
    with pytest.raises(http_message.ProtocolError):
        http_message.parse_fields([b" folded: x"])


def test_half_close_servers(serve):
    collector = serve(tcp_server.collect)
    with raw_client.RawHttp(collector.port) as client:
        client.send(b"abc")
        client.sock.shutdown(1)
        assert client.reader.to_end().startswith(b"3 ba7816bf")
    speaker = serve(tcp_server.speak_then_listen)
    with raw_client.RawHttp(speaker.port) as client:
        assert client.reader.to_end() == b"that is all from here\n"
        client.send(b"abc")
    assert speaker.results.get(timeout=5)[0] == 3


def test_blackhole_hangs():
    hole = tcp_server.Blackhole()
    try:
        with pytest.raises(TimeoutError):
            raw_client.RawHttp(hole.port, timeout=0.3)
    finally:
        hole.close()


def test_name_server(name_server):
    def ask(name, kind="A"):
        found = subprocess.run([program("dig"), "@127.0.0.1", "-p", str(name_server.port), "+short", name, kind],
                               capture_output=True, text=True, check=True)
        return found.stdout.split()

    assert ask("origin.test") == ["127.0.0.1"]
    assert ask("dual.test", "AAAA") == ["::1"]
    assert ask("a.b.wild.test") == ["127.0.0.1"]
    assert ask("metadata.test") == ["169.254.169.254"]
    assert ask("missing.invalid") == []
    assert name_server.queries("origin.test")


@pytest.mark.parametrize("host", ["127.0.0.1", parents.PARENT_ONLY])
def test_squid(squid, origin, host):
    assert curl("-x", f"http://{squid.address}", origin.url(host=host)).body == b"hello\n"
    assert curl("-p", "-x", f"http://{squid.address}", origin.url(host=host)).body == b"hello\n"


def test_squid_with_login(squid_with_login, origin):
    proxy = f"{squid_with_login.address}"
    assert curl("-x", f"http://{proxy}", origin.url()).status == 407
    assert curl("-x", f"http://{parents.USER}:{parents.PASSWORD}@{proxy}", origin.url()).body == b"hello\n"


def test_tls_squid(tls_squid, certificates, origin):
    answer = curl("--proxy-cacert", certificates.ca, "-x", f"https://localhost:{tls_squid.port}", origin.url())
    assert answer.body == b"hello\n", answer


@pytest.mark.parametrize("host", ["127.0.0.1", parents.PARENT_ONLY])
def test_dante(dante, origin, host):
    assert curl("--socks5-hostname", dante.address, origin.url(host=host)).body == b"hello\n"


def test_socks_with_login(socks_with_login, origin):
    assert curl("--socks5", socks_with_login.address, origin.url()).exit == 97
    login = f"{parents.USER}:{parents.PASSWORD}@{socks_with_login.address}"
    assert curl("-x", f"socks5://{login}", origin.url()).body == b"hello\n"


def test_raw_socks_speaks_to_dante(dante, serve):
    echo = serve(tcp_server.echo)
    with raw_client.RawSocks(dante.port) as client:
        code, _ = client.open(raw_client.CONNECT, "127.0.0.1", echo.port)
        assert code == 0
        client.sock.sendall(b"ping")
        assert client.reader.exactly(4) == b"ping"
    with raw_client.RawSocks(dante.port) as client:
        assert client.open(raw_client.CONNECT, "127.0.0.1", ports.closed())[0] == 5


def test_nginx(nginx):
    stream.write_file(nginx.directory / "www/file", 100_000)
    assert curl(f"http://{nginx.address}/file").body == stream.content(100_000)

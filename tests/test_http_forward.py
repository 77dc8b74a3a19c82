"""HTTP/1.1 forwarding: what clients send in absolute form reaches the origin as it should, and comes back."""
import email.utils
import hashlib
import json
import re
import time

import pytest

from harness import configuration, http_message, raw_client, stream, websocket
from harness.curl import curl
from harness.waiting import eventually

MEBIBYTE = 1 << 20


def through(proxy, *args, **options):
    return curl("-x", proxy.http, *args, **options)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_methods(proxy, origin, method):
    body = ["--data-binary", "some body"] if method in ("POST", "PUT", "PATCH") else []
    result = through(proxy, "-X", method, *body, origin.url("/headers?a=b&c"))
    assert result.status == 200, result
    seen = json.loads(result.body)
    assert (seen["method"], seen["target"], seen["version"]) == (method, "/headers?a=b&c", "HTTP/1.1")
    assert seen["length"] == (9 if body else 0)


def test_head(proxy, origin):
    result = through(proxy, "-I", origin.url("/bytes/12345"), origin.url("/hello"))
    assert [transfer["response_code"] for transfer in result.transfers] == [200, 200]
    assert "Content-Length: 12345" in result.heads
    assert [request.method for request in origin.requests] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 404, 418, 500, 503])
def test_statuses_pass(proxy, origin, status):
    assert through(proxy, origin.url(f"/status/{status}")).status == status


def test_options_for_the_whole_server(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.get(f"http://127.0.0.1:{origin.port}", method="OPTIONS")
    assert origin.requests[0].target == "*"


def test_names_are_resolved(proxy, origin):
    assert through(proxy, origin.url(host="origin.test")).body == b"hello\n"
    assert through(proxy, origin.url(host="origin6.test")).body == b"hello\n"
    assert through(proxy, origin.url(host="dual.test")).body == b"hello\n"
    assert through(proxy, origin.url(host="[::1]")).body == b"hello\n"


def test_keep_alive_on_both_sides(proxy, origin):
    result = through(proxy, *[origin.url(f"/hello?{n}") for n in range(10)])
    assert [transfer["num_connects"] for transfer in result.transfers] == [1] + [0] * 9, "one client connection"
    assert origin.connections == 1, "the upstream connection is pooled"
    assert origin.paths() == [f"/hello?{n}" for n in range(10)]


def test_pool_is_shared_between_client_connections(start, origin):
    proxy = start({"workers": {"acceptors": 1}})
    for _ in range(5):
        assert through(proxy, origin.url()).status == 200
    assert origin.connections == 1


def test_no_pool_without_keepalive(start, origin):
    proxy = start({"network": {"keepalive": {"enabled": False}}})
    assert through(proxy, origin.url(), origin.url()).status == 200
    assert origin.connections == 2


def test_pooled_connection_that_was_closed_is_not_a_failure(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200
        origin.server.close()
        origin.server.__init__(origin._serve, port=origin.port)
        assert client.get(origin.url("/headers")).status == 200


def test_big_download(proxy, origin, tmp_path):
    length = 200 * MEBIBYTE
    result = through(proxy, origin.url(f"/bytes/{length}?seed=3"), output=tmp_path / "got")
    assert result.exit == 0, result
    assert stream.file_sha256(tmp_path / "got") == stream.sha256(length, 3)


def test_big_upload(proxy, origin, tmp_path):
    length = 200 * MEBIBYTE
    stream.write_file(tmp_path / "up", length, seed=4)
    result = through(proxy, "-T", tmp_path / "up", origin.url("/upload"))
    assert result.status == 200, result
    assert origin.requests[-1].length == length
    assert origin.requests[-1].sha256 == stream.sha256(length, 4)


def test_big_download_from_nginx(proxy, nginx, tmp_path):
    stream.write_file(nginx.directory / "www/big", 100 * MEBIBYTE, seed=5)
    result = through(proxy, f"http://{nginx.address}/big", output=tmp_path / "got")
    assert result.exit == 0, result
    assert stream.file_sha256(tmp_path / "got") == stream.sha256(100 * MEBIBYTE, 5)
    part = through(proxy, "-r", "1000-1999", f"http://{nginx.address}/big")
    assert (part.status, len(part.body)) == (206, 1000)


def test_compressed_content_passes_untouched(proxy, nginx):
    (nginx.directory / "www/text.txt").write_text("compress me " * 1000)
    result = through(proxy, "--compressed", f"http://{nginx.address}/text.txt")
    assert result.body == b"compress me " * 1000 and result.header("Content-Encoding") == "gzip"


def test_chunked_upload(proxy, origin, tmp_path):
    stream.write_file(tmp_path / "up", 5 * MEBIBYTE + 1, seed=6)
    result = through(proxy, "-H", "Transfer-Encoding: chunked", "-T", tmp_path / "up", origin.url("/upload"))
    assert result.status == 200, result
    request = origin.requests[-1]
    assert (request.length, request.sha256) == (5 * MEBIBYTE + 1, stream.sha256(5 * MEBIBYTE + 1, 6))
    assert request.fields.get("Transfer-Encoding") == "chunked" and "Content-Length" not in request.fields


def test_chunked_download(proxy, origin):
    assert through(proxy, origin.url("/chunked/3000000")).body == stream.content(3_000_000)


def test_close_delimited_response_is_chunked_for_http_1_1(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        first = client.get(origin.url("/close/300000"))
        assert first.fields.get("Transfer-Encoding") == "chunked" and first.body == stream.content(300_000)
        assert client.get(origin.url()).body == b"hello\n", "the client's connection goes on"


def test_trailers_both_ways(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"POST {origin.url('/upload')} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    "3\r\nabc\r\n0\r\nX-Sum: six\r\n\r\n")
        assert client.response().status == 200
        assert origin.requests[-1].trailers.get("X-Sum") == "six"
        answer = client.get(origin.url("/chunked/1000"), "TE: trailers")
        assert answer.trailers.get("X-Digest") == stream.sha256(1000)


def test_expect_100_continue(proxy, origin):
    body = b"b" * 5000
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"PUT {origin.url('/upload')} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n")
        assert client.head().status == 100
        client.send(body)
        answer = client.response()
    assert json.loads(answer.body)["sha256"] == hashlib.sha256(body).hexdigest()


def test_curl_expects_100_continue(proxy, origin):
    result = through(proxy, "-H", "Expect: 100-continue", "--expect100-timeout", "10", "--data-binary", "x" * 2000, origin.url("/upload"))
    assert result.status == 200 and origin.requests[-1].length == 2000
    assert result.info["time_total"] < 5, "the 100 came, it was not waited out"


def test_expectation_refused_by_the_origin(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"PUT {origin.url('/refuse-expectation')} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.response().status == 417


def test_early_hints_pass(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        first = client.get(origin.url("/early"))
        assert (first.status, first.fields.get("Link")) == (103, "</style.css>; rel=preload")
        assert first.fields.get("Via") == "1.1 bulkhead"
        for name in ("Connection", "X-Named", "Keep-Alive", "Upgrade", "Proxy-Authenticate", "Date"):
            assert name not in first.fields, name
        assert client.response().body == b"early\n"


def test_http_1_0_client(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.send(f"GET {origin.url('/chunked/50000')} HTTP/1.0\r\nHost: x\r\n\r\n").response()
        assert "Transfer-Encoding" not in answer.fields, "an HTTP/1.0 client must not get chunks"
        assert answer.body == stream.content(50_000)
        assert client.closed()
    assert origin.requests[-1].version == "HTTP/1.1"
    assert curl("-0", "-x", proxy.http, origin.url()).body == b"hello\n"


def test_http_1_0_keep_alive(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        for _ in range(2):
            client.send(f"GET {origin.url()} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            answer = client.response()
            assert "keep-alive" in answer.fields.get("Connection", "").lower()


def test_connection_close_is_honoured(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url(), "Connection: close")
        assert answer.fields.get("Connection") == "close"
        assert client.closed()


def test_pipelining(proxy, origin):
    count = 50
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send("".join(f"GET {origin.url(f'/bytes/{n}?seed={n}')} HTTP/1.1\r\nHost: x\r\n\r\n" for n in range(1, count)))
        for n in range(1, count):
            assert client.response().body == stream.content(n, n)


def test_pipelined_posts(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send("".join(f"POST {origin.url('/headers')} HTTP/1.1\r\nHost: x\r\nContent-Length: {n}\r\n\r\n" + "p" * n
                            for n in range(20)))
        assert [json.loads(client.response().body)["length"] for _ in range(20)] == list(range(20))


def test_bytes_one_at_a_time(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        for octet in f"POST {origin.url('/headers')} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode():
            client.send(bytes([octet]))
        assert json.loads(client.response().body)["length"] == 3


# Fields

def test_hop_by_hop_fields_of_a_request_are_removed(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url("/headers"), "Connection: X-Named, keep-alive", "X-Named: secret", "Proxy-Connection: keep-alive",
                            "Proxy-Authorization: Basic c2VjcmV0", "TE: gzip", "Keep-Alive: timeout=1", "X-Kept: yes",
                            "Upgrade: h2c", "HTTP2-Settings: AAAA")
    seen = http_message.Fields([tuple(pair) for pair in json.loads(answer.body)["headers"]])
    for name in ("X-Named", "Proxy-Connection", "Proxy-Authorization", "Keep-Alive", "Upgrade"):
        assert name not in seen, name
    assert "gzip" not in (seen.get("TE") or "")
    assert seen.get("X-Kept") == "yes"


def test_hop_by_hop_fields_of_a_response_are_removed(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url("/hop"))
    for name in ("X-Named", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate"):
        assert name not in answer.fields, name
    assert answer.fields.get("X-Kept") == "yes"
    assert answer.fields.get("Via") == "1.0 somebody, 1.1 bulkhead"


def test_via_is_appended_to_a_request(proxy, origin):
    through(proxy, "-H", "Via: 1.0 first", origin.url())
    assert origin.requests[-1].fields.get("Via") == "1.0 first, 1.1 bulkhead"


def test_via_pseudonym(start, origin):
    proxy = start({"server": {"via": "edge-7"}})
    through(proxy, origin.url())
    assert origin.requests[-1].fields.get("Via") == "1.1 edge-7"


def test_host_follows_the_target(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.get(origin.url(), host="somebody-else.test")
    assert origin.requests[-1].fields.all("Host") == [f"127.0.0.1:{origin.port}"]


def test_origin_form_to_the_proxy_uses_host(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:{origin.port}\r\n\r\n")
        assert client.response().status in (200, 400)


def test_fields_keep_their_order_and_spelling(proxy, origin):
    lines = ["X-b: 1", "x-A: 2", "X-b: 3", "Cookie: k=v; l=w", "X-Empty:", "X-Latin: \xe9"]
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url("/headers"), *lines)
    seen = [f"{name}: {value}".rstrip() for name, value in json.loads(answer.body)["headers"]]
    assert [line for line in seen if line in lines] == lines


def test_two_without_a_name_of_their_own_can_be_chained(start, origin):
    unnamed = {"server": {"via": None}}
    last = start(unnamed)
    first = start({**unnamed, "backends": [configuration.parent("up", "http", f"127.0.0.1:{last.http_port}")],
                   "rules": [configuration.everything("up")]})
    assert through(first, origin.url()).status == 200
    names = re.findall(r"1\.1 (bulkhead-[0-9a-f]{8})", origin.requests[-1].fields.get("Via"))
    assert len(set(names)) == 2, names


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_parent_that_is_the_proxy_itself(start, origin, kind):
    proxy = start()
    loop = configuration.parent("loop", kind, f"127.0.0.1:{proxy.http_port if kind == 'http' else proxy.socks_port}")
    proxy.write({"backends": [loop], "rules": [configuration.everything("loop")]})
    assert proxy.reload().exit == 0
    assert through(proxy, origin.url()).status == 508
    assert through(proxy, "-p", origin.url()).connect_status == 508
    assert curl("--socks5", proxy.socks, origin.url()).exit == 97
    eventually(lambda: [record["refusal"] for record in proxy.access()] == ["loop_detected"] * 3, "all three are refused as what they are")
    assert origin.requests == []


def test_loop_is_detected(start, origin):
    """Two daemons that are one another's parent: the request comes back to the first, which refuses it."""
    first, second = start({"server": {"via": "first"}}), start({"server": {"via": "second"}})
    for one, other in ((first, second), (second, first)):
        loop = configuration.parent("loop", "http", f"127.0.0.1:{other.http_port}")
        one.write({"server": {"via": "first" if one is first else "second"}, "backends": [loop], "rules": [configuration.everything("loop")]})
        assert one.reload().exit == 0
    assert through(first, origin.url()).status == 508
    assert through(first, "-p", origin.url()).connect_status == 502
    eventually(lambda: (len(first.access()), len(second.access())) == (4, 2), "each came once to each, and once more to the first")
    assert origin.requests == []


def test_a_response_without_date_gets_one(proxy, origin, serve):
    def without(connection, _):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    server = serve(without)
    with raw_client.RawHttp(proxy.http_port) as client:
        for url in (f"http://127.0.0.1:{server.port}/", "http://nowhere.invalid/"):
            told = email.utils.parsedate_to_datetime(client.get(url).fields.get("Date"))
            assert abs(told.timestamp() - time.time()) < 60


def test_an_empty_port_is_the_default_one(proxy):
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.send("GET http://nowhere.invalid:/ HTTP/1.1\r\nHost: x\r\n\r\n").response().status == 502
    assert proxy.await_access(host="nowhere.invalid")["port"] == 80


def test_max_forwards(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url(), "Max-Forwards: 0", method="OPTIONS")
        assert answer.status < 500
    assert origin.requests == [], "it is answered here"


# Upgrade

def test_websocket(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        socket = websocket.Client(client.sock, origin.url("/ws"), f"127.0.0.1:{origin.port}")
        assert socket.status == 101
        for payload in (b"", b"short", b"x" * 65_536, stream.content(3 * MEBIBYTE)):
            assert socket.echo(payload) == payload
    record = proxy.await_access(path="/ws", status=101)
    assert record["bytes_sent"] > 3 * MEBIBYTE


def test_websocket_with_a_frame_sent_early(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/ws')} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
                    + websocket.frame(1, b"early", mask=True))
        assert client.head().status == 101
        assert websocket.read_frame(client.reader) == (1, b"early")


def test_refused_upgrade_goes_on_as_http(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url(), "Connection: Upgrade", "Upgrade: websocket").body == b"hello\n"
        assert client.get(origin.url()).body == b"hello\n"


def test_client_that_goes_away_ends_the_upstream(proxy, origin):
    client = raw_client.RawHttp(proxy.http_port)
    client.send(f"GET {origin.url('/endless')} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.head().status == 200
    client.close()
    eventually(lambda: origin.server.open_connections() == 0, "the origin's connection is closed")

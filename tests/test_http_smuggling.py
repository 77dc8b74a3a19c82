"""Messages that two readers could understand differently are refused: the right status, the connection closed, and no
second request ever at the origin."""
import pytest

from harness import raw_client
from harness.waiting import eventually

SECOND = "GET http://{authority}/smuggled HTTP/1.1\r\nHost: {authority}\r\n\r\n"


def message(*lines, body="", start="POST http://{authority}/hello HTTP/1.1", host="Host: {authority}"):
    return "\r\n".join([start, *([host] if host else []), *lines]) + "\r\n\r\n" + body


CASES = {
    "length and chunked": (400, message("Content-Length: 6", "Transfer-Encoding: chunked", body="0\r\n\r\nG")),
    "chunked and length": (400, message("Transfer-Encoding: chunked", "Content-Length: 6", body="0\r\n\r\nG")),
    "two lengths": (400, message("Content-Length: 5", "Content-Length: 6", body="hello!")),
    "two equal lengths": (400, message("Content-Length: 5", "Content-Length: 5", body="hello")),
    "list of lengths": (400, message("Content-Length: 5, 5", body="hello")),
    "signed length": (400, message("Content-Length: +5", body="hello")),
    "negative length": (400, message("Content-Length: -1")),
    "hexadecimal length": (400, message("Content-Length: 0x5", body="hello")),
    "empty length": (400, message("Content-Length:", body="")),
    "length with a space in it": (400, message("Content-Length: 1 0", body="hello")),
    "overflowing length": ((400, 413), message("Content-Length: 99999999999999999999999")),
    "folded field": (400, message("X-Folded: a", " b")),
    "folded with tab": (400, message("X-Folded: a", "\tb")),
    "folded first field": (400, message(host=" X: y")),
    "space before colon": (400, message("Content-Length : 5", body="hello")),
    "space in name": (400, message("Content Length: 5", body="hello")),
    "empty name": (400, message(": x")),
    "no colon": (400, message("NoColonHere")),
    "bare LF after the request line": (400, "GET http://{authority}/hello HTTP/1.1\nHost: {authority}\r\n\r\n"),
    "bare LF in a field": (400, message("X: a\nContent-Length: 5", body="hello")),
    "bare LFs throughout": (400, "GET http://{authority}/hello HTTP/1.1\nHost: {authority}\n\n"),
    "bare CR in a value": (400, message("X: a\rb")),
    "bare CR in the request line": (400, message(start="GET http://{authority}/he\rllo HTTP/1.1")),
    "NUL in a value": (400, message("X: a\0b")),
    "NUL in a name": (400, message("X\0: a")),
    "control in the target": (400, message(start="GET http://{authority}/\x01 HTTP/1.1")),
    "TE identity": ((400, 501), message("Transfer-Encoding: identity", body="hello")),
    "TE chunked, identity": ((400, 501), message("Transfer-Encoding: chunked, identity", body="0\r\n\r\n")),
    "TE chunked, chunked": (400, message("Transfer-Encoding: chunked, chunked", body="0\r\n\r\n")),
    "TE twice": (400, message("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body="0\r\n\r\n")),
    "TE gzip, chunked": (501, message("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n")),
    "TE unknown": ((400, 501), message("Transfer-Encoding: xchunked", body="0\r\n\r\n")),
    "TE with vertical tab": (400, message("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n")),
    "TE in HTTP/1.0": (400, message("Transfer-Encoding: chunked", body="0\r\n\r\n", start="POST http://{authority}/hello HTTP/1.0")),
    "no Host": (400, message(host=None)),
    "two Hosts": (400, message("Host: other.test")),
    "bad Host": (400, message(host="Host: a b")),
    "userinfo": (400, message(start="GET http://user@{authority}/hello HTTP/1.1")),
    "no target": (400, message(start="GET HTTP/1.1")),
    "two spaces": (400, message(start="GET  http://{authority}/hello HTTP/1.1")),
    "space in the target": (400, message(start="GET http://{authority}/he llo HTTP/1.1")),
    "fragment": (400, message(start="GET http://{authority}/hello#part HTTP/1.1")),
    "bad method": (400, message(start="G@T http://{authority}/hello HTTP/1.1")),
    "no version": (400, message(start="GET http://{authority}/hello")),
    "odd version": (400, message(start="GET http://{authority}/hello HTTP/1.1x")),
    "HTTP/2.0": (505, message(start="GET http://{authority}/hello HTTP/2.0")),
    "HTTP/3.7": (505, message(start="GET http://{authority}/hello HTTP/3.7")),
    "HTTP/2 preface": ((400, 505), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "lower case version": (400, message(start="GET http://{authority}/hello http/1.1")),
    "unknown scheme": ((400, 501), message(start="GET gopher://{authority}/hello HTTP/1.1")),
    "port 0": (400, message(start="GET http://127.0.0.1:0/ HTTP/1.1")),
    "port too big": (400, message(start="GET http://127.0.0.1:65536/ HTTP/1.1")),
    "CONNECT without port": (400, message(start="CONNECT 127.0.0.1 HTTP/1.1")),
    "CONNECT with a length": (400, message("Content-Length: 5", start="CONNECT {authority} HTTP/1.1", body="hello")),
    "CONNECT chunked": (400, message("Transfer-Encoding: chunked", start="CONNECT {authority} HTTP/1.1", body="0\r\n\r\n")),
    "long request line": (414, message(start="GET http://{authority}/" + "a" * 20_000 + " HTTP/1.1")),
    "long method": ((400, 414, 501), message(start="A" * 20_000 + " http://{authority}/hello HTTP/1.1")),
    "long field": (431, message("X: " + "a" * 200_000)),
    "many fields": (431, message(*["X: y"] * 1000)),
    "garbage": (400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(proxy, origin, case):
    wanted, text = CASES[case]
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    authority = f"127.0.0.1:{origin.port}"
    before = len(proxy.access())
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send_allowing_reset((text + SECOND).replace("{authority}", authority))
        answer = client.response()
        assert answer.status in wanted, answer
        assert "close" in answer.fields.get("Connection", "")
        assert client.closed()
    assert "/smuggled" not in origin.paths() and origin.malformed == []
    records = eventually(lambda: proxy.access()[before:], "the refusal is logged")
    assert len(records) == 1 and records[0]["refusal"], records
    assert records[0]["status"] == answer.status


BODIES = {
    "no size": "\r\nhello\r\n0\r\n\r\n",
    "not hexadecimal": "xyz\r\nhello\r\n0\r\n\r\n",
    "with 0x": "0x5\r\nhello\r\n0\r\n\r\n",
    "negative": "-5\r\nhello\r\n0\r\n\r\n",
    "signed": "+5\r\nhello\r\n0\r\n\r\n",
    "leading space": " 5\r\nhello\r\n0\r\n\r\n",
    "size that overflows": "ffffffffffffffff1\r\nhello\r\n0\r\n\r\n",
    "size that wraps": "10000000000000005\r\nhello\r\n0\r\n\r\n",
    "too little data": "3\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": "5\nhello\r\n0\r\n\r\n",
    "bare LF after the data": "5\r\nhello\n0\r\n\r\n",
    "bare CR in an extension": "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "LF in an extension": "5;a\nb\r\nhello\r\n0\r\n\r\n",
    "endless extension": "5;" + "a" * 100_000 + "\r\nhello\r\n0\r\n\r\n",
    "folded trailer": "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
    "framing in the trailer": "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("case", BODIES)
def test_bad_chunks(proxy, origin, case):
    """The head has been passed on when the chunks turn out bad: an error status or a plain end, and a connection closed."""
    authority = f"127.0.0.1:{origin.port}"
    text = message("Transfer-Encoding: chunked", body=BODIES[case]) + SECOND
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send_allowing_reset(text.replace("{authority}", authority))
        try:
            answer = client.response()
            assert answer.status in (400, 413, 431), answer
        except (EOFError, ConnectionResetError):
            pass
        assert client.closed()
    assert "/smuggled" not in origin.paths()
    # What the origin got must not look like a complete request either.
    assert all(request.sha256 is None for request in origin.requests)
    proxy.await_access(refusal="bad_request")


@pytest.mark.parametrize("body", ["5\r\nhello\r\n0\r\n\r\n", "5;name=value\r\nhello\r\n0\r\n\r\n", '005;q="a b"\r\nhello\r\n000\r\n\r\n',
                                  "1\r\nh\r\n4\r\nello\r\n0\r\nX-Trailer: yes\r\n\r\n"])
def test_good_chunks(proxy, origin, body):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(message("Transfer-Encoding: chunked", body=body).replace("{authority}", f"127.0.0.1:{origin.port}"))
        assert client.response().status == 200
    assert origin.requests[0].length == 5 and origin.malformed == []


def test_response_with_both_framings_is_refused(proxy, serve):
    def answer(connection, _server):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                           b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.recv(1)

    server = serve(answer)
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(f"http://127.0.0.1:{server.port}/").status == 502


def test_bytes_after_a_response_do_not_become_the_next_one(proxy, serve):
    """An upstream that says more than it was asked must not be pooled."""
    def answer(connection, server):
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    server = serve(answer)
    with raw_client.RawHttp(proxy.http_port) as client:
        for _ in range(3):
            assert client.get(f"http://127.0.0.1:{server.port}/").body == b"good"

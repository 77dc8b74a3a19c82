"""Python's own clients, and the libraries people use on top of them."""
import asyncio
import http.client
import json
import ssl
import urllib.error
import urllib.request

import pytest
import requests

from harness import stream


def opener(proxy, *handlers):
    return urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy.http, "https": proxy.http}), *handlers)


def test_urllib(proxy, origin):
    with opener(proxy).open(origin.url("/bytes/100000?seed=2"), timeout=10) as answer:
        assert answer.read() == stream.content(100_000, 2)
    request = urllib.request.Request(origin.url("/upload"), data=b"x" * 50_000, method="PUT")
    with opener(proxy).open(request, timeout=10) as answer:
        assert json.load(answer)["length"] == 50_000


def test_urllib_follows_redirects(proxy, origin):
    with opener(proxy).open(origin.url("/redirect"), timeout=10) as answer:
        assert answer.read() == b"hello\n"


def test_urllib_errors(proxy):
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener(proxy).open("http://missing.invalid/", timeout=10)
    assert caught.value.code == 502


def test_urllib_https(proxy, tls_origin, certificates):
    context = ssl.create_default_context(cafile=certificates.ca)
    with opener(proxy, urllib.request.HTTPSHandler(context=context)).open(tls_origin.url(host="localhost"), timeout=10) as answer:
        assert answer.read() == b"hello\n"


@pytest.mark.parametrize("secure", [False, True])
def test_set_tunnel(proxy, origin, tls_origin, certificates, secure):
    target = tls_origin if secure else origin
    if secure:
        client = http.client.HTTPSConnection("127.0.0.1", proxy.http_port, timeout=10,
                                             context=ssl.create_default_context(cafile=certificates.ca))
    else:
        client = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=10)
    client.set_tunnel("localhost", target.port)
    for _ in range(3):
        client.request("GET", "/hello")
        assert client.getresponse().read() == b"hello\n"
    client.close()
    assert target.connections == 1


def test_http_client_in_absolute_form(proxy, origin):
    client = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=10)
    client.request("POST", origin.url("/upload"), body=iter([b"abc", b"def"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert json.load(client.getresponse())["length"] == 6
    client.close()


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h", "socks4"])
def test_requests(proxy, origin, kind):
    port = proxy.http_port if kind == "http" else proxy.socks_port
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": f"{kind}://127.0.0.1:{port}"}
        host = "127.0.0.1" if kind in ("socks5", "socks4") else "origin.test"
        for _ in range(3):
            assert session.get(origin.url(host=host), timeout=10).content == b"hello\n"
        assert session.get(origin.url("/chunked/100000", host=host), timeout=10).content == stream.content(100_000)
    assert origin.connections == 1


def test_asyncio_many_at_once(proxy, origin):
    async def one(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.http_port)
        writer.write(f"GET {origin.url(f'/bytes/1000?seed={number}')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2]

    async def all_of_them():
        return await asyncio.gather(*(one(number) for number in range(100)))

    assert asyncio.run(all_of_them()) == [stream.content(1000, number) for number in range(100)]

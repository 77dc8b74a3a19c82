"""Ways out: real parent proxies of both kinds, with credentials and TLS, chains of two, echo, and what is unavailable."""
import pytest

from harness import configuration, parents, ports, raw_client, stream, tcp_server
from harness.configuration import everything, parent
from harness.curl import curl

CREDENTIALS = {"username": parents.USER, "password": parents.PASSWORD}
WRONG = {"username": parents.USER, "password": "wrong"}


def through(start, *backends):
    """A daemon that sends everything through the first."""
    return start({"backends": list(backends), "rules": [everything(backends[0]["name"])]})


def check_everything_works(proxy, origin, host="127.0.0.1"):
    url = origin.url(host=host)
    assert curl("-x", proxy.http, url).body == b"hello\n"
    assert curl("-p", "-x", proxy.http, url).body == b"hello\n"
    assert curl("--socks5-hostname", proxy.socks, url).body == b"hello\n"
    assert curl("-x", proxy.http, origin.url("/bytes/3000000", host=host)).body == stream.content(3_000_000)
    upload = curl("-x", proxy.http, "--data-binary", "x" * 100_000, origin.url("/upload", host=host))
    assert upload.status == 200 and origin.requests[-1].length == 100_000


def refused_by_all(proxy, url, status, refusal):
    assert curl("-x", proxy.http, url).status == status
    assert curl("-p", "-x", proxy.http, url).connect_status == status
    assert curl("--socks5-hostname", proxy.socks, url).exit == 97
    for protocol in ("http", "connect", "socks5"):
        proxy.await_access(protocol=protocol, refusal=refusal)


def test_squid(start, squid, origin):
    proxy = through(start, parent("squid", "http", squid.address))
    check_everything_works(proxy, origin)
    assert "parent.test" in origin.requests[0].fields.get("Via"), "it really went through squid"
    assert proxy.await_access(protocol="http")["backend"] == "squid"


def test_squid_gets_plain_requests_in_absolute_form_and_tunnels_by_connect(start, squid, origin):
    proxy = through(start, parent("squid", "http", squid.address))
    curl("-x", proxy.http, origin.url("/hello?plain"))
    curl("-p", "-x", proxy.http, origin.url("/hello?tunnelled"))
    log = squid.log()
    assert f"GET http://127.0.0.1:{origin.port}/hello" in log
    assert f"CONNECT 127.0.0.1:{origin.port}" in log


@pytest.mark.parametrize("kind", ["squid", "dante"])
def test_names_are_the_parents_to_resolve(start, squid, dante, origin, name_server, kind):
    backend = parent("up", "http", squid.address) if kind == "squid" else parent("up", "socks5", dante.address)
    proxy = through(start, backend)
    check_everything_works(proxy, origin, host=parents.PARENT_ONLY)
    assert not name_server.queries(parents.PARENT_ONLY)


def test_squid_with_credentials(start, squid_with_login, origin):
    check_everything_works(through(start, parent("squid", "http", squid_with_login.address, **CREDENTIALS)), origin)
    assert all("Proxy-Authorization" not in request.fields for request in origin.requests)


@pytest.mark.parametrize("login", [WRONG, {}])
def test_squid_with_wrong_credentials(start, squid_with_login, origin, login):
    proxy = through(start, parent("squid", "http", squid_with_login.address, **login))
    refused_by_all(proxy, origin.url(), 502, "parent_authentication_failed")
    assert origin.requests == []


def test_credentials_of_the_client_do_not_reach_the_parent(start, squid_with_login, origin):
    proxy = through(start, parent("squid", "http", squid_with_login.address))
    result = curl("-x", proxy.http, "-U", f"{parents.USER}:{parents.PASSWORD}", origin.url())
    assert result.status == 502, "they were meant for this proxy"


def test_squid_over_tls(start, tls_squid, certificates, origin):
    tls = {"enabled": True, "ca_file": str(certificates.ca), "server_name": "localhost"}
    check_everything_works(through(start, parent("squid", "http", tls_squid.address, tls=tls)), origin)


@pytest.mark.parametrize("tls", [{"enabled": True}, {"enabled": True, "server_name": "somebody-else.example"}])
def test_tls_that_cannot_be_verified(start, tls_squid, certificates, origin, tls):
    if "server_name" in tls:
        tls = {**tls, "ca_file": str(certificates.ca)}
    proxy = through(start, parent("squid", "http", tls_squid.address, tls=tls))
    refused_by_all(proxy, origin.url(), 502, "tls_failed")


def test_tls_to_a_parent_that_speaks_none(start, squid, certificates, origin):
    tls = {"enabled": True, "ca_file": str(certificates.ca)}
    refused_by_all(through(start, parent("squid", "http", squid.address, tls=tls)), origin.url(), 502, "tls_failed")


def test_dante(start, dante, origin):
    proxy = through(start, parent("dante", "socks5", dante.address))
    check_everything_works(proxy, origin)
    assert "parent.test" not in origin.requests[0].fields.get("Via")


def test_socks5_with_credentials(start, socks_with_login, origin):
    check_everything_works(through(start, parent("up", "socks5", socks_with_login.address, **CREDENTIALS)), origin)


@pytest.mark.parametrize("login", [WRONG, {}])
def test_socks5_with_wrong_credentials(start, socks_with_login, origin, login):
    proxy = through(start, parent("up", "socks5", socks_with_login.address, **login))
    refused_by_all(proxy, origin.url(), 502, "parent_authentication_failed")


def test_squid_through_dante(start, squid, dante, origin):
    proxy = through(start, parent("inner", "http", squid.address, via="outer"), parent("outer", "socks5", dante.address))
    check_everything_works(proxy, origin)
    assert "parent.test" in origin.requests[0].fields.get("Via")


def test_dante_through_squid(start, squid, dante, origin):
    proxy = through(start, parent("inner", "socks5", dante.address, via="outer"), parent("outer", "http", squid.address))
    check_everything_works(proxy, origin)
    assert f"CONNECT {dante.address}" in squid.log()


def test_logins_along_a_chain(start, squid_with_login, socks_with_login, origin):
    proxy = through(start, parent("inner", "socks5", socks_with_login.address, via="outer", **CREDENTIALS),
                    parent("outer", "http", squid_with_login.address, **CREDENTIALS))
    check_everything_works(proxy, origin)


def test_tls_inside_a_chain(start, tls_squid, dante, certificates, origin):
    tls = {"enabled": True, "ca_file": str(certificates.ca), "server_name": "localhost"}
    proxy = through(start, parent("inner", "http", tls_squid.address, via="outer", tls=tls), parent("outer", "socks5", dante.address))
    check_everything_works(proxy, origin)


def test_chain_whose_outer_parent_is_down(start, squid, origin):
    proxy = through(start, parent("inner", "http", squid.address, via="outer"),
                    parent("outer", "socks5", f"127.0.0.1:{ports.closed()}"))
    assert curl("-x", proxy.http, origin.url()).status == 502
    assert origin.requests == []


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_parent_that_is_down(start, origin, kind):
    proxy = through(start, parent("down", kind, f"127.0.0.1:{ports.closed()}"))
    refused_by_all(proxy, origin.url(), 502, "parent_unreachable")
    with raw_client.RawHttp(proxy.http_port) as client:
        answer = client.get(origin.url())
    told = answer.fields.get("Proxy-Status")
    assert "error=destination_unavailable" in told and "parent_unreachable" in told, told
    assert b"next proxy" in answer.body
    assert proxy.await_access(protocol="http")["detail"].startswith("down: connection_refused: ")
    assert origin.requests == [], "there is no way around a parent"


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_parent_that_talks_nonsense(start, serve, origin, kind):
    def nonsense(connection, _server):
        connection.recv(65536)
        connection.sendall(b"\x00nonsense\r\n\r\n" * 10)

    server = serve(nonsense)
    proxy = through(start, parent("odd", kind, f"127.0.0.1:{server.port}"))
    assert curl("-x", proxy.http, origin.url()).status == 502
    assert curl("-p", "-x", proxy.http, origin.url()).connect_status == 502
    proxy.await_access(protocol="connect", refusal="parent_protocol_error")


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_parent_that_is_silent(start, serve, origin, kind):
    server = serve(tcp_server.silent)
    proxy = start({"backends": [parent("mute", kind, f"127.0.0.1:{server.port}")], "rules": [everything("mute")],
                   "network": {"timeouts": {"connect": "700ms", "handshake": "700ms", "read": "700ms"}}})
    assert curl("-p", "-x", proxy.http, origin.url()).connect_status == 504
    assert curl("--socks5", proxy.socks, origin.url()).exit == 97


def test_refusal_by_a_socks_parent_is_passed_on(start, dante):
    proxy = through(start, parent("dante", "socks5", dante.address))
    result = curl("-x", proxy.http, f"http://127.0.0.1:{ports.closed()}/")
    assert result.status == 502, result


def test_rules_choose_among_parents(start, squid, dante, origin):
    proxy = start({"backends": [configuration.direct(), parent("squid", "http", squid.address), parent("dante", "socks5", dante.address)],
                   "rules": [configuration.rule("a", backend="squid", domains=["127.0.0.1"]),
                             configuration.rule("b", backend="dante", domains=["localhost"]), everything()]})
    for host, backend in (("127.0.0.1", "squid"), ("localhost", "dante"), ("origin.test", "direct")):
        assert curl("-x", proxy.http, origin.url(host=host)).body == b"hello\n", host
        assert proxy.await_access(host=host)["backend"] == backend


def test_circle_of_parents(prepare, squid):
    """A circle among backends is an error of the configuration."""
    daemon = prepare({"backends": [parent("a", "http", squid.address, via="b"), parent("b", "http", squid.address, via="a")],
                      "rules": [everything("a")]})
    assert daemon.run_to_end() == 78
    assert "via" in daemon.service.tail()


# echo

@pytest.fixture
def echoing(start):
    return start({"backends": [{"name": "echo", "type": "echo"}], "rules": [everything("echo")]})


def test_echo_over_connect_and_socks(echoing):
    with raw_client.RawHttp(echoing.http_port) as client:
        assert client.connect("anything.example:7").status == 200
        assert client.send(stream.content(200_000)).reader.exactly(200_000) == stream.content(200_000)
    with raw_client.RawSocks(echoing.socks_port) as client:
        assert client.open(raw_client.CONNECT, "anything.example", 7, early=b"early")[0] == 0
        assert client.reader.exactly(5) == b"early"
    with raw_client.RawSocks(echoing.socks_port) as client:
        assert client.socks4(raw_client.CONNECT, "192.0.2.1", 7)[0] == 90
        client.send(b"four")
        assert client.reader.exactly(4) == b"four"


def test_echo_over_http(echoing):
    result = curl("-x", echoing.http, "-H", "X-Mark: found", "--data-binary", "the body", "http://anything.example/path")
    assert result.status == 200
    assert b"the body" in result.body


# What is not there yet

@pytest.mark.parametrize("kind", ["wireguard", "openvpn"])
def test_vpn_backend_fails_closed(start, origin, tmp_path, kind):
    (tmp_path / "vpn.conf").write_text("[Interface]\nPrivateKey = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\nAddress = 10.0.0.2/32\n")
    proxy = start({"backends": [configuration.direct(), {"name": "vpn", "type": kind, kind: {"config_file": str(tmp_path / "vpn.conf")}}],
                   "rules": [everything("vpn")]})
    refused_by_all(proxy, origin.url(), 503, "backend_unavailable")
    assert origin.connections == 0
    listed = {entry["name"]: entry for entry in proxy.rows("backends", "backend", "list")}
    assert listed["vpn"]["available"] is False and listed["vpn"]["reason"]
    assert listed["direct"]["available"] is True

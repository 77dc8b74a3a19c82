"""What an HTTP client is told when something cannot be done: the status, RFC 9209's Proxy-Status, and the log's reason."""
import pytest

from harness import configuration, ports, raw_client, tcp_server
from harness.curl import curl
from harness.waiting import eventually

METADATA = "169.254.169.254"


def refused(proxy, url, status, error, refusal):
    """Sends a GET and checks every place where the reason is told."""
    result = curl("-x", proxy.http, url)
    assert result.status == status, result
    told = result.header("Proxy-Status") or ""
    assert told.startswith("bulkhead") and f"error={error}" in told, told
    assert 0 < len(result.body) < 2000
    record = proxy.await_access(refusal=refusal)
    assert record["status"] == status
    return result


def test_connection_refused(proxy):
    refused(proxy, f"http://127.0.0.1:{ports.closed()}/", 502, "connection_refused", "connection_refused")


def test_name_that_does_not_exist(proxy):
    refused(proxy, "http://missing.invalid/", 502, "dns_error", "name_not_found")


def test_name_server_that_is_silent(start):
    silence = tcp_server.UdpServer(lambda datagram: None)
    try:
        proxy = start({"network": {"dns": {"servers": [f"127.0.0.1:{silence.port}"], "timeout": "500ms"}}})
        refused(proxy, "http://origin.test/", 504, "dns_timeout", "dns_timeout")
        assert silence.received
    finally:
        silence.close()


def test_connect_timeout(start):
    hole = tcp_server.Blackhole()
    try:
        proxy = start({"network": {"timeouts": {"connect": "400ms"}}})
        refused(proxy, f"http://127.0.0.1:{hole.port}/", 504, "connection_timeout", "connect_timeout")
    finally:
        hole.close()


def test_network_unreachable(start):
    # Connecting to the broadcast address is ENETUNREACH on every Linux, without a packet.
    proxy = start({"access_control": {"destinations": {"allow": ["0.0.0.0/0"]}}})
    refused(proxy, "http://255.255.255.255/", 502, "destination_ip_unroutable", "network_unreachable")


def test_blocked_by_rule(start, origin):
    proxy = start({"rules": [configuration.rule("no", action="block", domains=["blocked.test"]), configuration.everything()]})
    result = refused(proxy, origin.url(host="blocked.test"), 403, "http_request_denied", "rule_blocked")
    assert b"blocked.test" not in result.body or b"<" not in result.body
    assert origin.requests == []
    assert proxy.await_access(refusal="rule_blocked")["rule"] == "no"


def test_no_rule(start, origin):
    proxy = start({"rules": [configuration.rule("only", backend="direct", domains=["origin.test"])]})
    refused(proxy, origin.url(host="other.test"), 403, "http_request_denied", "no_rule")
    assert curl("-x", proxy.http, origin.url(host="origin.test")).status == 200


@pytest.fixture
def guarded(start):
    """A daemon with the built-in destination policy."""
    return start({"access_control": {"destinations": {"allow": []}}})


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "rebind.test", METADATA, "metadata.test", "[::ffff:127.0.0.1]", "127.1.2.3",
                                  "0.0.0.0", "[::]", "[fe80::1]"])
def test_destination_denied(guarded, origin, host):
    refused(guarded, origin.url(host=host), 403, "destination_ip_prohibited", "destination_denied")
    assert origin.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_addresses_in_disguise_do_not_reach_loopback(guarded, origin, host):
    assert curl("-x", guarded.http, "--path-as-is", origin.url(host=host)).status in (400, 403, 502)
    assert origin.connections == 0


def test_own_listener_is_denied(guarded):
    refused(guarded, f"http://127.0.0.1:{guarded.http_port}/", 403, "destination_ip_prohibited", "destination_denied")


def test_destination_denied_by_the_configuration(start, origin):
    proxy = start({"access_control": {"destinations": {"allow": ["127.0.0.1"], "deny": ["127.0.0.0/8", "::1"]}}})
    assert curl("-x", proxy.http, origin.url()).status == 200, "what allow names is allowed"
    refused(proxy, origin.url(host="[::1]"), 403, "destination_ip_prohibited", "destination_denied")


@pytest.mark.parametrize("path, status, error", [("/drop", 502, "connection_terminated"), ("/garbage", 502, "http_protocol_error")])
def test_origin_that_misbehaves(proxy, origin, path, status, error):
    result = curl("-x", proxy.http, origin.url(path))
    assert result.status == status, result
    assert f"error={error}" in result.header("Proxy-Status")


def test_answer_that_is_cut_short_is_seen_as_such(proxy, origin):
    assert curl("-x", proxy.http, origin.url("/cut")).exit in (18, 56)


def test_origin_that_is_silent(start, serve):
    server = serve(tcp_server.silent)
    proxy = start({"network": {"timeouts": {"read": "500ms"}}})
    refused(proxy, f"http://127.0.0.1:{server.port}/", 504, "http_response_timeout", "upstream_timeout")


def test_slow_header(start):
    proxy = start({"network": {"timeouts": {"header": "500ms"}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send("GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nX-Slow:")
        assert client.response().status == 408
        assert client.closed()
    proxy.await_access(refusal="header_timeout", status=408)


def test_slow_header_sent_bit_by_bit(start):
    proxy = start({"network": {"timeouts": {"header": "700ms"}}})
    with raw_client.RawHttp(proxy.http_port, timeout=0.1) as client:
        client.send("GET http://origin.test/ HTTP/1.1\r\n")

        def cut():
            client.send_allowing_reset("X: y\r\n")
            try:
                return client.sock.recv(4096).startswith(b"HTTP/1.1 408")
            except TimeoutError:
                return False

        eventually(cut, "the deadline is for the whole header, not from octet to octet", 5)


def test_idle_connection_is_closed_without_a_word(start, origin):
    proxy = start({"network": {"timeouts": {"idle": "500ms"}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200
        assert client.closed(), "an idle connection gets no 408"


def test_redirect_rule(start, origin):
    send = configuration.rule("moved", action="redirect", redirect={"url": "http://elsewhere.test/x", "status": 307}, domains=["redirected.test"])
    proxy = start({"rules": [send, configuration.everything()]})
    result = curl("-x", proxy.http, origin.url("/hello", host="redirected.test"))
    assert (result.status, result.header("Location")) == (307, "http://elsewhere.test/x")
    assert origin.requests == []
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_error_keeps_the_connection(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(f"http://127.0.0.1:{ports.closed()}/").status == 502
        assert client.get(origin.url()).status == 200


def test_head_error_has_no_body(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(f"http://127.0.0.1:{ports.closed()}/", method="HEAD").status == 502
        assert client.get(origin.url()).status == 200

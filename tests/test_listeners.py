"""Where clients connect: the mixed port, PROXY protocol, IPv6 and dual stack, port clashes, and who may connect at all."""
import socket

import pytest

from harness import configuration, ports, proxy_header, raw_client, tcp_server
from harness.bulkhead import EXIT_CONFIGURATION
from harness.curl import curl


def listener(name, protocol="mixed", address="127.0.0.1", **more):
    port = ports.reserve()
    ports.release(port)
    return {"name": name, "address": address, "port": port, "protocol": protocol, **more}


# One port for everything

@pytest.mark.parametrize("scheme", ["http", "socks4", "socks4a", "socks5", "socks5h"])
def test_mixed_port(proxy, origin, scheme):
    result = curl("-x", f"{scheme}://127.0.0.1:{proxy.mixed_port}", origin.url())
    assert result.body == b"hello\n", result


def test_mixed_port_tunnels(proxy, origin):
    assert curl("-p", "-x", f"http://127.0.0.1:{proxy.mixed_port}", origin.url()).body == b"hello\n"


def test_mixed_port_octet_by_octet(proxy, origin):
    with raw_client.RawHttp(proxy.mixed_port) as client:
        for octet in f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode():
            client.send(bytes([octet]))
        assert client.response().body == b"hello\n"


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00\x05hello", b"\x00", b"\xff\xff", b"SSH-2.0-x\r\n"])
def test_mixed_port_with_something_else(proxy, data):
    with raw_client.RawHttp(proxy.mixed_port) as client:
        client.send(data + b"\r\n\r\n")
        client.sock.settimeout(10)
        answer = client.reader.to_end()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer


def test_listeners_beside_the_classic_ports(start, origin):
    listeners = [listener("web", "http"), listener("sox", "socks5"), listener("both", "mixed")]
    proxy = start({"listeners": listeners})
    web, sox, both = (entry["port"] for entry in listeners)
    assert curl("-x", f"http://127.0.0.1:{web}", origin.url()).body == b"hello\n"
    assert curl("--socks5", f"127.0.0.1:{sox}", origin.url()).body == b"hello\n"
    assert curl("--socks4", f"127.0.0.1:{both}", origin.url()).body == b"hello\n"
    assert [proxy.await_access(listener=name)["status"] for name in ("web", "sox", "both")]
    named = {entry["name"] for entry in proxy.rows("listeners", "status")}
    assert {"web", "sox", "both"} <= named


def test_protocols_stay_on_their_ports(proxy, origin):
    assert curl("-x", f"http://127.0.0.1:{proxy.socks_port}", origin.url()).status != 200
    assert curl("--socks5", f"127.0.0.1:{proxy.http_port}", origin.url()).exit != 0
    assert origin.requests == []


# IPv6

def test_ipv6_listener(start, origin):
    proxy = start({"server": {"bind_address": "::1"}})
    assert curl("-x", f"http://[::1]:{proxy.http_port}", origin.url()).body == b"hello\n"
    with pytest.raises(OSError):
        raw_client.RawHttp(proxy.http_port)


def test_dual_stack_listener(start, origin):
    proxy = start({"server": {"bind_address": "::"}, "access_control": {"open_proxy": True}})
    for host in ("[::1]", "127.0.0.1"):
        assert curl("-x", f"http://{host}:{proxy.http_port}", origin.url()).body == b"hello\n"
    proxy.await_access(client_ip="::1")
    proxy.await_access(client_ip="127.0.0.1")


def test_several_addresses(start, origin):
    proxy = start({"server": {"bind_address": ["127.0.0.1", "127.0.0.2", "::1"]}})
    for host in ("127.0.0.1", "127.0.0.2", "[::1]"):
        assert curl("-x", f"http://{host}:{proxy.http_port}", origin.url()).body == b"hello\n"


def test_ipv6_destinations_can_be_off(start, origin):
    proxy = start({"network": {"ipv6": {"enabled": False}}})
    assert curl("-x", proxy.http, origin.url(host="dual.test")).status == 200
    assert curl("-x", proxy.http, origin.url(host="origin6.test")).status == 502


# Starting with ports that cannot be had

def test_port_that_is_taken(prepare):
    taken = tcp_server.TcpServer(tcp_server.silent)
    try:
        proxy = prepare({"server": {"http_port": taken.port}})
        assert proxy.run_to_end() not in (0, None)
        assert str(taken.port) in proxy.service.tail() and "in use" in proxy.service.tail().lower()
    finally:
        taken.close()


def test_clash_within_the_configuration(prepare):
    port = ports.reserve()
    proxy = prepare({"server": {"http_port": port, "socks5_port": port}})
    assert proxy.run_to_end() == EXIT_CONFIGURATION
    assert "is taken" in proxy.service.tail() and "socks5_port" in proxy.service.tail()


def test_open_proxy_must_be_written_out(prepare, start):
    proxy = prepare({"server": {"bind_address": "0.0.0.0"}})
    assert proxy.run_to_end() == EXIT_CONFIGURATION
    assert "open_proxy" in proxy.service.tail()
    meant = start({"server": {"bind_address": "0.0.0.0"}, "access_control": {"open_proxy": True}})
    assert any("open proxy" in line for line in meant.lines), "allowed, and warned about"


# Who may connect

@pytest.mark.parametrize("lists, first, second", [
    ({"whitelist": ["127.0.0.1"]}, True, False), ({"blacklist": ["127.0.0.2"]}, True, False),
    ({"whitelist": ["127.0.0.0/8"], "blacklist": ["127.0.0.1/32"]}, False, True), ({}, True, True)])
def test_client_lists(start, origin, lists, first, second):
    proxy = start({"server": {"bind_address": ["127.0.0.1"]}, "access_control": lists})
    for source, allowed in (("127.0.0.1", first), ("127.0.0.2", second)):
        plain = curl("--interface", source, "-x", proxy.http, origin.url())
        socks = curl("--interface", source, "--socks5", proxy.socks, origin.url())
        assert (plain.status == 200) == allowed, (source, plain)
        assert (socks.exit == 0) == allowed, (source, socks)
        if not allowed:
            proxy.await_access(client_ip=source, refusal="client_denied")


# PROXY protocol

@pytest.fixture
def behind_balancer(start):
    entry = listener("balanced", proxy_protocol=True)
    proxy = start({"server": {"proxy_protocol": {"trusted": ["127.0.0.1/32"]}}, "listeners": [entry]})
    proxy.balanced = entry["port"]
    return proxy


HEADERS = {
    "v1 IPv4": (proxy_header.v1("192.0.2.7", "192.0.2.1"), "192.0.2.7"),
    "v1 IPv6": (proxy_header.v1("2001:db8::7", "2001:db8::1"), "2001:db8::7"),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v2 IPv4": (proxy_header.v2("192.0.2.8", "192.0.2.1"), "192.0.2.8"),
    "v2 IPv6": (proxy_header.v2("2001:db8::8", "2001:db8::1"), "2001:db8::8"),
    "v2 with TLVs": (proxy_header.v2("192.0.2.9", "192.0.2.1", extra=b"\x04\x00\x03abc"), "192.0.2.9"),
    "v2 local": (proxy_header.v2_local(), "127.0.0.1"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_proxy_header_gives_the_client(behind_balancer, origin, case):
    header, client_ip = HEADERS[case]
    with raw_client.RawHttp(behind_balancer.balanced) as client:
        client.send(header + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response().body == b"hello\n"
    behind_balancer.await_access(client_ip=client_ip, listener="balanced", status=200)


def test_proxy_header_before_socks(behind_balancer, serve):
    with raw_client.RawSocks(behind_balancer.balanced) as client:
        client.send(proxy_header.v2("192.0.2.7", "192.0.2.1"))
        assert client.open(raw_client.CONNECT, "127.0.0.1", serve(tcp_server.echo).port)[0] == 0
    behind_balancer.await_access(client_ip="192.0.2.7", protocol="socks5")


def test_proxy_header_decides_access(start, origin):
    entry = listener("balanced", "http", proxy_protocol=True)
    proxy = start({"server": {"proxy_protocol": {"trusted": ["127.0.0.1/32"]}}, "listeners": [entry],
                   "access_control": {"blacklist": ["192.0.2.0/24"]}})
    with raw_client.RawHttp(entry["port"]) as client:
        client.send(proxy_header.v1("192.0.2.7", "192.0.2.1") + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response().status == 403
    proxy.await_access(client_ip="192.0.2.7", refusal="client_denied")


def test_proxy_header_from_others_is_refused(behind_balancer, origin):
    sock = socket.create_connection(("127.0.0.1", behind_balancer.balanced), timeout=10, source_address=("127.0.0.2", 0))
    with sock:
        sock.sendall(proxy_header.v1("192.0.2.7", "192.0.2.1") + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            answer = sock.recv(1000)
        except ConnectionResetError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
    assert origin.requests == []
    assert behind_balancer.await_access(client_ip="127.0.0.2")["refusal"]


@pytest.mark.parametrize("header", [b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n", b"PROXY TCP4 nonsense\r\n",
                                    proxy_header.SIGNATURE + b"\x31\x11\x00\x0c" + b"\0" * 12, b"PROXY " + b"x" * 200])
def test_missing_or_broken_proxy_header_is_refused(behind_balancer, origin, header):
    with raw_client.RawHttp(behind_balancer.balanced) as client:
        client.send(header + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.sock.settimeout(10)
        answer = client.reader.to_end()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer
    assert origin.requests == []


def test_proxy_header_on_a_port_that_expects_none(proxy, origin):
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(proxy_header.v1("192.0.2.7", "192.0.2.1") + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response().status == 400
    assert origin.requests == []


def test_proxy_header_on_the_classic_ports(start, origin):
    proxy = start({"server": {"proxy_protocol": {"enabled": True, "trusted": ["127.0.0.0/8"]}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(proxy_header.v1("192.0.2.7", "192.0.2.1") + f"GET {origin.url()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response().status == 200


def test_configuration_without_trusted_senders(prepare):
    proxy = prepare({"server": {"proxy_protocol": {"enabled": True}}})
    assert proxy.run_to_end() == EXIT_CONFIGURATION
    assert "trusted" in proxy.service.tail()


def test_rules_by_listener_protocol_see_the_real_one(start, origin):
    proxy = start({"rules": [configuration.rule("no socks4", action="block", protocols=["socks4"]), configuration.everything()]})
    assert curl("--socks4", f"127.0.0.1:{proxy.mixed_port}", origin.url()).exit != 0
    assert curl("--socks5", f"127.0.0.1:{proxy.mixed_port}", origin.url()).body == b"hello\n"


@pytest.mark.parametrize("mode", [{"mode": "system"}, {"mode": "native", "native": {"users": []}}])
def test_authentication_that_nobody_passes_refuses_everyone(start, origin, mode):
    proxy = start({"server": {"auth": mode}})
    assert curl("-x", proxy.http, origin.url()).status == 407
    assert curl("-p", "-x", proxy.http, origin.url()).status != 200
    assert curl("-x", f"socks5h://{proxy.socks}", origin.url()).exit == 97
    assert curl("-x", f"socks4a://{proxy.socks}", origin.url()).exit == 97
    assert not proxy.status()["warnings"]

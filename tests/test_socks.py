"""SOCKS5 (RFC 1928), SOCKS4 and 4a: real clients, and every reply that the protocol has."""
import json
import socket
import subprocess
import time

import pytest
import socks

from harness import configuration, ports, raw_client, stream, tcp_server
from harness.curl import curl
from harness.packages import program
from harness.raw_client import BIND, CONNECT, UDP_ASSOCIATE
from harness.waiting import eventually

GRANTED, REJECTED = 90, 91


@pytest.mark.parametrize("option, host, protocol", [
    ("--socks4", "127.0.0.1", "socks4"), ("--socks4a", "origin.test", "socks4"), ("--socks5", "127.0.0.1", "socks5"),
    ("--socks5", "[::1]", "socks5"), ("--socks5-hostname", "origin.test", "socks5"), ("--socks5-hostname", "origin6.test", "socks5")])
def test_curl(proxy, origin, option, host, protocol):
    result = curl(option, proxy.socks, origin.url(host=host))
    assert result.body == b"hello\n", result
    record = proxy.await_access(port=origin.port)
    assert record["protocol"].startswith(protocol) and record["host"] == host.strip("[]")


def test_curl_moves_much(proxy, origin, tmp_path):
    stream.write_file(tmp_path / "up", 50 << 20)
    assert curl("--socks5-hostname", proxy.socks, "-T", tmp_path / "up", origin.url("/upload")).status == 200
    assert origin.requests[-1].sha256 == stream.sha256(50 << 20)
    assert curl("--socks4a", proxy.socks, origin.url(f"/bytes/{50 << 20}", host="origin.test"), output=tmp_path / "down").exit == 0
    assert stream.file_sha256(tmp_path / "down") == stream.sha256(50 << 20)


@pytest.mark.parametrize("kind", [socks.SOCKS4, socks.SOCKS5])
@pytest.mark.parametrize("remote", [True, False])
def test_pysocks(proxy, serve, kind, remote):
    server = serve(tcp_server.echo)
    connection = socks.socksocket()
    connection.settimeout(10)
    connection.set_proxy(kind, "127.0.0.1", proxy.socks_port, rdns=remote)
    with connection:
        connection.connect(("origin.test" if remote else "127.0.0.1", server.port))
        connection.sendall(b"through a library")
        assert connection.recv(100) == b"through a library"


@pytest.mark.parametrize("kind", ["socks4", "socks5", "http"])
def test_proxychains(proxy, origin, tmp_path, kind):
    (tmp_path / "chains.conf").write_text(f"strict_chain\nquiet_mode\n[ProxyList]\n{kind} 127.0.0.1 "
                                          f"{proxy.http_port if kind == 'http' else proxy.socks_port}\n")
    done = subprocess.run([program("proxychains4"), "-q", "-f", tmp_path / "chains.conf", program("curl"), "-q", "-sS", "--max-time", "20",
                           origin.url()], capture_output=True, timeout=30, check=False)
    assert done.stdout == b"hello\n", done.stderr


# The negotiation

def test_no_method_that_both_know(proxy):
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.greet(b"\x01\x02\x80") == 0xFF
        assert client.closed()
    proxy.await_access(refusal="no_acceptable_authentication")


def test_no_authentication_is_chosen_among_others(proxy):
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.greet(b"\x02\x01\x00") == 0


@pytest.mark.parametrize("data", [b"\x05\x00", b"\x06\x01\x00", b"\x00\x01\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x04\x09\x00\x50\x7f\x00\x00\x01\x00"])
def test_what_is_not_socks_is_closed(proxy, data):
    before = len(proxy.access())
    with raw_client.Connection(proxy.socks_port) as client:
        client.send(data)
        client.sock.settimeout(10)
        assert len(client.reader.to_end()) <= 10, "no more than a reply"
    assert len(eventually(lambda: proxy.access()[before:], "it is logged")) == 1


def test_bytes_one_at_a_time(proxy, serve):
    server = serve(tcp_server.echo)
    with raw_client.RawSocks(proxy.socks_port) as client:
        for octet in b"\x05\x01\x00\x05\x01\x00" + raw_client.address_bytes("origin.test", server.port) + b"after":
            client.send(bytes([octet]))
        assert client.reader.exactly(2) == b"\x05\x00"
        assert client.read_reply()[0] == 0
        assert client.reader.exactly(5) == b"after"


def test_everything_in_one_packet(proxy, serve):
    server = serve(tcp_server.echo)
    with raw_client.RawSocks(proxy.socks_port) as client:
        client.send(b"\x05\x01\x00\x05\x01\x00" + raw_client.address_bytes("127.0.0.1", server.port) + b"early")
        assert client.reader.exactly(2) == b"\x05\x00" and client.read_reply()[0] == 0
        assert client.reader.exactly(5) == b"early"
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.socks4(CONNECT, "origin.test", server.port, early=b"early")[0] == GRANTED
        assert client.reader.exactly(5) == b"early"


def test_handshake_that_takes_too_long(start):
    proxy = start({"network": {"timeouts": {"handshake": "400ms"}}})
    with raw_client.RawSocks(proxy.socks_port) as client:
        client.send(b"\x05")
        assert client.closed()


# Replies

def code_of(proxy, host, port, command=CONNECT):
    with raw_client.RawSocks(proxy.socks_port) as client:
        code, _ = client.open(command, host, port)
        if code != 0:
            assert client.closed(), "after a refusal the connection ends"
        return code


def test_success_names_the_bound_address(proxy, serve):
    with raw_client.RawSocks(proxy.socks_port) as client:
        code, (host, port) = client.open(CONNECT, "127.0.0.1", serve(tcp_server.echo).port)
        assert (code, host) == (0, "127.0.0.1") and port > 0


def test_connection_refused(proxy):
    assert code_of(proxy, "127.0.0.1", ports.closed()) == 5


def test_name_that_does_not_exist(proxy):
    assert code_of(proxy, "missing.invalid", 80) == 4


def test_destination_denied_and_no_rule_and_blocked(start, serve):
    server = serve(tcp_server.echo)
    proxy = start({"access_control": {"destinations": {"allow": ["::1"]}}, "rules": [
        configuration.rule("no", action="block", domains=["blocked.test"]),
        configuration.rule("some", backend="direct", domains=["rebind.test", "127.0.0.1"])]})
    for host in ("127.0.0.1", "rebind.test", "blocked.test", "other.test"):
        assert code_of(proxy, host, server.port) == 2, host
    assert server.connections == 0
    for refusal in ("destination_denied", "rule_blocked", "no_rule"):
        proxy.await_access(refusal=refusal)


def test_network_unreachable(start):
    proxy = start({"access_control": {"destinations": {"allow": ["0.0.0.0/0"]}}})
    assert code_of(proxy, "255.255.255.255", 80) == 3


def test_connect_timeout(start):
    hole = tcp_server.Blackhole()
    try:
        assert code_of(start({"network": {"timeouts": {"connect": "400ms"}}}), "127.0.0.1", hole.port) == 6
    finally:
        hole.close()


@pytest.mark.parametrize("command", [0, 4, 0x7F, 0xFF])
def test_command_not_supported(proxy, command):
    assert code_of(proxy, "127.0.0.1", 80, command) == 7


@pytest.mark.parametrize("kind", [0, 2, 5, 0xFF])
def test_address_type_not_supported(proxy, kind):
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.greet() == 0
        client.send(bytes([5, CONNECT, 0, kind]) + b"\x7f\0\0\1\0\x50")
        assert client.read_reply()[0] == 8
        assert client.closed()


def test_unavailable_backend_is_a_general_failure(start, tmp_path):
    (tmp_path / "wg.conf").write_text("[Interface]\n")
    proxy = start({"backends": [{"name": "vpn", "type": "wireguard", "wireguard": {"config_file": str(tmp_path / "wg.conf")}}],
                   "rules": [configuration.everything("vpn")]})
    assert code_of(proxy, "127.0.0.1", 80) == 1


def test_socks4_refusals(proxy):
    for host, port in (("127.0.0.1", ports.closed()), ("missing.invalid", 80)):
        with raw_client.RawSocks(proxy.socks_port) as client:
            assert client.socks4(CONNECT, host, port)[0] == REJECTED
            assert client.closed()


def test_socks4_user_name_that_never_ends(proxy):
    with raw_client.RawSocks(proxy.socks_port) as client:
        client.send(b"\x04\x01\x00\x50\x7f\x00\x00\x01")
        client.send_allowing_reset(b"u" * 100_000)
        client.sock.settimeout(10)
        assert len(client.reader.to_end()) <= 8


# BIND

def dial(address, *, source=None):
    return socket.create_connection(address, timeout=10, source_address=source)


@pytest.mark.parametrize("version", [4, 5])
def test_bind(proxy, version):
    with raw_client.RawSocks(proxy.socks_port) as client:
        if version == 5:
            code, address = client.open(BIND, "127.0.0.1", 0)
            assert code == 0
        else:
            code, address = client.socks4(BIND, "127.0.0.1", 0)
            assert code == GRANTED
        host = "127.0.0.1" if address[0] in ("0.0.0.0", "::") else address[0]
        with dial((host, address[1])) as caller:
            code, peer = client.read_reply() if version == 5 else client.read_socks4_reply()
            assert code == (0 if version == 5 else GRANTED)
            assert peer == caller.getsockname()[:2]
            caller.sendall(b"from outside")
            assert client.reader.exactly(12) == b"from outside"
            client.send(b"from inside")
            assert caller.recv(100) == b"from inside"


def test_bind_whose_client_leaves(proxy):
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(BIND, "127.0.0.1", 0)[0] == 0
    assert proxy.await_access(method="BIND", status=499)["detail"] == "the client went away"


def test_bind_refuses_another_peer(proxy):
    """The request names whom the call is expected from."""
    with raw_client.RawSocks(proxy.socks_port) as client:
        code, address = client.open(BIND, "127.0.0.2", 0)
        assert code == 0
        with dial(("127.0.0.1", address[1])) as stranger:
            stranger.settimeout(0.5)
            try:
                assert stranger.recv(1) == b""
            except (TimeoutError, ConnectionResetError):
                pass
            client.sock.settimeout(0.3)
            try:
                code, peer = client.read_reply()
                assert code != 0, f"connected to {peer}"
            except TimeoutError:
                pass


# UDP ASSOCIATE

class Association:
    def __init__(self, proxy, port=None):
        self.client = raw_client.RawSocks(proxy.socks_port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(5)
        code, (host, relay) = self.client.open(UDP_ASSOCIATE, "0.0.0.0", self.sock.getsockname()[1] if port is None else port)
        assert code == 0
        self.relay = ("127.0.0.1" if host == "0.0.0.0" else host, relay)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.sock.close()

    def send(self, host, port, payload, fragment=0, sock=None):
        (sock or self.sock).sendto(raw_client.udp_header(host, port, fragment) + payload, self.relay)

    def receive(self):
        return raw_client.parse_udp(self.sock.recv(65535))

    def silent(self, seconds=0.4):
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(65535)
            return False
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(5)


@pytest.fixture
def udp_echo():
    server = tcp_server.UdpServer()
    yield server
    server.close()


@pytest.mark.parametrize("host, source", [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("origin.test", "127.0.0.1")])
def test_udp(proxy, udp_echo, host, source):
    with Association(proxy) as association:
        for payload in (b"", b"one", b"x" * 1400, b"y" * 9000):
            association.send(host, udp_echo.port, payload)
            assert association.receive() == ((source, udp_echo.port), payload)
    proxy.await_access(protocol="udp")


def test_udp_client_port_learned_from_its_first_datagram(proxy, udp_echo):
    with Association(proxy, port=0) as association:
        association.send("127.0.0.1", udp_echo.port, b"first")
        assert association.receive()[1] == b"first"


def dns_query(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"


def test_udp_carries_a_real_dns_query(proxy, name_server):
    with Association(proxy) as association:
        association.send("127.0.0.1", name_server.port, dns_query("cdn.test"))
        source, answer = association.receive()
    assert source == ("127.0.0.1", name_server.port)
    assert answer[:2] == b"\x12\x34" and answer[6:8] == b"\x00\x01" and answer.endswith(socket.inet_aton("127.0.0.1"))


def test_udp_fragments_are_dropped(proxy, udp_echo):
    with Association(proxy) as association:
        association.send("127.0.0.1", udp_echo.port, b"part", fragment=1)
        association.send("127.0.0.1", udp_echo.port, b"part", fragment=0x81)
        association.send("127.0.0.1", udp_echo.port, b"whole")
        assert association.receive()[1] == b"whole"
    assert [payload for _, payload in udp_echo.received] == [b"whole"]


def test_udp_from_another_source_is_dropped(proxy, udp_echo):
    with Association(proxy) as association, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        association.send("127.0.0.1", udp_echo.port, b"mine")
        assert association.receive()[1] == b"mine"
        stranger.bind(("127.0.0.2", 0))
        association.send("127.0.0.1", udp_echo.port, b"not mine", sock=stranger)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as same_host:
            same_host.bind(("127.0.0.1", 0))
            association.send("127.0.0.1", udp_echo.port, b"not mine either", sock=same_host)
        association.send("127.0.0.1", udp_echo.port, b"mine again")
        assert association.receive()[1] == b"mine again"
    assert [payload for _, payload in udp_echo.received] == [b"mine", b"mine again"]


@pytest.mark.parametrize("datagram", [b"", b"\0", b"\0\0\0", b"\0\0\0\x09aaaa", b"\0\0\0\x03\xffshort", b"\x01\0\0\x01\x7f\0\0\x01\0\x50x"])
def test_udp_garbage_is_dropped(proxy, udp_echo, datagram):
    with Association(proxy) as association:
        association.sock.sendto(datagram, association.relay)
        association.send("127.0.0.1", udp_echo.port, b"still here")
        assert association.receive()[1] == b"still here"


def test_udp_ends_with_the_tcp_connection(proxy, udp_echo):
    with Association(proxy) as association:
        association.send("127.0.0.1", udp_echo.port, b"x")
        association.receive()
        association.client.close()

        def gone():
            count = len(udp_echo.received)
            association.send("127.0.0.1", udp_echo.port, b"late")
            return association.silent(0.2) and len(udp_echo.received) == count

        eventually(gone, "the relay is gone")


def test_udp_destination_policy(start, udp_echo):
    proxy = start({"access_control": {"destinations": {"allow": ["::1"]}}})
    with Association(proxy) as association:
        association.send("127.0.0.1", udp_echo.port, b"denied")
        association.send("rebind.test", udp_echo.port, b"denied")
        association.send("::1", udp_echo.port, b"allowed")
        assert association.receive() == (("::1", udp_echo.port), b"allowed")
    assert [payload for _, payload in udp_echo.received] == [b"allowed"]


def test_udp_rules(start, udp_echo):
    proxy = start({"rules": [configuration.rule("no datagrams", action="block", protocols=["udp"]), configuration.everything()]})
    with raw_client.RawSocks(proxy.socks_port) as client:
        code, relay = client.open(UDP_ASSOCIATE, "0.0.0.0", 0)
        if code == 0:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(raw_client.udp_header("127.0.0.1", udp_echo.port) + b"x", ("127.0.0.1", relay[1]))
                proxy.await_access(refusal="rule_blocked")
        else:
            assert code == 2
    assert udp_echo.received == []


def test_udp_refusals_are_logged_once_a_while(start, udp_echo):
    proxy = start({"rules": [configuration.rule("stop", action="block", domains=["*.blocked.test"]), configuration.everything()]})
    with Association(proxy) as association:
        for _ in range(100):
            association.send("x.blocked.test", 53, b"again")
        association.send("127.0.0.1", udp_echo.port, b"and this passes")
        assert association.receive()[1] == b"and this passes"
    proxy.await_access(port=udp_echo.port)
    assert len([record for record in proxy.access() if record["host"] == "x.blocked.test"]) == 1


def test_udp_with_too_many_destinations_says_so_once(proxy):
    with Association(proxy) as association:
        for port in range(20000, 20300):
            association.send("127.0.0.1", port, b"x")
            time.sleep(0.001)
        record = proxy.await_access(refusal="overloaded")
    assert record["protocol"] == "udp" and "256 destinations" in record["detail"]
    assert len([each for each in proxy.access() if each.get("refusal") == "overloaded"]) == 1


def test_headers_of_http_over_socks_are_not_touched(proxy, origin):
    result = curl("--socks5", proxy.socks, "-H", "Connection: X-Named", "-H", "X-Named: kept", origin.url("/headers"))
    assert ["X-Named", "kept"] in json.loads(result.body)["headers"]

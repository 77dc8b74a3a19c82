"""Rules: the first that matches decides, by name, port, address, client and protocol; where none matches, nothing goes."""
import subprocess

import pytest

from harness import raw_client
from harness.configuration import everything, parent as parent_of, rule
from harness.curl import curl


def blocked(proxy, origin, host="127.0.0.1", *options):
    status = curl("-x", proxy.http, *options, origin.url(host=host)).status
    assert status in (200, 403), status
    return status == 403


def test_the_first_match_wins(start, origin):
    proxy = start({"rules": [rule("pass", backend="direct", domains=["www.site.test"]), rule("stop", action="block", domains=["*.site.test"]),
                             everything()]})
    assert not blocked(proxy, origin, "www.site.test")
    assert blocked(proxy, origin, "site.test")
    assert [record["rule"] for record in proxy.access()] == ["pass", "stop"]


@pytest.mark.parametrize("pattern, matching, others", [
    ("site.test", ["site.test", "SITE.test", "site.test."], ["www.site.test", "other.test"]),
    ("*.site.test", ["site.test", "www.site.test", "WWW.Site.TEST"], ["other.test"]),
    ("*.SITE.Test", ["site.test", "www.site.test"], ["other.test"]),
    ("*", ["site.test", "127.0.0.1", "[::1]"], []),
    ("127.0.0.1", ["127.0.0.1"], ["site.test", "[::1]"]),
    ("*.wild.test", ["a.b.c.wild.test", "wild.test"], ["site.test"])])
def test_domains(start, origin, pattern, matching, others):
    proxy = start({"rules": [rule("stop", action="block", domains=[pattern]), everything()]})
    for host in matching:
        assert blocked(proxy, origin, host), host
    for host in others:
        assert not blocked(proxy, origin, host), host


def test_suffix_is_not_a_subdomain(start, origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["*.ite.test", "ite.test"]), everything()]})
    assert not blocked(proxy, origin, "site.test")


def test_idn(start, origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["*.b\u00fccher.wild.test"]), everything()]})
    assert blocked(proxy, origin, "xn--bcher-kva.wild.test")
    assert not blocked(proxy, origin, "bucher.wild.test")


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("host", ["10\u30029\u30020\u30021", "10.9.0.\uff11", "10.9.0.1."])
def test_an_address_in_other_digits_passes_no_rule_about_addresses(start, serve, kind, host):
    """What a parent would be asked for is what the rules have seen."""
    parent = serve(lambda connection, server: server.results.put(connection.recv(1)))
    proxy = start({"backends": [parent_of("up", kind, f"127.0.0.1:{parent.port}")],
                   "rules": [rule("stop", action="block", destinations=["10.0.0.0/8"]), everything("up")]})
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, host, 80)[0] != 0
    assert proxy.await_access()["refusal"] in ("rule_blocked", "bad_request")


def test_domains_from_a_file(start, origin, tmp_path):
    names = tmp_path / "names"
    names.write_text("# names\n" + "".join(f"host{n}.example\n" for n in range(5000)) + "blocked.test  # this one\n")
    proxy = start({"rules": [rule("listed", action="block", domains_file=str(names)), everything()]})
    assert blocked(proxy, origin, "blocked.test") and not blocked(proxy, origin, "site.test")


def test_ports(start, origin):
    proxy = start({"rules": [rule("stop", action="block", ports=[f"{origin.port}-{origin.port}", 1]), everything()]})
    assert blocked(proxy, origin)
    proxy.write({"rules": [rule("stop", action="block", ports=[origin.port + 1, f"1-{origin.port - 1}"]), everything()]})
    assert proxy.reload().exit == 0
    assert not blocked(proxy, origin)


def test_destinations(start, origin):
    proxy = start({"rules": [rule("stop", action="block", destinations=["127.0.0.0/8"]), everything()]})
    assert blocked(proxy, origin, "127.0.0.1")
    assert not blocked(proxy, origin, "[::1]")
    assert not blocked(proxy, origin, "site.test"), "where the client names an address, not what a name resolves to"


def test_clients(start, origin):
    proxy = start({"rules": [rule("stop", action="block", clients=["127.0.0.2/32", "::1"]), everything()]})
    assert not blocked(proxy, origin)
    assert blocked(proxy, origin, "127.0.0.1", "--interface", "127.0.0.2")


@pytest.mark.parametrize("protocol, options", [
    ("http", ["-x", "http://{http}"]), ("connect", ["-p", "-x", "http://{http}"]), ("socks4", ["--socks4", "{socks}"]),
    ("socks5", ["--socks5", "{socks}"])])
def test_protocols(start, origin, protocol, options):
    proxy = start({"rules": [rule("stop", action="block", protocols=[protocol]), everything()]})
    addresses = {"http": f"127.0.0.1:{proxy.http_port}", "socks": proxy.socks}
    for name, words in {"http": ["-x", "http://{http}"], "connect": ["-p", "-x", "http://{http}"], "socks4": ["--socks4", "{socks}"],
                        "socks5": ["--socks5", "{socks}"]}.items():
        result = curl(*[word.format(**addresses) for word in words], origin.url())
        assert (result.body == b"hello\n") == (name != protocol), (name, result)


def test_every_kind_must_hold(start, origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["site.test", "other.test"], ports=[origin.port], protocols=["http"],
                                  clients=["127.0.0.0/8"]), everything()]})
    assert blocked(proxy, origin, "site.test") and blocked(proxy, origin, "other.test")
    assert not blocked(proxy, origin, "www.site.test")
    assert curl("-p", "-x", proxy.http, origin.url(host="site.test")).connect_status == 200


def test_block_is_for_tunnels_too(start, tls_origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["blocked.test"]), everything()]})
    result = curl("-k", "-x", proxy.http, tls_origin.url(host="blocked.test"))
    assert result.connect_status == 403 and tls_origin.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(start, origin, status):
    proxy = start({"rules": [rule("moved", action="redirect", redirect={"url": origin.url(), "status": status}, domains=["redirected.test"]),
                             everything()]})
    assert curl("-x", proxy.http, origin.url("/x", host="redirected.test")).status == status
    assert curl("-L", "-x", proxy.http, origin.url("/x", host="redirected.test")).body == b"hello\n"


def test_redirect_cannot_be_told_to_a_tunnel(start, origin):
    proxy = start({"rules": [rule("moved", action="redirect", redirect={"url": origin.url()}, domains=["redirected.test"]), everything()]})
    result = curl("-p", "-x", proxy.http, origin.url(host="redirected.test"))
    assert result.connect_status not in (0, 200), result
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.open(raw_client.CONNECT, "redirected.test", origin.port)[0] == 2
    assert origin.requests == []


@pytest.mark.parametrize("rules", [[], [rule("other", backend="direct", domains=["other.test"])]])
def test_no_match_is_refused(start, origin, rules):
    proxy = start({"rules": rules})
    assert blocked(proxy, origin, "site.test")
    assert curl("--socks5", proxy.socks, origin.url()).exit == 97
    proxy.await_access(refusal="no_rule", protocol="socks5")


def test_unreachable_rule_is_warned_about(stage, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("backends: [{name: direct, type: direct}]\nrules:\n- {name: all, match: {domains: ['*']}, backend: direct}\n"
                    "- {name: late, match: {domains: [x.test]}, backend: direct}\n")
    done = subprocess.run([stage / "bin/proxyctl", "config", "validate", file], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0 and "never reached" in done.stdout + done.stderr

"""Whoever may not be here any more loses what runs, whichever method knew him: at once where an administrator says so, at the
latest when what is remembered of him has become old."""
import pytest
import socks

from harness import tcp_server, users
from harness.directory import PASSWORD, PEOPLE
from harness.methods import ldap, oauth
from harness.raw_client import RawHttp
from harness.system_user import PASSWORD as SYSTEM_PASSWORD
from harness.waiting import eventually

LONG = {"ttl": "1h"}


def tunnel(daemon, server, user, password):
    connection = users.socks5(daemon, user, password)
    connection.connect(("127.0.0.1", server.port))
    assert is_open(connection)
    return connection


def is_open(connection):
    try:
        connection.sendall(b"still")
        return connection.recv(100) == b"still"
    except OSError:
        return False


def bearer_tunnel(daemon, server, token):
    client = RawHttp(daemon.http_port)
    assert client.connect(f"127.0.0.1:{server.port}", users.bearer(token)).status == 200
    return client


def assert_ends(connection, within=5):
    connection.settimeout(within)
    eventually(lambda: not is_open(connection), "the connection ends", within)


def test_a_user_of_the_directory_when_the_proxy_is_told(start, serve, own_directory, authority):
    """What a directory's own tools can call after they removed somebody; without it, see test_auth_worker.py."""
    daemon = start(users.auth("ldap", cache=LONG, ldap=ldap(own_directory.tls_url(), authority)))
    server = serve(tcp_server.echo)
    with tunnel(daemon, server, "alice", PASSWORD) as hers, tunnel(daemon, server, "bob", PASSWORD) as his:
        assert daemon.ctl("auth", "flush").exit == 0
        assert is_open(hers) and is_open(his), "who is still there stays"
        own_directory.delete(f"uid=alice,{PEOPLE}")
        assert is_open(hers), "a directory tells nobody"
        assert daemon.ctl("auth", "flush").exit == 0
        assert_ends(hers)
        assert is_open(his)
        with pytest.raises(socks.ProxyError):
            tunnel(daemon, server, "alice", PASSWORD)
    assert "auth_flush" in kinds(daemon)


def test_a_user_of_the_system(start, serve, system_user, service):
    daemon = start(users.auth("system", cache=LONG, system={"service": service}))
    server = serve(tcp_server.echo)
    with tunnel(daemon, server, system_user.name, SYSTEM_PASSWORD) as connection:
        system_user.age("-E", "0")
        assert is_open(connection)
        assert daemon.ctl("auth", "flush").exit == 0
        assert_ends(connection, 5)
        with pytest.raises(socks.ProxyError):
            tunnel(daemon, server, system_user.name, SYSTEM_PASSWORD)


def test_a_user_of_the_system_by_and_by(start, serve, system_user, service):
    daemon = start(users.auth("system", cache={"ttl": "1s"}, system={"service": service}))
    with tunnel(daemon, serve(tcp_server.echo), system_user.name, SYSTEM_PASSWORD) as connection:
        system_user.age("-E", "0")
        assert_ends(connection, 15)


def test_a_token_that_its_provider_revoked(start, serve, provider, authority):
    """A provider cannot be asked about a user, only about a token, and that is not kept: the connections are ended by name."""
    asked = f"{provider.issuer}/token/introspection"
    daemon = start({**users.auth("oauth", cache=LONG, oauth=oauth(provider, authority, introspection_url=asked)), "workers": {"acceptors": 1}})
    server = serve(tcp_server.echo)
    hers, his = (provider.token(user, format="opaque") for user in ("alice", "bob"))
    with bearer_tunnel(daemon, server, hers) as first, bearer_tunnel(daemon, server, his) as other:
        provider.revoke(hers)
        with RawHttp(daemon.http_port) as again:
            assert again.connect(f"127.0.0.1:{server.port}", users.bearer(hers)).status == 200, "it is remembered"
        assert daemon.ctl("user", "logout", "alice").exit == 0
        assert_ends(first.sock)
        assert is_open(other.sock)
        with RawHttp(daemon.http_port) as again:
            assert again.connect(f"127.0.0.1:{server.port}", users.bearer(hers)).status == 407, "nor is it remembered any more"
    assert "user_logout" in kinds(daemon)


def test_a_user_who_is_logged_out_may_come_back(start, serve):
    daemon = start(users.auth(cache=LONG))
    users.add(daemon, "alice")
    server = serve(tcp_server.echo)
    with tunnel(daemon, server, "alice", "secret-of-alice") as connection:
        assert daemon.ctl("user", "logout", "alice").exit == 0
        assert_ends(connection)
    tunnel(daemon, server, "alice", "secret-of-alice").close()
    assert daemon.ctl("user", "logout", "a\x07b").exit == 1


def test_a_method_that_a_reload_takes_away(start, serve, own_directory, authority):
    daemon = start(users.auth(["native", "ldap"], cache=LONG, ldap=ldap(own_directory.tls_url(), authority)))
    users.add(daemon, "nadia")
    server = serve(tcp_server.echo)
    with tunnel(daemon, server, "alice", PASSWORD) as hers, tunnel(daemon, server, "nadia", "secret-of-nadia") as native:
        daemon.write({"server": {"auth": {"mode": ["native"]}}})
        assert daemon.reload().exit == 0
        assert_ends(hers, 10)
        assert is_open(native)


def kinds(daemon):
    return {row["kind"] for row in daemon.query("audit", "list")}

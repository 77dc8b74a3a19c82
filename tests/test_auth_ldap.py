"""auth.mode ldap against OpenLDAP's slapd: search and bind, TLS, nested groups, and what is tried to get in without a password."""
import json
import socket
import threading

import pytest

from harness import ports
from harness.auth_probe import AuthProbe
from harness.certificates import Certificates
from harness.directory import BASE, GROUPS, PASSWORD, PEOPLE, SERVICE, SERVICE_PASSWORD, Directory
from harness.waiting import eventually


@pytest.fixture(scope="module")
def directory(tmp_path_factory, certificates):
    server = Directory(tmp_path_factory.mktemp("slapd"), certificates)
    yield server
    server.close()


@pytest.fixture
def own_directory(tmp_path_factory, certificates):
    """own_directory(...) starts one for a test that stops it or changes it."""
    servers = []

    def start(**options):
        servers.append(Directory(tmp_path_factory.mktemp("slapd"), certificates, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def probe(stage, tmp_path):
    probes = []

    def start(server, **settings):
        ldap = {"server": server, "bind_dn": SERVICE, "bind_password": SERVICE_PASSWORD, "base_dn": BASE, "timeout": "5s", **settings}
        probes.append(AuthProbe(stage, tmp_path, {"mode": "ldap", "ldap": {k: v for k, v in ldap.items() if v is not None}}))
        return probes[-1]

    yield start
    for each in probes:
        each.close()
        said = json.dumps(each.diagnostics)
        assert SERVICE_PASSWORD not in said and PASSWORD not in said


@pytest.fixture(scope="module")
def tls(certificates):
    return {"ca_cert": str(certificates.ca)}


def accepted(verdict, user=None):
    assert verdict["outcome"] == "accepted", verdict
    assert user is None or verdict["user"] == user
    return verdict


# ---- who gets in ----

def test_login(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls)
    assert accepted(method.login("alice", PASSWORD), "alice")["groups"] == ["developers"]
    assert method.login("alice", "wrong")["reason"] == "wrong_password"
    assert method.login("nobody", PASSWORD)["reason"] == "unknown_user"
    assert method.login("nobody", PASSWORD)["outcome"] == "unknown"
    assert method.token("some-token")["reason"] == "other_kind_of_credential"


def test_one_person_has_one_name(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls)
    for typed in ("alice", "ALICE", "Alice", " alice", "alice "):
        accepted(method.login(typed, PASSWORD), "alice")
    assert {accepted(method.login(typed, PASSWORD))["user"] for typed in ("dave", "aka-dave")} == {"aka-dave"}
    by_mail = probe(directory.tls_url(), tls=tls, user_filter="(&(objectClass=inetOrgPerson)(mail=%s))", name_attribute="uid")
    accepted(by_mail.login("alice@example.com", PASSWORD), "alice")
    assert by_mail.login("twins@example.com", PASSWORD)["reason"] == "ambiguous_user"


def test_names_with_characters_that_mean_something(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls, user_filter="(cn=%s)")
    verdict = accepted(method.login("Zoë (the) *", PASSWORD), "Zoë (the) *")
    assert verdict["groups"] == ["odd (group) *"]


def test_nested_groups(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls, nested_groups=True)
    assert accepted(method.login("alice", PASSWORD))["groups"] == ["developers", "engineering", "proxy-users"]
    assert accepted(method.login("bob", PASSWORD))["groups"] == ["ring-a", "ring-b"]


def test_groups_by_name_of_the_user(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls, group_filter="(&(objectClass=posixGroup)(memberUid=%u))", group_base_dn=GROUPS)
    assert accepted(method.login("ALICE", PASSWORD))["groups"] == ["unix"]
    assert accepted(method.login("bob", PASSWORD))["groups"] == []


@pytest.mark.parametrize("allowed", [f"cn=proxy-users,{GROUPS}", f"CN=Proxy-Users, OU=Groups, {BASE.upper()}", "proxy-users"])
def test_allowed_groups(probe, directory, tls, allowed):
    nested = probe(directory.tls_url(), tls=tls, nested_groups=True, allowed_groups=["some-group", allowed])
    accepted(nested.login("alice", PASSWORD), "alice")
    accepted(nested.login("carol", PASSWORD), "carol")
    assert nested.login("bob", PASSWORD)["reason"] == "not_in_allowed_groups"
    assert nested.login("alice", "wrong")["reason"] == "wrong_password"
    flat = probe(directory.tls_url(), tls=tls, allowed_groups=[allowed])
    assert flat.login("alice", PASSWORD)["reason"] == "not_in_allowed_groups"


def test_look_up(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls)
    assert accepted(method.look_up("Alice"), "alice")["groups"] == ["developers"]
    assert method.look_up("nobody")["reason"] == "unknown_user"


def test_accounts_that_may_not_log_in(probe, own_directory, tls):
    directory = own_directory()
    method = probe(directory.tls_url(), tls=tls)
    directory.modify(f"uid=locked,{PEOPLE}", "replace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z")
    assert method.login("locked", PASSWORD)["outcome"] == "refused"
    assert method.look_up("locked")["reason"] == "account_disabled"
    directory.modify(f"uid=reset,{PEOPLE}", "replace: pwdReset\npwdReset: TRUE")
    assert method.login("reset", PASSWORD)["reason"] == "password_expired"
    for _ in range(4):
        method.login("guessed", "wrong")
    assert method.login("guessed", PASSWORD)["outcome"] == "refused"


def test_anonymous_search(probe, own_directory, tls):
    """Without a bind_dn; this directory lets nobody search anonymously."""
    method = probe(own_directory().tls_url(), tls=tls, bind_dn=None, bind_password=None)
    assert method.login("alice", PASSWORD)["outcome"] in ("unknown", "unavailable")


# ---- what is tried ----

INJECTIONS = ["*", "alice*", "alice)(uid=*", "*)(uid=*))(|(uid=*", "alice)(|(uid=alice", "a*)(objectClass=*", "\\2a", "alice\\00",
              "(uid=alice)", "alice)(&", "uid=alice," + PEOPLE, "&", "|(uid=alice)", "al\\69ce", "😀*", "alice)(userPassword=*"]


@pytest.mark.parametrize("typed", INJECTIONS)
def test_injection_finds_nobody(probe, directory, tls, typed):
    verdict = probe(directory.tls_url(), tls=tls).login(typed, PASSWORD)
    assert verdict["reason"] == "unknown_user", verdict


def test_binary_names_reach_no_directory(probe, directory, tls):
    method = probe(directory.tls_url(), tls=tls)
    for typed in ("alice\0", "\0", "al\nice", "alice\x7f", "a" * 256):
        assert method.login(typed, PASSWORD)["reason"] == "malformed_credential"
    assert method.login("alice", PASSWORD + "\0")["reason"] == "malformed_credential"
    assert method.login("alice", "x" * 1025)["reason"] == "other_kind_of_credential"


def test_no_password_is_no_login(probe, own_directory, tls):
    """This directory "accepts" a bind without a password (RFC 4513 5.1.2): it must not be asked."""
    directory = own_directory(allow="bind_v2 bind_anon_cred bind_anon_dn")
    method = probe(directory.tls_url(), tls=tls)
    accepted(method.login("alice", PASSWORD))
    assert method.login("alice", "")["outcome"] == "refused"
    assert not directory.said('BIND dn="" method=128')
    assert len(directory.said(f'BIND dn="uid=alice,{PEOPLE}" method=128')) == 1


def test_a_bind_as_one_user_does_not_stay(probe, directory, tls):
    """Searching goes on as the service after somebody's bind: alice may not read the directory."""
    method = probe(directory.tls_url(), tls=tls, max_connections=1)
    for _ in range(3):
        accepted(method.login("alice", PASSWORD))
        accepted(method.login("bob", PASSWORD))
        assert method.login("bob", "wrong")["reason"] == "wrong_password"


# ---- TLS ----

def test_start_tls(probe, directory, tls):
    accepted(probe(directory.url(), tls={**tls, "start_tls": True}).login("alice", PASSWORD))
    assert directory.said("STARTTLS") or directory.said("TLS established")


def test_start_tls_that_is_refused_is_no_reason_to_go_on(probe, own_directory, tls):
    plain = own_directory(tls=False)
    method = probe(plain.url(), tls={**tls, "start_tls": True})
    assert method.login("alice", PASSWORD)["outcome"] == "unavailable"
    assert not plain.said("method=128")


def test_certificates_are_checked(probe, directory, tls, tmp_path_factory):
    other = Certificates(tmp_path_factory.mktemp("other-ca"))
    for settings in ({"ca_cert": str(other.ca)}, {}):
        assert probe(directory.tls_url(), tls=settings).login("alice", PASSWORD)["reason"] == "server_unreachable"
        start_tls = probe(directory.url(), tls={**settings, "start_tls": True})
        assert start_tls.login("alice", PASSWORD)["reason"] == "server_unreachable"
    # The certificate is for 127.0.0.1 and localhost, not for 127.0.0.2.
    relay = Relay(directory.tls_port, "127.0.0.2")
    try:
        method = probe(f"ldaps://127.0.0.2:{relay.port}", tls=tls)
        assert method.login("alice", PASSWORD)["reason"] == "server_unreachable"
        accepted(probe(f"ldaps://127.0.0.2:{relay.port}", tls={**tls, "skip_verify": True}).login("alice", PASSWORD))
    finally:
        relay.close()


def test_environment_changes_nothing(stage, tmp_path, directory):
    """LDAPTLS_REQCERT and an ldaprc are for the user's tools."""
    env = {"PATH": "/usr/bin", "LDAPTLS_REQCERT": "never", "LDAPRC": "ldaprc", "HOME": str(tmp_path)}
    (tmp_path / "ldaprc").write_text("TLS_REQCERT never\n")
    method = AuthProbe(stage, tmp_path, {"mode": "ldap", "ldap": {"server": directory.tls_url(), "base_dn": BASE}}, env=env)
    try:
        assert method.login("alice", PASSWORD)["reason"] == "server_unreachable"
    finally:
        method.close()


# ---- servers that fail ----

class Relay:
    """Accepts on an address and passes on to a local port; or says nothing at all."""

    def __init__(self, port=None, host="127.0.0.1"):
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.target = port
        self.connections = []
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.open:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(client)
            if self.target:
                server = socket.create_connection(("127.0.0.1", self.target))
                self.connections.append(server)
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, sink):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.open = False
        self.socket.close()
        for each in self.connections:
            each.close()


@pytest.mark.parametrize("kind", ["clear", "StartTLS", "ldaps"])
def test_a_server_that_says_nothing(probe, tls, kind):
    silent = Relay()
    try:
        scheme = "ldaps" if kind == "ldaps" else "ldap"
        method = probe(f"{scheme}://127.0.0.1:{silent.port}", timeout="1s", tls={**tls, "start_tls": kind == "StartTLS"})
        verdict = method.login("alice", PASSWORD)
        assert verdict["outcome"] == "unavailable" and verdict["seconds"] < 6, verdict
        late = method.login("alice", PASSWORD, timeout=0.2)
        assert late["outcome"] == "unavailable" and late["seconds"] < 4, late
    finally:
        silent.close()


def test_a_server_that_stops_in_the_middle(probe, directory, tls):
    relay = Relay(directory.tls_port)
    try:
        method = probe(f"ldaps://127.0.0.1:{relay.port}", timeout="1s", tls=tls)
        accepted(method.login("alice", PASSWORD))
        relay.target = None
        for each in relay.connections[1::2]:
            each.shutdown(socket.SHUT_RD)  # what the directory says comes no further
        verdict = method.login("alice", PASSWORD)
        assert verdict["outcome"] == "unavailable" and verdict["seconds"] < 8, verdict
    finally:
        relay.close()


def test_several_servers(probe, own_directory, tls):
    first, second = own_directory(), own_directory()
    nobody = f"ldaps://127.0.0.1:{ports.closed()}"
    method = probe([nobody, first.tls_url(), second.tls_url()], tls=tls)
    accepted(method.login("alice", PASSWORD))
    assert first.said("SRCH") and not second.said("SRCH")
    first.stop()
    accepted(method.login("alice", PASSWORD))
    assert second.said("SRCH")
    second.stop()
    assert method.login("alice", PASSWORD)["reason"] == "server_unreachable"
    assert any("server_unreachable" not in line and "ldaps://" in line for line in method.diagnostics)


def test_reconnects(probe, own_directory, tls):
    directory = own_directory()
    method = probe(directory.tls_url(), tls=tls)
    accepted(method.login("alice", PASSWORD))
    directory.stop()
    assert method.login("alice", PASSWORD)["outcome"] == "unavailable"
    directory.start()
    accepted(method.login("alice", PASSWORD))
    directory.stop()
    directory.start()
    # The kept connections are dead, which nobody has noticed yet.
    accepted(method.login("alice", PASSWORD))


def test_the_pool_is_bounded_and_reused(probe, own_directory, tls):
    directory = own_directory()
    method = probe(directory.tls_url(), tls=tls, max_connections=2)
    for _ in range(2):
        verdicts = method.several_at_once([{"user": "alice", "password": PASSWORD}] * 20)
        assert all(verdict["outcome"] == "accepted" for verdict in verdicts)
    # Two to search, two to bind.
    opened = [line for line in directory.said(" ACCEPT from ") if f"127.0.0.1:{directory.tls_port})" in line]
    assert 2 <= len(opened) <= 4, opened


# ---- what the operator got wrong ----

def test_wrong_settings_are_not_the_users_fault(probe, directory, tls):
    wrong_password = probe(directory.tls_url(), tls=tls, bind_password="no-such-password-x")
    assert wrong_password.login("alice", PASSWORD)["reason"] == "misconfigured"
    eventually(lambda: any("bind_dn cannot log in" in line for line in wrong_password.diagnostics), "the reason is logged")
    assert "no-such-password-x" not in json.dumps(wrong_password.diagnostics)
    assert probe(directory.tls_url(), tls=tls, base_dn="dc=nowhere").login("alice", PASSWORD)["reason"] == "misconfigured"
    unreadable = probe(directory.tls_url(), tls={"ca_cert": "/nowhere/ca.pem"})
    assert unreadable.login("alice", PASSWORD)["outcome"] == "unavailable"

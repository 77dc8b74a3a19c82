"""Each method of authentication through the whole: client, acceptor, auth worker in its sandbox, and a real server behind it."""
import os
import signal

import pytest
import socks

from harness import users
from harness.curl import curl
from harness.directory import PASSWORD, PEOPLE, SERVICE_PASSWORD, Directory
from harness.memory import found_in_memory
from harness.methods import ldap, oauth
from harness.openid_provider import CLIENT_SECRET
from harness.system_user import PASSWORD as SYSTEM_PASSWORD
from harness.waiting import eventually


def get(daemon, origin, user, password, path="", host="127.0.0.1"):
    return curl("-x", daemon.http, "-U", f"{user}:{password}", origin.url("/hello" + path, host=host)).status


def bearer(daemon, origin, token, path=""):
    return curl("-x", daemon.http, "--proxy-header", users.bearer(token), origin.url("/hello" + path)).status


def test_users_of_the_directory(start, origin, directory, authority):
    daemon = start({"server": {"auth": {
        "mode": "ldap", "lockout": {"enabled": False}, "ldap": ldap(directory.tls_url(), authority),
        "native": {"acl": [{"group": "proxy-users", "backends": ["*"]}]}}}})
    assert get(daemon, origin, "alice", PASSWORD, "/alice") == 200  # in proxy-users by way of two other groups
    assert daemon.await_access(path="/hello/alice")["username"] == "alice"
    assert get(daemon, origin, "bob", PASSWORD, "/bob") == 403
    assert daemon.await_access(path="/hello/bob")["refusal"] == "backend_denied"
    for user, password in (("alice", "guess"), ("nobody", PASSWORD), ("*", PASSWORD), ("alice)(uid=*", PASSWORD), ("alice", "")):
        assert get(daemon, origin, user, password) == 407, user
    with users.socks5(daemon, "carol", PASSWORD) as connection:
        connection.connect(("127.0.0.1", origin.port))
    tested = daemon.query("auth", "test", "--user", "alice")
    assert tested["methods"][0]["method"] == "ldap" and "proxy-users" in tested["methods"][0]["groups"]
    assert daemon.ctl("auth", "test", "--user", "nobody").exit == 1
    assert daemon.workers("auth")[0]["restarts"] == 0


def test_another_spelling_is_the_same_person(start, origin, tmp_path_factory, certificates, authority):
    """The directory does not mind upper case: guesses are counted, and bans hold, by the name that it knows."""
    own = Directory(tmp_path_factory.mktemp("slapd"), certificates)  # which locks accounts, too
    try:
        daemon = start({"server": {"auth": {
            "mode": ["native", "ldap"], "ldap": ldap(own.tls_url(), authority),
            "cache": {"failure_ttl": "0s"}, "lockout": {"enabled": True, "free_attempts": 2, "ban_after": 2}}}})
        assert [get(daemon, origin, name, "guess") for name in ("Alice", "alIce")] == [407] * 2
        for name in ("alice", "ALICE", "alicE"):
            assert get(daemon, origin, name, PASSWORD) == 429, name
        assert [row["subject"] for row in daemon.query("user", "lockouts") if row["banned"]] == ["alice"]
        assert get(daemon, origin, "BOB", PASSWORD, "/bob") == 200
        assert daemon.await_access(path="/hello/bob")["username"] == "bob"
    finally:
        own.close()


def test_another_spelling_is_not_another_user(start, origin, directory, authority):
    """Who is asked first has the word about the person, however the name is written."""
    daemon = start({"server": {"auth": {
        "mode": ["native", "ldap"], "lockout": {"enabled": False}, "ldap": ldap(directory.tls_url(), authority)}}})
    users.add(daemon, "alice")
    for name in ("alice", "ALICE"):
        assert get(daemon, origin, name, PASSWORD) == 407, "native knows her by another password"
    assert get(daemon, origin, "alice", "secret-of-alice") == 200
    assert daemon.ctl("user", "disable", "alice").exit == 0
    for name in ("alice", "ALICE"):
        assert get(daemon, origin, name, PASSWORD) == 407, "and knows that she is disabled"
    answered = daemon.ctl("auth", "test", "--user", "ALICE", "--password", input=PASSWORD + "\n", as_json=True)
    assert answered.exit != 0, answered


def test_users_of_the_directory_by_start_tls(start, origin, directory, authority):
    tls = {"ca_cert": authority, "start_tls": True}
    daemon = start({"server": {"auth": {"mode": "ldap", "ldap": ldap(directory.url(), authority, tls=tls)}}})
    assert get(daemon, origin, "alice", PASSWORD) == 200
    assert daemon.workers("auth")[0]["restarts"] == 0


def test_who_is_gone_from_the_directory_is_gone_from_the_proxy(start, serve, tmp_path_factory, certificates, authority):
    """Noticed without a reload, when what is known of the user has become old."""
    from harness import tcp_server
    own, server = Directory(tmp_path_factory.mktemp("slapd"), certificates), serve(tcp_server.echo)
    try:
        daemon = start({"server": {"auth": {"mode": "ldap", "cache": {"ttl": "2s"}, "ldap": ldap(own.tls_url(), authority)}}})
        with users.socks5(daemon, "alice", PASSWORD) as hers, users.socks5(daemon, "bob", PASSWORD) as his:
            for each in (hers, his):
                each.connect(("127.0.0.1", server.port))
            own.delete(f"uid=alice,{PEOPLE}")
            hers.settimeout(20)
            assert hers.recv(1) == b""
            his.sendall(b"still here")
            assert his.recv(100) == b"still here"
    finally:
        own.close()


def test_users_of_the_system(start, origin, system_user, service):
    daemon = start({"server": {"auth": {"mode": "system", "lockout": {"enabled": False}, "system": {"service": service}}}})
    assert get(daemon, origin, system_user.name, SYSTEM_PASSWORD, "/known") == 200
    assert daemon.await_access(path="/hello/known")["username"] == system_user.name
    assert get(daemon, origin, system_user.name, "guess") == 407
    assert get(daemon, origin, "nobody-at-all", SYSTEM_PASSWORD) == 407
    with users.socks5(daemon, system_user.name, SYSTEM_PASSWORD) as connection:
        connection.connect(("127.0.0.1", origin.port))
    assert system_user.group in daemon.query("auth", "test", "--user", system_user.name)["methods"][0]["groups"]
    auth = daemon.worker_pids("auth")[0]
    os.kill(auth, signal.SIGKILL)  # its broker ends with it, and there is another
    eventually(lambda: daemon.worker_pids("auth") not in ([], [auth]), "there is another auth worker", 20)
    eventually(lambda: daemon.ctl("user", "list").exit == 0, "it answers", 20)
    assert get(daemon, origin, system_user.name, SYSTEM_PASSWORD, "/again") == 200


def test_tokens_of_a_provider(start, origin, provider, authority):
    daemon = start({"server": {"auth": {
        "mode": "oauth", "lockout": {"enabled": False}, "oauth": oauth(provider, authority, allowed_groups=["proxy-users"])}}})
    token = provider.token("alice", format="jwt")
    assert bearer(daemon, origin, token, "/jwt") == 200
    assert daemon.await_access(path="/hello/jwt")["username"] == "alice"
    assert bearer(daemon, origin, provider.token("bob", format="jwt")) == 407
    with users.socks5(daemon, "alice", token[:250]) as connection, pytest.raises(socks.ProxyError):
        connection.connect(("127.0.0.1", origin.port))
    provider.rotate()
    # Keys are not fetched more often than each ten seconds.
    eventually(lambda: bearer(daemon, origin, provider.token("alice", format="jwt"), "/rotated") == 200, "the new keys are known", 25,
               every=0.5)
    head, body, signature = token.split(".")
    for attack in (f"{head}.{body}.", f"{head}.{body}.{signature[:-4]}AAAA", "eyJhbGciOiJub25lIn0." + body + ".", "x" * 8000, "a.b.c"):
        assert bearer(daemon, origin, attack) == 407, attack
    said = "\n".join(daemon.lines) + daemon.access_log.read_text()
    assert token not in said and signature not in said and CLIENT_SECRET not in said
    assert daemon.workers("auth")[0]["restarts"] == 0


def test_opaque_tokens_are_asked_about(start, origin, provider, authority):
    daemon = start({"server": {"auth": {"mode": "oauth", "cache": {"ttl": "0s", "failure_ttl": "0s"}, "lockout": {"enabled": False},
                                        "oauth": oauth(provider, authority,
                                                       introspection_url=f"{provider.issuer}/token/introspection")}}})
    token = provider.token("alice", format="opaque")
    assert bearer(daemon, origin, token) == 200
    with users.socks5(daemon, "bearer", token) as connection:  # a token as password
        connection.connect(("127.0.0.1", origin.port))
    provider.revoke(token)
    assert bearer(daemon, origin, token) == 407


def test_one_after_the_other(start, origin, provider, authority, system_user, service, tmp_path_factory, certificates):
    """All four; what one does not know, the next is asked, and one that is away says nothing about the others' users."""
    own = Directory(tmp_path_factory.mktemp("slapd"), certificates)
    try:
        daemon = start({"server": {"auth": {
            "mode": ["native", "ldap", "system", "oauth"], "lockout": {"enabled": False}, "cache": {"ttl": "0s", "failure_ttl": "0s"},
            "ldap": ldap(own.tls_url(), authority), "oauth": oauth(provider, authority), "system": {"service": service}}}})
        users.add(daemon, "nadia")
        who = [("nadia", "secret-of-nadia", "native"), ("alice", PASSWORD, "ldap"), (system_user.name, SYSTEM_PASSWORD, "system")]
        for user, password, method in who:
            assert get(daemon, origin, user, password, f"/{user}") == 200, method
            assert daemon.await_access(path=f"/hello/{user}")["username"] == user
        token = provider.token("bob", format="jwt")
        assert bearer(daemon, origin, token, "/bob") == 200
        answered = daemon.ctl("auth", "test", "--user", "alice", "--password", input=PASSWORD + "\n", as_json=True).json()["methods"]
        assert [(row["method"], row["outcome"]) for row in answered] == [("native", "unknown"), ("ldap", "accepted")]
        own.stop()
        assert get(daemon, origin, "nadia", "secret-of-nadia") == 200
        assert get(daemon, origin, system_user.name, SYSTEM_PASSWORD) == 200
        assert bearer(daemon, origin, token) == 200
        assert get(daemon, origin, "alice", PASSWORD, "/away") == 503
        assert daemon.await_access(path="/hello/away")["refusal"] == "authentication_unavailable"
        own.start()
        eventually(lambda: get(daemon, origin, "alice", PASSWORD) == 200, "the directory is asked again", 20)
    finally:
        own.close()


def test_secrets_of_methods_are_with_auth_alone(start, origin, directory, provider, authority):
    daemon = start({"server": {"auth": {
        "mode": ["ldap", "oauth"], "ldap": ldap(directory.tls_url(), authority), "oauth": oauth(provider, authority)}}})
    assert get(daemon, origin, "alice", PASSWORD) == 200
    assert bearer(daemon, origin, provider.token("bob", format="jwt")) == 200
    daemon.write()
    assert daemon.reload().exit == 0
    wanted = [SERVICE_PASSWORD.encode(), CLIENT_SECRET.encode(), PASSWORD.encode()]
    auth = daemon.worker_pids("auth")
    assert SERVICE_PASSWORD.encode() in found_in_memory(auth[0], wanted)  # the search can find
    for pid in daemon.pids():
        if pid not in auth:
            assert not found_in_memory(pid, wanted), open(f"/proc/{pid}/cmdline").read()[:80]

"""The users' store in PostgreSQL, and secrets that are sealed in the configuration."""
import os

import pytest

from harness import users
from harness.curl import curl
from harness.postgres import Postgres
from harness.waiting import eventually


@pytest.fixture
def database():
    server = Postgres()
    yield server
    server.close()


def get(daemon, origin, user):
    return curl("-x", daemon.http, "-U", f"{user}:secret-of-{user}", origin.url()).status


def test_users_in_postgresql(start, origin, database):
    native = {"users": [{"username": "fixed", "password_hash": users.hash_of("of-config")}]}
    daemon = start(users.auth(store=database.url(), cache={"ttl": "0s", "failure_ttl": "0s"}, timeout="3s", native=native))
    users.add(daemon, "alice", groups=["work"])
    assert get(daemon, origin, "alice") == 200 and get(daemon, origin, "bob") == 407
    assert database.query("SELECT name, enabled FROM users") == ["alice|1"]
    eventually(lambda: daemon.query("user", "usage", "alice"), "it is counted", 15)
    eventually(lambda: "login" in [row["kind"] for row in daemon.query("audit", "list")], "it is noted")
    assert daemon.query("audit", "verify")["ok"]
    refused = daemon.ctl("store", "backup", "/tmp/never")
    assert refused.exit == 1 and "pg_dump" in refused.err and not os.path.exists("/tmp/never")
    # Away: users of the configuration are served; others are told that it cannot be found out.
    database.stop()
    assert get(daemon, origin, "alice") == 503
    assert curl("-x", daemon.http, "-U", "fixed:of-config", origin.url()).status == 200
    assert daemon.ctl("user", "add", "carol", input="x\n").exit == 1
    database.start()
    eventually(lambda: get(daemon, origin, "alice") == 200, "it is back", 20)
    daemon.restart()
    assert get(daemon, origin, "alice") == 200
    assert daemon.workers("auth")[0]["restarts"] == 0


def test_two_servers_share_a_database(start, origin, database):
    one, other = (start(users.auth(store=database.url(), cache={"ttl": "1h", "failure_ttl": "1h"})) for _ in range(2))
    users.add(one, "alice")
    assert get(other, origin, "alice") == 200
    assert one.ctl("user", "disable", "alice").exit == 0
    eventually(lambda: get(other, origin, "alice") == 407, "the other server notices", 10)


def test_sealed_secrets(start, tmp_path, stage):
    daemon, hashed = start(users.auth()), users.hash_of("of-config")
    key = daemon.directory / "secret.key"
    assert daemon.ctl("secret", "key", key).exit == 0
    assert key.stat().st_mode & 0o777 == 0o600
    sealed = daemon.ctl("secret", "seal", "--key-file", key, input=hashed + "\n")
    assert sealed.exit == 0 and sealed.out.startswith("enc:") and hashed not in sealed.out
    value = sealed.out.strip()
    daemon.write({"server": {"auth": {"native": {"users": [{"username": "fixed", "password_hash": value}]}}}})
    assert daemon.reload().exit == 0
    assert daemon.ctl("auth", "test", "--user", "fixed", "--password", input="of-config\n").exit == 0
    # Another key, or a value that was changed, opens nothing; what it was is not said.
    broken = value[:-6] + ("AAAAAA" if value[-6:] != "AAAAAA" else "BBBBBB")
    daemon.write({"server": {"auth": {"native": {"users": [{"username": "fixed", "password_hash": broken}]}}}})
    refused = daemon.reload()
    assert refused.exit == 1 and "password_hash" in refused.out + refused.err
    assert daemon.ctl("auth", "test", "--user", "fixed", "--password", input="of-config\n").exit == 0

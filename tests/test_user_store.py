"""The users' store in PostgreSQL, and secrets that are sealed in the configuration."""
import os
import signal
import subprocess
import time

import pytest

from harness import users
from harness.certificates import Certificates
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


def verified(host="127.0.0.1", **settings):
    return {"host": host, "sslmode": "verify-full", **settings}


@pytest.fixture
def encrypted(certificates):
    server = Postgres(certificates)
    yield server
    server.close()


def test_postgresql_over_tls(start, origin, encrypted, authority):
    settings = verified(sslrootcert=authority)
    daemon = start(users.auth(store=encrypted.url(**settings), cache={"ttl": "0s", "failure_ttl": "0s"}, timeout="3s"))
    users.add(daemon, "alice")
    assert get(daemon, origin, "alice") == 200
    mine = "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bulkhead'"
    assert encrypted.query(f"SELECT ssl {mine}") == ["t"]
    for _ in range(2):  # as after a crash of the server
        encrypted.stop()
        assert get(daemon, origin, "alice") == 503
        encrypted.start()
        eventually(lambda: get(daemon, origin, "alice") == 200, "it is back", 20)
    assert encrypted.query(f"SELECT bool_and(ssl) {mine}") == ["t"]
    assert daemon.workers("auth")[0]["restarts"] == 0


@pytest.mark.parametrize("wrong, said", [("authority", "certificate verify failed"), ("name", "does not match host name")])
def test_postgresql_whose_certificate_is_wrong_gets_no_word(start, origin, encrypted, authority, certificates, tmp_path_factory, wrong, said):
    settings = verified(sslrootcert=authority)
    if wrong == "authority":
        other = Certificates(tmp_path_factory.mktemp("other-ca"))
        with open(authority, "w", encoding="ascii") as file:
            file.write(other.ca.read_text())
    else:
        settings["host"] = "127.0.0.2"
    native = {"users": [{"username": "fixed", "password_hash": users.hash_of("of-config")}]}
    daemon = start(users.auth(store=encrypted.url(**settings), timeout="3s", native=native))
    assert curl("-x", daemon.http, "-U", "fixed:of-config", origin.url()).status == 200
    refused = daemon.ctl("user", "add", "alice", input="x\n")
    assert refused.exit == 1 and said in refused.err, refused
    assert encrypted.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bulkhead'") == ["0"]
    assert encrypted.query("SELECT to_regclass('users') IS NULL") == ["t"]


def test_usage_in_postgresql_survives(start, origin, database):
    """Workers that are killed, a server that goes away in the middle, and an upgrade: what was carried is counted, once."""
    daemon = start({**users.auth(store=database.url(), timeout="3s"), "workers": {"acceptors": 1}})
    users.add(daemon, "alice")

    def fetch():
        assert curl("-x", daemon.http, "-U", "alice:secret-of-alice", origin.url("/bytes/1000000")).status == 200

    def used():
        return sum(row["bytes_down"] for row in daemon.query("user", "usage", "alice"))

    fetch()
    eventually(lambda: used() > 1_000_000, "it is counted", 15)
    auth = daemon.worker_pids("auth")
    os.kill(auth[0], signal.SIGKILL)
    eventually(lambda: daemon.worker_pids("auth") not in ([], auth), "there is another auth worker", 20)
    fetch()  # what was known may have been forgotten since she was added
    eventually(lambda: used() > 2_000_000, "it is there", 20)
    database.stop()
    fetch()  # whoever is known is served on
    time.sleep(2.5)  # it was reported, and could not be stored
    database.start()
    eventually(lambda: used() > 3_000_000, "it is counted when the database is back", 30)
    assert daemon.ctl("upgrade", deadline=60).exit == 0
    fetch()
    eventually(lambda: used() > 4_000_000, "and after an upgrade", 30)
    eventually(lambda: {worker["crew"] for worker in daemon.workers()} == {2}, "the old workers end", 30)
    assert used() < 4_100_000, "nothing is counted twice"


def test_a_self_check_leaves_postgresql_alone(prepare, database):
    daemon = prepare(users.auth(store=database.url()))
    command = [str(word) for word in daemon.command()] + ["--self-check"]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    assert database.query("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == ["0"]


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
    other = daemon.directory / "other.key"
    assert daemon.query("secret", "key", other) == {"ok": True, "message": f"a new key is in {other}: keep a copy, and keep it secret"}
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

"""auth.mode system: PAM's pam_unix and a user of this very system, made for the tests and removed afterwards."""
import pytest

from harness.auth_probe import AuthProbe
from harness.system_user import PASSWORD


@pytest.fixture
def services(tmp_path):
    folder = tmp_path / "pam.d"
    folder.mkdir()
    (folder / "bulkhead").write_text("auth required pam_unix.so\naccount required pam_unix.so\n")
    return folder


@pytest.fixture
def probe(stage, tmp_path, services):
    probes = []

    def start(**settings):
        probes.append(AuthProbe(stage, tmp_path, {"mode": "system", "system": settings}, services))
        return probes[-1]

    yield start
    for each in probes:
        each.close()


def test_password_and_groups(probe, system_user):
    method = probe()
    verdict = method.login(system_user.name, PASSWORD)
    assert verdict["outcome"] == "accepted", verdict
    assert verdict["user"] == system_user.name
    assert verdict["groups"] == sorted([system_user.group, "nogroup"])
    assert method.login(system_user.name, PASSWORD + "x")["reason"] == "wrong_password"
    assert method.login(system_user.name, "")["reason"] == "malformed_credential"
    assert method.login("bulkhead-nobody-at-all", PASSWORD)["outcome"] in ("unknown", "refused")
    assert method.token("abc")["reason"] == "other_kind_of_credential"


def test_allowed_groups(probe, system_user):
    assert probe(allowed_groups=[system_user.group]).login(system_user.name, PASSWORD)["outcome"] == "accepted"
    refused = probe(allowed_groups=["some-other-group"]).login(system_user.name, PASSWORD)
    assert refused["reason"] == "not_in_allowed_groups"


def test_accounts_that_may_not_log_in(probe, system_user):
    method = probe()
    system_user.change("--lock")
    assert method.login(system_user.name, PASSWORD)["outcome"] == "refused"
    system_user.change("--unlock")
    system_user.change("--expiredate", "2001-01-01")
    assert method.login(system_user.name, PASSWORD)["reason"] == "account_expired"
    assert method.look_up(system_user.name)["reason"] == "account_expired"
    system_user.change("--expiredate", "")
    assert method.look_up(system_user.name)["outcome"] == "accepted"
    system_user.age("--lastday", "0")
    assert method.login(system_user.name, PASSWORD)["reason"] == "password_expired"


def test_a_new_password_counts_at_once(probe, system_user):
    method = probe()
    system_user.set_password("another one")
    assert method.login(system_user.name, PASSWORD)["reason"] == "wrong_password"
    assert method.login(system_user.name, "another one")["outcome"] == "accepted"


def test_many_at_once(probe, system_user):
    method = probe(max_transactions=32)
    wanted = [PASSWORD if each % 2 else "wrong" for each in range(24)]
    verdicts = method.several_at_once([{"user": system_user.name, "password": each} for each in wanted])
    assert [verdict["outcome"] == "accepted" for verdict in verdicts] == [each == PASSWORD for each in wanted]


def test_packaged_service(stage, tmp_path, system_user):
    """packaging/pam/bulkhead as Debian installs it, root refused."""
    source = __file__.rsplit("/tests/", 1)[0] + "/packaging/pam/bulkhead"
    folder = tmp_path / "pam.d"
    folder.mkdir()
    for name, path in {"bulkhead": source, "common-auth": "/etc/pam.d/common-auth",
                       "common-account": "/etc/pam.d/common-account"}.items():
        (folder / name).write_text(open(path, encoding="utf-8").read())
    method = AuthProbe(stage, tmp_path, {"mode": "system"}, folder)
    try:
        assert method.login(system_user.name, PASSWORD)["outcome"] == "accepted"
        assert method.login(system_user.name, "wrong")["reason"] == "wrong_password"
        assert method.login("root", "whatever")["outcome"] != "accepted"
        assert method.look_up("root")["outcome"] != "accepted"
    finally:
        method.close()

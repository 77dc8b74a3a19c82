"""Fixtures: the staged tree, servers that stand behind the proxy, and the proxy itself.

`proxy` is one daemon a test file with the base configuration; `start` gives a test daemons of its own."""
import os
import pathlib
import re
import shutil
import signal
import tempfile

import pytest

from harness import file_server, parents
from harness.bulkhead import Bulkhead
from harness.certificates import Certificates
from harness.directory import Directory
from harness.name_server import NameServer
from harness.openid_provider import OpenidProvider
from harness.origin import Origin
from harness.service_manager import ServiceManager
from harness.system_user import SystemUser, pam_service
from harness.tcp_server import TcpServer

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("sbin/bulkhead", "bin/proxyctl", *(f"libexec/bulkhead/{role}" for role in ("acceptor", "egress", "vault", "auth")))


def pytest_configure(config):
    # Whoever ends the run early (a time limit) shall find none of the servers left.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


@pytest.fixture(scope="session")
def stage():
    path = pathlib.Path(os.environ.get("BULKHEAD_STAGE") or ROOT / "build/release/stage")
    path = path if path.is_absolute() else ROOT / path
    missing = [name for name in PROGRAMS if not os.access(path / name, os.X_OK)]
    if missing:
        pytest.fail(f"no staged tree in {path}: {', '.join(missing)} missing. Build it (make build) or point BULKHEAD_STAGE at one.",
                    pytrace=False)
    return path


def _closing(thing):
    yield thing
    thing.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def name_server(tmp_path_factory):
    yield from _closing(NameServer(tmp_path_factory.mktemp("dns")))


@pytest.fixture(scope="session")
def squid(tmp_path_factory):
    yield from _closing(parents.squid(tmp_path_factory.mktemp("squid")))


@pytest.fixture(scope="session")
def squid_with_login(tmp_path_factory):
    yield from _closing(parents.squid(tmp_path_factory.mktemp("squid-login"), authenticated=True))


@pytest.fixture(scope="session")
def dante(tmp_path_factory):
    yield from _closing(parents.dante(tmp_path_factory.mktemp("dante")))


@pytest.fixture(scope="session")
def socks_with_login(tmp_path_factory):
    yield from _closing(parents.microsocks(tmp_path_factory.mktemp("microsocks")))


@pytest.fixture(scope="session")
def tls_squid(tmp_path_factory, certificates, squid):
    yield from _closing(parents.tls_front(tmp_path_factory.mktemp("haproxy"), certificates, squid.port))


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    yield from _closing(file_server.nginx(tmp_path_factory.mktemp("nginx")))


@pytest.fixture
def origin():
    yield from _closing(Origin())


@pytest.fixture
def tls_origin(certificates):
    yield from _closing(Origin(certificates))


@pytest.fixture
def serve():
    """serve(handler, ...) starts a TCP server for the length of the test."""
    servers = []

    def begin(handler, **options):
        servers.append(TcpServer(handler, **options))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def _dispose(daemons):
    failures = []
    for daemon in daemons:
        try:
            daemon.dispose()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="module")
def proxy(stage, name_server):
    daemon = Bulkhead(stage, name_server=name_server.address)
    try:
        yield daemon.start()
    finally:
        _dispose([daemon])


@pytest.fixture
def prepare(request, stage, name_server):
    """prepare(changes, ...) makes a daemon that has not been started."""
    daemons = request.node.daemons = []

    def make(changes=None, **options):
        options.setdefault("name_server", name_server.address)
        daemons.append(Bulkhead(stage, changes, **options))
        return daemons[-1]

    yield make
    _dispose(daemons)


@pytest.fixture
def start(prepare):
    """start(changes, ...) starts a daemon for the length of the test."""
    return lambda changes=None, **options: prepare(changes, **options).start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the daemons it used had to say."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        used = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Bulkhead)]
        for daemon in [*used, *getattr(item, "daemons", ())]:
            if daemon.service is not None:
                report.sections.append((f"log of {daemon.service.name}", daemon.service.tail(60)))


def pytest_collection_modifyitems(items):
    # A test that is marked to be skipped would hide a missing package.
    for item in items:
        for mark in item.iter_markers():
            if re.fullmatch("skip|skipif|xfail", mark.name):
                raise pytest.UsageError(f"{item.nodeid}: tests are not skipped here; a missing package is a failure")


@pytest.fixture
def service_manager(tmp_path):
    yield from _closing(ServiceManager(tmp_path))


@pytest.fixture
def system_user():
    """A user of this very system, removed afterwards."""
    if os.geteuid() != 0:
        pytest.fail("these tests make a user of the system, so they must run as root (CI does)", pytrace=False)
    yield from _closing(SystemUser())


@pytest.fixture(scope="module")
def directory(tmp_path_factory, certificates):
    yield from _closing(Directory(tmp_path_factory.mktemp("slapd"), certificates))


@pytest.fixture
def own_directory(tmp_path_factory, certificates):
    """One that the test may change."""
    yield from _closing(Directory(tmp_path_factory.mktemp("slapd"), certificates))


@pytest.fixture(scope="module")
def provider(certificates):
    yield from _closing(OpenidProvider(certificates))


@pytest.fixture
def authority(certificates):
    """The CA where the auth worker's user can read it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-ca-"))
    folder.chmod(0o755)
    copy = folder / "ca.pem"
    shutil.copy(certificates.ca, copy)
    copy.chmod(0o644)
    yield str(copy)
    shutil.rmtree(folder)


@pytest.fixture
def service():
    with pam_service("auth required pam_unix.so\naccount required pam_unix.so\n") as name:
        yield name

"""A PostgreSQL server on a port of its own. It refuses to run as root, so then it is the user of its package."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from . import ports


def _programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("initdb is missing: apt-get install postgresql (packaging/install-deps.sh)", pytrace=False)
    return found[-1].parent


class Postgres:
    """certificates: it takes nothing but TLS, on two addresses of which its certificate names the first."""

    def __init__(self, certificates=None):
        self.certificates = certificates
        self.programs = _programs()
        self.port = ports.reserve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        self._run("initdb", "-D", self.directory / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "-N")
        if certificates:
            self._demand_tls()
        self.start()

    def _demand_tls(self):
        data = self.directory / "data"
        for source, name in ((self.certificates.certificate, "server.crt"), (self.certificates.key, "server.key")):
            shutil.copy(source, data / name)
            (data / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(data / name, "postgres")
        (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.0/8 trust\n")

    def _run(self, name, *words):
        command = [self.programs / name, *words]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with open(os.devnull, "wb") as nothing:  # what it starts keeps its output open
            subprocess.run(list(map(str, command)), check=True, cwd="/", stdout=nothing, stderr=nothing, timeout=240)

    def start(self):
        ports.release(self.port)
        tls = " -c ssl=on" if self.certificates else ""
        options = f"-c listen_addresses=127.0.0.1,127.0.0.2{tls} -c port={self.port} -c fsync=off -k {self.directory}"
        self._run("pg_ctl", "-w", "-D", self.directory / "data", "-l", self.directory / "data/server.log", "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", self.directory / "data", "stop")

    def url(self, host="127.0.0.1", **settings):
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        return f"postgresql://tester@{host}:{self.port}/postgres" + (f"?{query}" if query else "")

    def query(self, statement):
        """The lines of its answer."""
        done = subprocess.run([self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-At", "-c", statement,
                               "postgres"], check=True, capture_output=True, text=True, timeout=30, cwd="/")
        return done.stdout.splitlines()

    def close(self):
        if (self.directory / "data/postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.directory)

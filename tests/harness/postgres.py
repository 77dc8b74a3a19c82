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
    def __init__(self):
        self.programs = _programs()
        self.port = ports.reserve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        self._run("initdb", "-D", self.directory / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "-N")
        self.start()

    def _run(self, name, *words):
        command = [self.programs / name, *words]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with open(os.devnull, "wb") as nothing:  # what it starts keeps its output open
            subprocess.run(list(map(str, command)), check=True, cwd="/", stdout=nothing, stderr=nothing, timeout=240)

    def start(self):
        ports.release(self.port)
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off -k {self.directory}"
        self._run("pg_ctl", "-w", "-D", self.directory / "data", "-l", self.directory / "data/server.log", "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", self.directory / "data", "stop")

    def url(self, database="postgres"):
        return f"postgresql://tester@127.0.0.1:{self.port}/{database}"

    def query(self, statement):
        """The lines of its answer."""
        done = subprocess.run([self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-At", "-c", statement,
                               "postgres"], check=True, capture_output=True, text=True, timeout=30, cwd="/")
        return done.stdout.splitlines()

    def close(self):
        if (self.directory / "data/postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.directory)

"""The daemon under test: started from the staged tree with a configuration and directories of its own, asked through
proxyctl, and examined after its end."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psutil
import yaml

from . import configuration, logfmt, ports
from .process import Service
from .waiting import eventually

EXIT_CONFIGURATION = 78
STARTING = 20.0


class Ctl:
    def __init__(self, completed):
        self.exit, self.out, self.err = completed.returncode, completed.stdout, completed.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<proxyctl exit={self.exit} out={self.out[:2000]!r} err={self.err[:2000]!r}>"


class Bulkhead:
    """changes: merged over configuration.base(). text: a whole file instead."""

    def __init__(self, stage, changes=None, name_server=None, text=None, arguments=(), environment=None, config_file=True):
        self.stage = stage
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        self.directory.chmod(0o755)
        self.runtime, self.state = self.directory / "run", self.directory / "state"
        self.http_port, self.socks_port, self.mixed_port = (ports.reserve() for _ in range(3))
        self.access_log = self.directory / "access.log"
        self.file = self.directory / "config.yaml"
        self.config = configuration.merged(
            configuration.base(self.http_port, self.socks_port, self.mixed_port, self.access_log, name_server), changes or {})
        self.arguments, self.environment, self.with_file = list(arguments), environment or {}, config_file
        self.service = None
        self.former = []  # services whose supervisor was killed
        self._expected_exit = 0
        self.write(text=text)

    # Starting and stopping

    def write(self, changes=None, text=None):
        """Replaces the configuration file in one step."""
        if changes:
            self.config = configuration.merged(self.config, changes)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text if text is not None else yaml.safe_dump(self.config, sort_keys=False))
        fresh.rename(self.file)

    def command(self):
        file = ["--config", self.file] if self.with_file else []
        return [self.stage / "sbin/bulkhead", *file, "--runtime-dir", self.runtime, "--state-dir", self.state, *self.arguments]

    def launch(self, pass_fds=()):
        for port in (self.http_port, self.socks_port, self.mixed_port):
            ports.release(port)
        environment = {key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "LOG_LEVEL")}
        # AddressSanitizer keeps freed memory for a while; with its default of 256 MiB no test could see a leak by size.
        environment.setdefault("ASAN_OPTIONS", "quarantine_size_mb=2:malloc_context_size=8")
        self.service = Service(self.command(), "bulkhead", env={**environment, **self.environment}, pass_fds=pass_fds)
        return self

    def start(self):
        self.launch()
        self.service.wait_line(lambda line: logfmt.parse(line).get("msg") == "ready", STARTING)
        self.service.remember()
        return self

    def run_to_end(self, deadline=20.0):
        """For a start that must fail; returns the exit code."""
        self.launch()
        self._expected_exit = self.service.wait(deadline)
        return self._expected_exit

    def stop(self, number=signal.SIGTERM, deadline=20.0):
        """Ends it as an administrator does: exit 0, nothing left."""
        code = self.service.stop(number, deadline)
        assert code == 0, f"bulkhead ended with {code}:\n{self.service.tail()}"

    def lose_supervisor(self, and_also=()):
        """kill -9 of the supervisor alone; its workers live on. and_also: pids of workers whose end it does not live to see."""
        former, self.service = self.service, None
        former.remember()
        os.kill(former.pid, signal.SIGSTOP)
        for pid in and_also:
            os.kill(pid, signal.SIGKILL)
        os.kill(former.pid, signal.SIGKILL)
        former.process.wait(10)  # its output ends with its workers
        self.former.append(former)
        return former

    def restart(self):
        self.finish()
        self.start()

    def finish(self):
        """Stops it if it runs, and fails if it left processes or a sanitizer had something to say."""
        service, self.service = self.service, None
        former, self.former = self.former, []
        try:
            for each in former:
                eventually(lambda each=each: not each.leftovers(), f"no orphan is left: {each.leftovers()}", 15)
        finally:
            for each in former:
                each.kill()
        if service is None:
            return
        try:
            code = service.stop(signal.SIGTERM, 25)
            assert code == self._expected_exit, f"bulkhead ended with {code}:\n{service.tail(200)}"
            eventually(lambda: not service.leftovers(), f"no process is left of {service.name}: {service.leftovers()}", 5)
            reports = service.sanitizer_reports()
            assert not reports, "a sanitizer reported:\n" + service.tail(200)
        finally:
            service.kill()

    def dispose(self):
        try:
            self.finish()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    # The process log

    @property
    def lines(self):
        return self.service.err

    def log(self, **wanted):
        """The records of the process log that carry these values; msg and others are compared as they are."""
        records = [logfmt.parse(line) for line in list(self.lines)]
        return [record for record in records if record and all(record.get(key) == value for key, value in wanted.items())]

    def await_log(self, contains, deadline=10.0, start=0):
        return self.service.wait_line(lambda line: contains in line, deadline, start)[1]

    # The access log

    def access(self):
        if not self.access_log.exists():
            return []
        return [json.loads(line) for line in self.access_log.read_text().splitlines() if line]

    def await_access(self, deadline=10.0, **wanted):
        """The last access record with these values, once there is one."""

        def find():
            return [record for record in self.access() if all(record.get(key) == value for key, value in wanted.items())]

        try:
            return eventually(find, f"an access record with {wanted}", deadline)[-1]
        except AssertionError as error:
            raise AssertionError(f"{error}; there are:\n" + "\n".join(map(str, self.access()[-20:]))) from None

    # proxyctl

    def ctl(self, *words, as_json=False, deadline=30, **options):
        command = [self.stage / "bin/proxyctl", "--runtime-dir", self.runtime, *(["--json"] if as_json else []), *words]
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return Ctl(subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=deadline, check=False,
                                  **options))

    def query(self, *words):
        """The JSON a command answers with; it must succeed."""
        answer = self.ctl(*words, as_json=True)
        assert answer.exit == 0, answer
        return answer.json()

    def rows(self, key, *words):
        answer = self.query(*words)
        return answer if isinstance(answer, list) else answer[key]

    def status(self):
        return self.query("status")

    def workers(self, role=None):
        return [worker for worker in self.status()["workers"] if role in (None, worker["role"])]

    def worker_pids(self, role):
        return [worker["pid"] for worker in self.workers(role) if worker["pid"]]

    def reload(self):
        """By proxyctl; returns its answer, which tells whether it worked."""
        return self.ctl("config", "reload")

    def pids(self):
        return self.service.leftovers()

    # Where it is

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def socks(self):
        return f"127.0.0.1:{self.socks_port}"

    def memory(self):
        """(resident octets, open descriptors) of all its processes together."""
        processes = [psutil.Process(pid) for pid in self.pids()]
        return sum(process.memory_info().rss for process in processes), sum(process.num_fds() for process in processes)

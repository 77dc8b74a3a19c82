"""What bench/run measures: our staged tree and its peers, each pinned to one core, started with the configuration in
bench/peers/ on free ports of loopback, and ended by process id."""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")


def free_ports(count):
    """Below the ephemeral range, which short connections fill with ports in TIME_WAIT."""
    taken = []
    while len(taken) < count:
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
            taken.append(probe)
        except OSError:
            probe.close()
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A program in a session of its own, on one core, with all its descendants."""

    def __init__(self, argv, core, **options):
        self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, argv)], start_new_session=True,
                                        stderr=subprocess.DEVNULL, **options)

    def pids(self):
        """The program and everything it started, whatever session that is in now."""
        parents = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            fields = stat(entry)
            if fields and fields[0] not in "ZX":
                parents.setdefault(int(fields[1]), []).append((int(entry), int(fields[3])))
        known = {self.process.pid, *(pid for group in parents.values() for pid, session in group if session == self.process.pid)}
        waiting = list(known)
        while waiting:
            children = {pid for pid, _ in parents.get(waiting.pop(), ())} - known
            known |= children
            waiting += children
        return sorted(known)

    def cpu(self):
        """Seconds of user and system time of all of them, those of ended children included."""
        return sum(int(ticks) for pid in self.pids() for ticks in (stat(pid) or ["0"] * 20)[11:15]) / TICK

    def memory_kib(self):
        total = 0
        for pid in self.pids():
            try:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return total

    def stop(self):
        started = self.pids()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for pid in set(started) & set(self.pids()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()
        self.process.wait(10)


def wait_for(port, process):
    """Until the program listens; ends it if it does not."""
    end = time.monotonic() + 20
    while not listens(port):
        if process.process.poll() is not None or time.monotonic() > end:
            process.stop()
            raise RuntimeError("it does not start")
        time.sleep(0.05)
    time.sleep(0.5)


def stat(pid):
    """The fields of /proc/<pid>/stat from the state on, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


class Peer:
    """ports: three of its own. via: how bench_load speaks to it. services: which port leads to which origin, for those
    that are told once (plain TCP), while others are asked with each connection."""

    def __init__(self, name, via, config, argv, port=0, fixed=False, web=None, package=None):
        self.name, self.via, self.config, self.argv, self.port_index = name, via, config, argv, port
        self.fixed, self.web, self.package = fixed, web, package
        self.process = self.directory = None

    def installed(self):
        return shutil.which(str(self.argv[0]), path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin") is not None

    def start(self, origin, core):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.directory.chmod(0o777)
        self.ports = free_ports(3)
        values = dict(zip(("PORT", "PORT2", "PORT3"), self.ports), DIR=self.directory,
                      **{key.upper(): value for key, value in origin.items()})
        if self.config:
            text = (HERE / "peers" / self.config).read_text(encoding="utf-8")
            (self.directory / self.config).write_text(fill(text, values), encoding="utf-8")
        argv = [fill(str(word), dict(values, CONFIG=self.directory / (self.config or ""))) for word in self.argv]
        environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin")
        self.process = Process(argv, core, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, cwd=self.directory)
        try:
            wait_for(self.ports[self.port_index], self.process)
        except RuntimeError:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise RuntimeError(f"{self.name} does not start") from None

    def port_for(self, service):
        if not self.fixed:
            return self.ports[self.port_index]
        return self.ports[{"echo": 0, "source": 1, "http": 2}[service]]

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def fill(text, values):
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def all_peers(stage):
    ours = [stage / "sbin/bulkhead", "--config", "@CONFIG@", "--runtime-dir", "@DIR@/run", "--state-dir", "@DIR@/state"]
    return [
        Peer("bulkhead CONNECT", "connect", "bulkhead.yaml", ours, web="forward"),
        Peer("bulkhead SOCKS5", "socks5", "bulkhead.yaml", ours, port=1),
        Peer("haproxy tcp", "tcp", "haproxy.cfg", ["haproxy", "-db", "-f", "@CONFIG@"], fixed=True, web="tcp", package="haproxy"),
        Peer("nginx stream", "tcp", "nginx.conf", ["nginx", "-c", "@CONFIG@", "-p", "@DIR@"], fixed=True, web="tcp",
             package="nginx-light"),
        Peer("squid CONNECT", "connect", "squid.conf", ["squid", "-N", "-n", "bench@PORT@", "-f", "@CONFIG@"], web="forward",
             package="squid"),
        Peer("dante SOCKS5", "socks5", "danted.conf", ["danted", "-f", "@CONFIG@", "-p", "@DIR@/danted.pid"],
             package="dante-server"),
        Peer("microsocks SOCKS5", "socks5", None, ["microsocks", "-i", "127.0.0.1", "-p", "@PORT@"], package="microsocks"),
        Peer("tinyproxy CONNECT", "connect", "tinyproxy.conf", ["tinyproxy", "-d", "-c", "@CONFIG@"], package="tinyproxy"),
    ]

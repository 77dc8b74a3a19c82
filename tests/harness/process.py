"""A program that runs beside the tests: its output as lines that can be waited for, and nothing of it left behind.

What it starts is remembered as it is seen, so that what is left at the end is found by pid, whoever its parent is by
then, and never by name."""
import os
import signal
import subprocess
import threading
import time

import psutil

SANITIZER_SIGNS = ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer", "ThreadSanitizer", "MemorySanitizer")


def descendants(pid):
    """Every living process below pid, as psutil sees it now."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_alive(process):
    """The same process as before, not a later one of its pid, and no zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Service:
    def __init__(self, argv, name, env=None, cwd=None, pass_fds=()):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.out, self.err = [], []
        self._changed = threading.Condition()
        self._family = set()
        self.reading = threading.Event()  # cleared: nobody reads its output, as under a supervisor that hangs
        self.reading.set()
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=env, cwd=cwd, start_new_session=True, pass_fds=pass_fds)
        self._readers = [threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
                         threading.Thread(target=self._read, args=(self.process.stderr, self.err), daemon=True)]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe, lines):
        for line in pipe:
            self.reading.wait()
            with self._changed:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def wait_line(self, wanted, deadline=20.0, start=0, lines=None):
        """The index and text of the first line from start that wanted(line) accepts."""
        lines = self.err if lines is None else lines
        end = time.monotonic() + deadline
        at = start
        while True:
            with self._changed:
                while at < len(lines):
                    if wanted(lines[at]):
                        return at, lines[at]
                    at += 1
                over = not self.running() and not any(reader.is_alive() for reader in self._readers)
                left = end - time.monotonic()
                if over or left <= 0:
                    break
                self._changed.wait(min(left, 0.2))
        state = "it ended with " + str(self.process.returncode) if not self.running() else f"not within {deadline} s"
        raise AssertionError(f"{self.name}: the expected line did not come ({state}). Its last lines:\n" + self.tail())

    def tail(self, count=40):
        return "\n".join((self.out + self.err)[-count:])

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, deadline=20.0):
        self.reading.set()
        try:
            code = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {deadline} s. Its last lines:\n{self.tail()}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def stop(self, number=signal.SIGTERM, deadline=20.0):
        self.remember()
        if self.running():
            self.send(number)
        return self.wait(deadline)

    def remember(self):
        """Takes note of the processes that are there now; they count as left over if they outlive this one."""
        self._family.update(descendants(self.pid))

    def leftovers(self):
        """Pids of all that is alive of it, itself included."""
        self.remember()
        own = [self.pid] if self.running() else []
        return own + [process.pid for process in self._family if is_alive(process)]

    def kill(self):
        """Ends whatever is left, process by process."""
        for _ in range(50):
            left = self.leftovers()
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        if self.running():
            self.process.kill()
        self.process.wait(10)

    def sanitizer_reports(self):
        return [line for line in self.out + self.err if any(sign in line for sign in SANITIZER_SIGNS)]

"""curl as a client, and what it says about the transfer."""
import json
import subprocess
import tempfile

from .packages import program


class Result:
    def __init__(self, completed, body, heads, lines):
        self.exit = completed.returncode
        self.stderr = completed.stderr.decode("utf-8", "replace")
        self.body, self.heads = body, heads
        self.transfers = lines  # curl's own JSON, one a URL
        self.info = lines[-1] if lines else {}
        self.status = self.info.get("response_code", 0)
        self.connect_status = self.info.get("http_connect", 0)

    def header(self, name):
        """The value in the last head received, or None."""
        last = [head for head in self.heads.split("\r\n\r\n") if head.strip()]
        for line in (last[-1] if last else "").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def __repr__(self):
        return f"<curl exit={self.exit} status={self.status} connect={self.connect_status} {self.stderr.strip()} {self.body[:300]!r}>"


def curl(*args, output=None, timeout=120):
    """Runs curl, -sS, with a configuration of its own. output: a path for the body instead of memory."""
    with tempfile.TemporaryDirectory() as directory:
        body = output or directory + "/body"
        heads = directory + "/heads"
        command = [program("curl"), "-q", "-sS", "-g", "--max-time", str(timeout), "-D", heads, "-w", "%{json}\\n", *map(str, args)]
        if output is not None or "-o" not in command:
            command[4:4] = ["-o", str(body)]
        completed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout + 10, check=False,
                                   env={"PATH": "/usr/bin:/bin", "HOME": directory})
        content = b"" if output else _read(body)
        lines = [json.loads(line) for line in completed.stdout.decode("utf-8", "replace").splitlines() if line.startswith("{")]
        return Result(completed, content, _read(heads).decode("latin-1"), lines)


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""

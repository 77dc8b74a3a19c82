"""A throw-away user of this very system, and a service of its PAM; both need root."""
import contextlib
import fcntl
import pathlib
import secrets
import subprocess
import tempfile

from .packages import program

PASSWORD = "correct horse: battery"


class SystemUser:
    """A throw-away user with a password and a group of its own."""

    def __init__(self):
        self.name = "bulkhead-" + secrets.token_hex(4)
        self.group = self.name + "-g"
        self._run("groupadd", self.group)
        self._run("useradd", "--no-create-home", "--no-user-group", "--shell", "/usr/sbin/nologin", "--groups", self.group,
                  "--gid", "nogroup", self.name)
        self.set_password(PASSWORD)

    def _run(self, name, *args, **options):
        # They do not wait for one another's lock on /etc/passwd, but fail.
        with open(pathlib.Path(tempfile.gettempdir()) / "bulkhead-test-users", "w", encoding="ascii") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            subprocess.run([program(name), *args], check=True, capture_output=True, text=True, **options)

    def set_password(self, password):
        self._run("chpasswd", input=f"{self.name}:{password}\n")

    def change(self, *args):
        self._run("usermod", *args, self.name)

    def age(self, *args):
        self._run("chage", *args, self.name)

    def close(self):
        self._run("userdel", self.name)
        self._run("groupdel", self.group)


@contextlib.contextmanager
def pam_service(text):
    """The name of a service that is there as long as the block runs."""
    file = pathlib.Path("/etc/pam.d") / ("bulkhead-test-" + secrets.token_hex(4))
    file.write_text(text)
    try:
        yield file.name
    finally:
        file.unlink()

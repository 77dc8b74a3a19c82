"""Real proxies for Bulkhead to go through: squid, dante, microsocks, and haproxy to put TLS in front of one."""
import os
import subprocess

from . import ports
from .packages import library, program
from .process import Service
from .waiting import eventually, port_open

USER, PASSWORD = "parent-user", "parent-pass"
# A name that only the parents know.
PARENT_ONLY = "only-the-parent-knows.test"


class Parent:
    def __init__(self, argv, name, directory, port, env=None):
        self.port, self.directory = port, directory
        self._argv, self._name, self._env = argv, name, env
        self.start()

    def start(self):
        """Also again after kill(), on the same port."""
        ports.release(self.port)
        self.service = Service(self._argv, self._name, env=self._env, cwd=self.directory)
        try:
            eventually(lambda: not self.service.running() or port_open(self.port), f"{self._name} listens", 30)
            assert self.service.running(), f"{self._name} ended with {self.service.process.returncode}"
        except AssertionError as error:
            self.service.kill()
            raise AssertionError(f"{error}\n{self.service.tail()}") from None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def log(self):
        path = self.directory / "access.log"
        return path.read_text(errors="replace") if path.exists() else "\n".join(self.service.out + self.service.err)

    def kill(self):
        """Ends it at once, its connections with it."""
        self.service.kill()

    def close(self):
        try:
            self.service.stop(deadline=10)
        except AssertionError:
            pass
        self.service.kill()


SQUID = """
http_port 127.0.0.1:{port}
visible_hostname parent.test
pid_filename none
coredump_dir {directory}
access_log stdio:{directory}/access.log
cache_log {directory}/cache.log
cache deny all
cache_mem 8 MB
logfile_rotate 0
shutdown_lifetime 0 seconds
hosts_file {directory}/hosts
netdb_filename none
pinger_enable off
dns_nameservers 127.0.0.1
icon_directory /usr/share/squid/icons
{user}
{access}
"""
SQUID_BASIC = """auth_param basic program /usr/lib/squid/basic_ncsa_auth {directory}/passwords
auth_param basic children 2 startup=1
auth_param basic realm parent
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all"""


def squid(directory, authenticated=False):
    """authenticated: it wants USER and PASSWORD."""
    directory.mkdir(parents=True, exist_ok=True)
    port = ports.reserve()
    (directory / "hosts").write_text(f"127.0.0.1 {PARENT_ONLY}\n127.0.0.1 localhost\n")
    if authenticated:
        hashed = subprocess.run([program("openssl"), "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True)
        (directory / "passwords").write_text(f"{USER}:{hashed.stdout}")
    root = os.geteuid() == 0
    text = SQUID.format(port=port, directory=directory, user="cache_effective_user proxy" if root else "",
                        access=SQUID_BASIC.format(directory=directory) if authenticated else "http_access allow all")
    (directory / "squid.conf").write_text(text)
    if root:  # it gives up root, and must still write its logs
        subprocess.run(["chown", "-R", "proxy", str(directory)], check=True)
        open_path(directory)
    # Its shared memory is named after the service, and two of the same name get in one another's way.
    return Parent([program("squid"), "-N", "-d1", "-n", f"test{port}", "-f", directory / "squid.conf"], "squid", directory, port)


def open_path(directory):
    """Lets other users walk down to the directory, as far up as it is ours."""
    for path in [directory, *directory.parents]:
        if str(path) in ("/", "/tmp") or not os.access(path, os.W_OK):
            break
        path.chmod(path.stat().st_mode | 0o755)


DANTE = """
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.notprivileged: {user}
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
"""


def dante(directory):
    """SOCKS5 without authentication. Names of its own come from a hosts file laid under its C library."""
    directory.mkdir(parents=True, exist_ok=True)
    port = ports.reserve()
    wrapper = library("/usr/lib/*/libnss_wrapper.so", "libnss-wrapper")
    (directory / "hosts").write_text(f"127.0.0.1 {PARENT_ONLY}\n127.0.0.1 localhost\n127.0.0.1 origin.test\n")
    user = "nobody" if os.geteuid() == 0 else os.environ.get("USER") or subprocess.check_output(["id", "-un"], text=True).strip()
    (directory / "danted.conf").write_text(DANTE.format(port=port, user=user))
    open_path(directory)
    environment = dict(os.environ, LD_PRELOAD=wrapper, NSS_WRAPPER_HOSTS=str(directory / "hosts"))
    return Parent([program("danted"), "-f", directory / "danted.conf", "-p", directory / "danted.pid"], "danted", directory, port,
                  env=environment)


def microsocks(directory, authenticated=True):
    """SOCKS5 that wants USER and PASSWORD."""
    directory.mkdir(parents=True, exist_ok=True)
    port = ports.reserve()
    login = ["-u", USER, "-P", PASSWORD] if authenticated else []
    return Parent([program("microsocks"), "-i", "127.0.0.1", "-p", port, *login], "microsocks", directory, port)


HAPROXY = """
global
  maxconn 200
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:{port} ssl crt {bundle}
  default_backend plain
backend plain
  server plain 127.0.0.1:{target}
"""


def tls_front(directory, certificates, target):
    """Ends TLS for a plain proxy on the port target."""
    directory.mkdir(parents=True, exist_ok=True)
    port = ports.reserve()
    (directory / "haproxy.cfg").write_text(HAPROXY.format(port=port, target=target, bundle=certificates.bundle))
    return Parent([program("haproxy"), "-db", "-f", directory / "haproxy.cfg"], "haproxy", directory, port)

"""dnsmasq with made-up names, for the proxy's resolver and for DNS queries sent through SOCKS5."""
import os

from . import ports
from .packages import program
from .process import Service
from .waiting import eventually, port_open

# Every name under .test is 127.0.0.1 unless listed; .invalid does not exist.
RECORDS = {
    "origin6.test": ["::1"],
    "dual.test": ["127.0.0.1", "::1"],
    "rebind.test": ["127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
}


class NameServer:
    def __init__(self, directory):
        self.port = ports.reserve()
        ports.release(self.port)
        options = ["--keep-in-foreground", "--log-facility=-", "--log-queries", "--no-resolv", "--no-hosts", "--no-daemon",
                   "--conf-file=/dev/null", f"--port={self.port}", "--listen-address=127.0.0.1", "--bind-interfaces",
                   "--pid-file=", "--local=/test/", "--local=/invalid/", "--address=/wild.test/127.0.0.1", "--local-ttl=1",
                   "--host-record=origin.test,127.0.0.1", "--txt-record=text.test,seen through the proxy"]
        options += [f"--host-record={name},{','.join(addresses)}" for name, addresses in RECORDS.items()]
        options += [f"--host-record={name}.test,127.0.0.1" for name in ("blocked", "cdn", "www.site", "site", "other", "redirected")]
        if os.geteuid() == 0:
            options.append("--user=root")
        self.service = Service([program("dnsmasq"), *options], "dnsmasq", cwd=directory)
        eventually(lambda: port_open(self.port), "dnsmasq listens")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def queries(self, name):
        return [line for line in self.service.out + self.service.err if "query[" in line and f" {name} from" in line]

    def close(self):
        self.service.kill()

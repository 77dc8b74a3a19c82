"""A certificate authority and a certificate for localhost and the made-up names, by the openssl command."""
import subprocess

from .packages import program

NAMES = ["localhost", "origin.test", "*.test"]


class Certificates:
    def __init__(self, directory):
        self.directory = directory
        self.ca = directory / "ca.pem"
        self.certificate = directory / "server.pem"
        self.key = directory / "server.key"
        self.bundle = directory / "bundle.pem"
        self._make()

    def _openssl(self, *args):
        subprocess.run([program("openssl"), *map(str, args)], check=True, capture_output=True, cwd=self.directory)

    def _make(self):
        key_type = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl("req", "-x509", *key_type, "-keyout", "ca.key", "-out", self.ca, "-days", "30", "-subj", "/CN=Test CA",
                      "-addext", "basicConstraints=critical,CA:TRUE")
        self._openssl("req", *key_type, "-keyout", self.key, "-out", "server.csr", "-subj", "/CN=localhost")
        names = ",".join(f"DNS:{name}" for name in NAMES) + ",IP:127.0.0.1,IP:::1"
        (self.directory / "server.ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", self.ca, "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                      "-extfile", "server.ext", "-out", self.certificate)
        self.bundle.write_text(self.certificate.read_text() + self.key.read_text())
        for path in self.directory.iterdir():
            path.chmod(0o644)

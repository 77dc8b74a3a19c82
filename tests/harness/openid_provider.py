"""A certified OpenID provider (tests/oidc/: oidc-provider from npm, pinned by package-lock.json), with TLS."""
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from . import ports
from .packages import program
from .process import Service

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "tests/oidc"
CLIENT = "bulkhead"
CLIENT_SECRET = "client secret: of+bulkhead&co"
CALLBACK = "https://proxy.test/callback"


def installed():
    """The folder with server.mjs and its packages, installed once for each lock file."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = ROOT / "build/tests" / ("oidc-" + hashlib.sha256(lock).hexdigest()[:12])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SOURCE / name, folder / name)
            done = subprocess.run([program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                                  capture_output=True, timeout=300)
            assert done.returncode == 0, "npm ci failed:\n" + done.stdout + done.stderr
            (folder / "complete").touch()
        shutil.copy(SOURCE / "server.mjs", folder / "server.mjs")
    return folder


class OpenidProvider:
    def __init__(self, certificates):
        self.certificates = certificates
        self.port = ports.reserve()
        self.issuer = f"https://127.0.0.1:{self.port}"
        self.session = requests.Session()
        self.session.trust_env = False  # neither its proxies nor its CAs
        self.session.verify = str(certificates.ca)
        self.service = None
        self.start()

    def start(self):
        env = {"PATH": os.environ["PATH"], "PORT": str(self.port), "CERTIFICATE": str(self.certificates.certificate),
               "KEY": str(self.certificates.key)}
        ports.release(self.port)
        self.service = Service([program("node"), "server.mjs"], "oidc-provider", env=env, cwd=installed())
        self.service.wait_line(lambda line: line == "ready", 60, lines=self.service.out)

    def stop(self):
        self.service.stop()

    def _test(self, name, **body):
        answer = self.session.post(f"{self.issuer}/test/{name}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def token(self, user, **more):
        """An access token of the provider's own making; format="jwt" or "opaque"."""
        return self._test("token", user=user, **more)["token"]

    def sign(self, **more):
        """A token as the test wants it, with the provider's keys or foreign ones; None takes a member out."""
        return self._test("sign", **more)["token"]

    def rotate(self, keep=False):
        return self._test("rotate", keep=keep)

    def revoke(self, token):
        self._test("revoke", token=token)

    def counts(self, path):
        return self.session.get(f"{self.issuer}/test/counts", timeout=20).json().get(path, 0)

    def public(self):
        return self.session.get(f"{self.issuer}/test/public", timeout=20).json()

    def browse(self, url, user):
        """A browser that is sent to url: logs in as the user, agrees, and says with which query it was sent back."""
        browser = requests.Session()
        browser.trust_env = False
        browser.verify = str(self.certificates.ca)
        page = browser.get(url, allow_redirects=False, timeout=20)
        for _ in range(12):
            while page.is_redirect:
                target = urljoin(page.url, page.headers["location"])
                if target.startswith(CALLBACK):
                    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
                page = browser.get(target, allow_redirects=False, timeout=20)
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            assert form, page.text
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text).group(1)
            fields = {"prompt": prompt, "login": user, "password": "any"}
            page = browser.post(urljoin(page.url, form.group(1)), data=fields, allow_redirects=False, timeout=20)
        raise AssertionError("the provider did not send the browser back")

    def close(self):
        if self.service.running():
            self.service.stop()
        self.service.kill()

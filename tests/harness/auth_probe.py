"""The methods of authentication without the proxy around them: libexec/test/auth_method_probe, kept running."""
import itertools
import json
import subprocess
import threading

import yaml


class AuthProbe:
    """Asks in the order of the calls; several_at_once() asks in parallel."""

    def __init__(self, stage, directory, auth, services=None, env=None):
        config = directory / "auth-probe.yaml"
        config.write_text(yaml.safe_dump({"server": {"auth": auth}}))
        argv = [stage / "libexec/test/auth_method_probe", config] + ([services] if services else [])
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env)
        self.diagnostics = []
        self._ids = itertools.count()
        for line in self.process.stderr:
            if line.strip() == "ready":
                break
            self.diagnostics.append(line.rstrip())
        else:
            raise AssertionError("auth_method_probe did not start:\n" + "\n".join(self.diagnostics))
        # What libraries say later must neither block the probe nor get lost.
        self._reader = threading.Thread(target=lambda: self.diagnostics.extend(self.process.stderr), daemon=True)
        self._reader.start()

    def _send(self, request):
        request = {"id": next(self._ids), **request}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return request["id"]

    def _receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"auth_method_probe ended with {self.process.wait()}:\n" + "\n".join(self.diagnostics))
        return json.loads(line)

    def several_at_once(self, requests):
        """The verdicts in the order of the requests."""
        ids = [self._send(request) for request in requests]
        verdicts = {verdict["id"]: verdict for verdict in (self._receive() for _ in ids)}
        return [verdicts[each] for each in ids]

    def ask(self, **request):
        return self.several_at_once([request])[0]

    def login(self, user, password, **more):
        return self.ask(user=user, password=password, **more)

    def token(self, token, **more):
        return self.ask(token=token, **more)

    def look_up(self, user, **more):
        return self.ask(look_up=user, **more)

    def close(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        assert code == 0, f"auth_method_probe ended with {code}:\n" + "\n".join(map(str, self.diagnostics))

"""proxyctl: what it shows and changes, that changes last, and whom it obeys."""
import json
import os
import socket
import subprocess

import pytest

from harness import parents, raw_client, tcp_server
from harness.configuration import everything, parent, rule
from harness.curl import curl
from harness.waiting import eventually

ROOT = os.geteuid() == 0
USAGE, NO_DAEMON, PERMISSION_DENIED = 2, 3, 4  # proxyctl(1)


def names(proxy, key):
    return [entry["name"] for entry in proxy.rows(key + "s", key, "list")]


def test_status(start, origin):
    proxy = start()
    curl("-x", proxy.http, origin.url())
    status = proxy.status()
    assert status["pid"] == proxy.service.pid and status["state"] == "running"
    assert status["config_file"] == str(proxy.file)
    assert {worker["role"] for worker in status["workers"]} == {"acceptor", "egress", "vault"}
    assert {entry["name"] for entry in status["listeners"]} == {"http", "socks5", "mixed"}
    assert {entry["address"] for entry in status["listeners"]} == {"127.0.0.1"}
    assert {entry["port"] for entry in status["listeners"]} == {proxy.http_port, proxy.socks_port, proxy.mixed_port}
    eventually(lambda: proxy.status()["accepted"] >= 1, "connections are counted")


def test_status_for_people(start):
    proxy = start()
    answer = proxy.ctl("status")
    assert answer.exit == 0
    for word in ("acceptor", "egress", str(proxy.service.pid), f"127.0.0.1:{proxy.http_port}"):
        assert word in answer.out, answer.out


def test_config_show_masks_secrets(start):
    up = parent("up", "socks5", "127.0.0.1:1", username="somebody", password="s3cret")
    proxy = start({"backends": [up, {"name": "direct", "type": "direct"}]})
    for options in ({}, {"as_json": True}):
        answer = proxy.ctl("config", "show", **options)
        assert answer.exit == 0 and "somebody" in answer.out and "s3cret" not in answer.out
        assert "***" in answer.out


def test_config_show_has_the_defaults_too(start):
    out = start().ctl("config", "show").out
    for key in ("max_request_line", "drain_timeout", "prefer_ipv6"):
        assert key in out


@pytest.mark.parametrize("text, good, told", [
    ("backends: [{name: direct, type: direct}]\nrules: [{name: a, match: {domains: ['*']}, backend: direct}]\n", True, ""),
    ("server: {http_port: 99999}\nrulez: []\n", False, "rules"), ("a: [", False, ":1:"),
    ("server: {http_port: 1}\nserver: {http_port: 2}\n", False, "server")])
def test_config_validate_needs_no_daemon(stage, tmp_path, text, good, told):
    (tmp_path / "file.yaml").write_text(text)
    done = subprocess.run([stage / "bin/proxyctl", "config", "validate", tmp_path / "file.yaml"], capture_output=True, text=True,
                          timeout=20, check=False)
    assert (done.returncode == 0) == good, done
    assert told in done.stdout + done.stderr


# Changes

def by_file(proxy):
    assert proxy.reload().exit == 0


def by_restart(proxy):
    proxy.restart()


@pytest.mark.parametrize("again", [by_file, by_restart])
def test_backend_added_and_removed(start, squid, origin, again):
    proxy = start()
    assert proxy.ctl("backend", "add", "--name", "parent", "--type", "http", "--address", squid.address).exit == 0
    assert names(proxy, "backend") == ["direct", "parent"]
    assert proxy.ctl("rule", "add", "--name", "by parent", "--domain", "127.0.0.1", "--backend", "parent").exit == 0
    assert names(proxy, "rule") == ["by parent", "Default"], "before the catch-all"
    curl("-x", proxy.http, origin.url())
    assert "parent.test" in origin.requests[-1].fields.get("Via")
    written = proxy.file.read_bytes()
    again(proxy)
    assert names(proxy, "backend") == ["direct", "parent"] and names(proxy, "rule") == ["by parent", "Default"]
    assert proxy.file.read_bytes() == written, "the hand-written file is nobody else's"
    assert proxy.ctl("backend", "remove", "--name", "parent").exit != 0, "a rule still needs it"
    assert proxy.ctl("rule", "remove", "--name", "by parent").exit == 0
    assert proxy.ctl("backend", "remove", "--name", "parent").exit == 0
    again(proxy)
    assert names(proxy, "backend") == ["direct"] and names(proxy, "rule") == ["Default"]
    curl("-x", proxy.http, origin.url())
    assert "parent.test" not in origin.requests[-1].fields.get("Via")


def test_rule_of_the_file_removed_stays_removed(start, origin):
    proxy = start({"rules": [rule("stop", action="block", domains=["blocked.test"]), everything()]})
    assert proxy.ctl("rule", "remove", "--name", "stop").exit == 0
    assert curl("-x", proxy.http, origin.url(host="blocked.test")).status == 200
    proxy.restart()
    assert names(proxy, "rule") == ["Default"]


def test_rules_reordered(start, origin):
    proxy = start({"rules": [rule("a", action="block", domains=["site.test"]), rule("b", backend="direct", domains=["*.site.test"]), everything()]})
    assert curl("-x", proxy.http, origin.url(host="site.test")).status == 403
    answer = proxy.ctl("rule", "reorder", "b", "a")
    assert answer.exit == 0, answer
    assert names(proxy, "rule") == ["b", "a", "Default"]
    assert curl("-x", proxy.http, origin.url(host="site.test")).status == 200
    proxy.restart()
    assert names(proxy, "rule") == ["b", "a", "Default"]


def test_an_order_that_overrides_the_files_is_told_and_taken_back(start):
    rules = [rule("a", action="block", domains=["a.test"]), rule("b", action="block", domains=["b.test"]), everything()]
    proxy = start({"rules": rules})
    assert proxy.ctl("rule", "reorder", "b").exit == 0
    proxy.write({"rules": [rules[0], rule("c", action="block", domains=["c.test"]), *rules[1:]]})
    told = proxy.reload()
    assert told.exit == 0 and "managed.yaml:" in told.out and "rule_order: overrides the order" in told.out, told
    assert any("rule_order" in warning for warning in proxy.status()["warnings"])
    assert "rule_order" in proxy.ctl("config", "validate").err
    answer = proxy.ctl("rule", "reorder", "--reset")
    assert answer.exit == 0 and "order of the configuration file" in answer.out, answer
    assert names(proxy, "rule") == ["a", "c", "b", "Default"]
    assert not any("rule_order" in warning for warning in proxy.status()["warnings"])
    assert "rule_order" not in proxy.reload().out


def test_validate_sees_what_a_reload_would(start):
    proxy = start({"backends": [{"name": "direct", "type": "direct"}, {"name": "old", "type": "direct"}]})
    assert proxy.ctl("rule", "add", "--name", "by old", "--domain", "x.test", "--backend", "old").exit == 0
    valid = proxy.ctl("config", "validate")
    assert valid.exit == 0 and str(proxy.state / "managed.yaml") in valid.out and ": valid" in valid.out, valid
    proxy.write({"backends": [{"name": "direct", "type": "direct"}]})
    assert proxy.reload().exit == 1
    for words in ([], [proxy.file]):
        answer = proxy.ctl("config", "validate", *words)
        assert answer.exit == 78 and 'unknown backend "old"' in answer.err and not answer.out, answer
        found = proxy.ctl("config", "validate", *words, as_json=True)
        assert found.exit == 78 and [entry["key"] for entry in found.json()] == ["rules[0].rule.backend"], found
    elsewhere = proxy.directory / "other.yaml"
    elsewhere.write_text(proxy.file.read_text())
    assert proxy.ctl("config", "validate", elsewhere).exit == 0, "a file of its own has no managed file"


@pytest.mark.parametrize("words", [
    ["rule", "add", "--name", "x", "--domain", "x.test", "--backend", "nowhere"], ["rule", "remove", "--name", "nowhere"],
    ["backend", "remove", "--name", "nowhere"], ["backend", "add", "--name", "direct", "--type", "direct"],
    ["backend", "add", "--name", "x", "--type", "http"], ["rule", "reorder", "nowhere"], ["backend", "test", "--name", "nowhere"]])
def test_changes_that_make_no_sense(start, words):
    proxy = start()
    answer = proxy.ctl(*words)
    assert answer.exit not in (0, None) and answer.err.strip(), answer
    assert names(proxy, "backend") == ["direct"] and names(proxy, "rule") == ["Default"]


def test_backend_test(start, squid, origin):
    proxy = start({"backends": [{"name": "direct", "type": "direct"}, parent("squid", "http", squid.address),
                                parent("down", "http", "127.0.0.1:1")]})
    assert proxy.ctl("backend", "test", "--name", "squid").exit == 0
    answer = proxy.ctl("backend", "test", "--name", "down")
    assert answer.exit != 0 and "refused" in answer.out + answer.err
    tested = proxy.query("backend", "test", "--name", "squid", "--target", f"127.0.0.1:{origin.port}")
    assert tested["ok"] and tested["connected"] and tested["remote"] == squid.address
    assert tested["connect_us"] > 0 and tested["handshake_us"] > 0, "the parent's answer takes time"
    assert proxy.query("backend", "test", "--name", "direct")["connected"] is False, "there was nothing to connect to"
    untried = proxy.ctl("backend", "test", "direct")
    assert untried.out.startswith("nothing was tried: ") and "--target" in untried.out and "ok" not in untried.out.split(), untried
    refused = proxy.ctl("backend", "test", "--name", "down", as_json=True)
    assert refused.exit == 1 and not refused.json()["ok"] and refused.json()["reason"] == "parent_unreachable"


def test_echo_answers_itself(start):
    proxy = start({"backends": [{"name": "direct", "type": "direct"}, {"name": "echo", "type": "echo"}]})
    for target in ([], ["--target", "a.test:1"]):
        answer = proxy.ctl("backend", "test", "echo", *target)
        assert answer.exit == 0 and answer.out == 'backend "echo" answers itself and connects to nothing\n', answer


def test_errors_of_additions_name_the_field(start):
    """What is added stands in no file, so it has no line there."""
    proxy = start()
    for words, told in ((["backend", "add", "x", "--type", "direct", "--via", "nowhere"], 'error: via: unknown backend "nowhere"'),
                        (["backend", "add", "x", "--type", "http", "--address", "nonsense:x"], "error: proxy.address: "),
                        (["rule", "add", "x", "--domain", "x.test", "--backend", "nowhere"], 'error: backend: unknown backend "nowhere"'),
                        (["rule", "add", "x", "--domain", "a b", "--block"], "error: match.domains[0]: ")):
        answer = proxy.ctl(*words)
        assert answer.exit == 1 and answer.err.startswith(told), answer
        assert "managed.yaml" not in answer.err and "argument" not in answer.err, answer
    refused = [record["problem"] for record in proxy.log(msg="configuration")]
    assert refused and not any("managed.yaml:" + str(line) in text for line in range(1, 100) for text in refused), refused


def test_what_is_wrong_comes_as_a_list(start):
    proxy = start()
    proxy.write(text="server: {http_prot: 1}\nbackends: [{name: a, type: direct, via: b}]\n")
    for _ in range(2):
        answer = proxy.ctl("config", "reload", as_json=True)
        assert answer.exit == 1 and not answer.json()["ok"], answer
        found = answer.json()["diagnostics"]
        assert [(entry["line"], entry["column"], entry["severity"], entry["key"]) for entry in found if entry["severity"] == "error"] == [
            (1, 10, "error", "server.http_prot"), (2, 41, "error", "backends[0].via")], found
        assert {entry["file"] for entry in found} == {str(proxy.file)} and any("http_port" in entry["hint"] for entry in found)
    added = proxy.ctl("backend", "add", "--name", "x", "--type", "direct", "--via", "nowhere", as_json=True)
    assert added.exit == 1, added
    assert {(entry["file"], entry["line"]) for entry in added.json()["diagnostics"] if entry["severity"] == "error"} == {
        (str(proxy.file), 1), (str(proxy.file), 2), ("", 0)}, "what is added stands in no file"


# Connections

def test_connections(start, serve):
    proxy = start()
    server = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        assert client.send(b"x" * 5000).reader.exactly(5000)
        row = eventually(lambda: [entry for entry in proxy.rows("connections", "connections") if entry["bytes_down"] >= 5000], "it is listed")[0]
        assert row["client"] == "127.0.0.1:%d" % client.sock.getsockname()[1]
        assert row["destination"].endswith(f":{server.port}") and (row["backend"], row["rule"]) == ("direct", "Default")
        assert row["bytes_up"] >= 5000
        human = proxy.ctl("connections")
        assert human.exit == 0 and str(server.port) in human.out
    eventually(lambda: not proxy.rows("connections", "connections"), "it is listed no more")


def test_no_daemon(stage, tmp_path):
    done = subprocess.run([stage / "bin/proxyctl", "--runtime-dir", tmp_path, "status"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == NO_DAEMON and done.stderr.strip(), "a message, and an exit code of its own"


@pytest.mark.parametrize("words", [["nonsense"], ["backend"], ["rule", "add", "--nonsense"], [],
                                   ["user", "limits", "alice", "--default", "--mbps", "3"],
                                   ["user", "limits", "alice", "--domains", "a.test", "--default"]])
def test_bad_usage(stage, words):
    done = subprocess.run([stage / "bin/proxyctl", *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == USAGE and done.stderr.strip()
    done = subprocess.run([stage / "bin/proxyctl", "--json", *words], capture_output=True, text=True, timeout=20, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == USAGE and answer["ok"] is False and answer["exit_code"] == USAGE and answer["error"], done


def test_another_user_is_refused(start):
    proxy = start()
    control = [path for path in proxy.runtime.rglob("*") if path.is_socket()]
    assert control, "there is a control socket"
    if not ROOT:
        assert all(path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0 for path in control)
        return
    copy = proxy.directory / "proxyctl"
    copy.write_bytes((proxy.stage / "bin/proxyctl").read_bytes())
    copy.chmod(0o755)
    command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy, "--runtime-dir", proxy.runtime, "stop"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == PERMISSION_DENIED, done
    # The mode is the first gate; behind it the daemon looks at who is asking.
    proxy.runtime.chmod(0o755)
    for path in control:
        path.chmod(0o777)
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0 and done.stderr, done
    assert proxy.service.running() and proxy.status()["state"] == "running"


def test_garbage_on_the_control_socket(start, origin):
    proxy = start()
    path = next(path for path in proxy.runtime.rglob("*") if path.is_socket())
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
        for data in (b"", b"\0", b"\xff" * 60_000, b"GET / HTTP/1.1\r\n\r\n"):
            with socket.socket(socket.AF_UNIX, kind) as client:
                try:
                    client.connect(str(path))
                    client.send(data)
                except OSError:
                    pass
    assert proxy.status()["state"] == "running" and curl("-x", proxy.http, origin.url()).status == 200


def test_managed_backend_keeps_its_password(start, socks_with_login, origin):
    proxy = start()
    password = proxy.directory / "password"
    password.write_text(parents.PASSWORD + "\n")
    answer = proxy.ctl("backend", "add", "--name", "up", "--type", "socks5", "--address", socks_with_login.address,
                       "--username", parents.USER, "--password-file", password)
    assert answer.exit == 0, answer
    assert proxy.ctl("rule", "add", "--name", "r", "--domain", "*", "--backend", "up", "--position", "1").exit == 0
    proxy.restart()
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert proxy.await_access(rule="r")["backend"] == "up"
    managed = [path for path in proxy.state.rglob("*") if path.is_file()]
    assert managed and all(path.stat().st_mode & 0o077 == 0 for path in managed)


def test_completion(stage):
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run([stage / "bin/proxyctl", "completion", shell], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0 and "backend" in done.stdout, (shell, done)


@pytest.mark.parametrize("place", [["--runtime-dir", "{}"], ["--runtime-dir", "=", "{}"]])
def test_bash_offers_names(start, place):
    """readline makes a word of each "="."""
    proxy = start({"backends": [{"name": "direct", "type": "direct"}, {"name": "other", "type": "direct"}]})
    for before, typed, offered in ((["backend", "remove"], "", ["direct", "other"]), (["rule", "reorder"], "D", ["Default"]),
                                   (["rule", "add", "--backend", "="], "o", ["other"])):
        words = [str(proxy.stage / "bin/proxyctl"), *(word.format(proxy.runtime) for word in place), *before, typed]
        script = f'source <("$1" completion bash); COMP_WORDS=("${{@:1}}"); COMP_CWORD={len(words) - 1}; _proxyctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["/usr/bin/bash", "-c", script, "bash", *words], capture_output=True, text=True, timeout=20, check=False)
        assert done.stdout.split() == offered, (words, done)


@pytest.mark.parametrize("place", ["--runtime-dir {}", "--runtime-dir={}"])
def test_fish_offers_names(start, place, tmp_path):
    proxy = start({"backends": [{"name": "direct", "type": "direct"}, {"name": "other", "type": "direct"}]})
    program = proxy.stage / "bin/proxyctl"
    for typed, offered in (("st", ["stats", "status", "stop", "store"]), ("backend remove ", ["direct", "other"]), ("rule reorder D", ["Default"]),
                           ("rule add --backend o", ["other"])):
        script = f"{program} completion fish | source; complete -C '{program} {place.format(proxy.runtime)} {typed}'"
        done = subprocess.run(["/usr/bin/fish", "-c", script], capture_output=True, text=True, timeout=20, check=False,
                              env={**os.environ, "HOME": str(tmp_path)})
        assert [line.split("\t")[0] for line in done.stdout.splitlines()] == offered and not done.stderr, (typed, done)


def test_killing_a_connection_says_which(start, serve):
    proxy = start()
    server = serve(tcp_server.echo)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.connect(f"127.0.0.1:{server.port}")
        row = eventually(lambda: proxy.rows("connections", "connections"), "it is listed")[0]
        answer = proxy.ctl("connections", "--kill", row["id"])
        assert answer.exit == 0 and f"closed connection {row['id']}: 127.0.0.1:" in answer.out and str(server.port) in answer.out, answer
    eventually(lambda: not proxy.rows("connections", "connections"), "it is gone")


@pytest.mark.parametrize("what", ["-1", "0", "x", "1e3", "", "99999999999999999999999"])
def test_killing_what_can_be_no_connection(stage, what):
    done = subprocess.run([stage / "bin/proxyctl", "connections", f"--kill={what}"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == USAGE and 0 < len(done.stderr) < 300, done.stderr


def test_killing_a_connection_that_is_not_there(proxy):
    result = proxy.ctl("connections", "--kill", "99")
    assert result.exit == 1 and "no connection 99" in result.err + result.out

"""The access log: its formats, its places, what it leaves out, and that nothing a client sends can forge it."""
import json
import os
import re
import signal

import pytest

from harness import configuration, ports, raw_client
from harness.curl import curl
from harness.waiting import eventually

COMBINED = re.compile(r'^(\S+) (\S+) (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$')
COMMON = re.compile(r'^(\S+) (\S+) (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)$')


def lines(proxy, count=1):
    return eventually(lambda: (lambda found: found if len(found) >= count else None)(
        proxy.access_log.read_text(errors="surrogateescape").splitlines()), f"{count} lines")


def test_json(start, origin):
    proxy = start()
    curl("-x", proxy.http, "-A", "an agent", "-e", "http://from.test/", origin.url("/bytes/1000?x=y"))
    record = proxy.await_access()
    assert record["client_ip"] == "127.0.0.1" and record["client_port"] > 0
    assert (record["method"], record["host"], record["port"], record["status"]) == ("GET", "127.0.0.1", origin.port, 200)
    assert record["path"] == "/bytes/1000?x=y"
    assert (record["protocol"], record["rule"], record["backend"]) == ("http", "Default", "direct")
    assert record["bytes_sent"] >= 1000 and record["bytes_received"] > 0
    assert record["user_agent"] == "an agent" and record["referer"] == "http://from.test/"
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", record["timestamp"])
    assert not record.get("refusal")


def test_combined(start, origin):
    proxy = start({"access_log": {"format": "apache_combined"}})
    curl("-x", proxy.http, "-A", 'quoted "agent"', "-e", "http://from.test/", origin.url("/bytes/1000"))
    match = COMBINED.match(lines(proxy)[0])
    assert match, lines(proxy)
    assert match[1] == "127.0.0.1" and match[6] == "200"
    assert match[5] == f"GET {origin.url('/bytes/1000')} HTTP/1.1"
    assert match[8] == "http://from.test/" and match[9] == r'quoted \"agent\"'
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", match[4])


def test_combined_masks_what_is_to_be_masked(start, origin):
    proxy = start({"access_log": {"format": "apache_combined", "mask_headers": ["Referer", "User-Agent"]}})
    curl("-x", proxy.http, "-A", "secret-agent", "-e", "http://secret.test/", origin.url())
    assert COMBINED.match(lines(proxy)[0]).groups()[7:] == ("***", "***")


def test_common(start, origin):
    proxy = start({"access_log": {"format": "apache_common"}})
    curl("-x", proxy.http, origin.url())
    curl("-p", "-x", proxy.http, origin.url())
    curl("--socks5", proxy.socks, origin.url())
    found = lines(proxy, 3)
    assert all(COMMON.match(line) for line in found), found
    assert any("CONNECT" in line for line in found)


def test_fields_are_chosen(start, origin):
    proxy = start({"access_log": {"fields": ["status", "client_ip", "host"]}})
    curl("-x", proxy.http, origin.url())
    assert set(proxy.await_access()) <= {"status", "client_ip", "host"} and proxy.access()[0]["status"] == 200


@pytest.mark.parametrize("output", ["stdout", "both", "file"])
def test_output(start, origin, output):
    proxy = start({"access_log": {"output": output}})
    curl("-x", proxy.http, origin.url("/hello?where"))

    def wrote(text):
        return "/hello?where" in text

    if output != "stdout":
        eventually(lambda: wrote(proxy.access_log.read_text()), "it is in the file")
    if output != "file":
        eventually(lambda: wrote("\n".join(proxy.service.out)), "it is on standard output")
        json.loads(proxy.service.out[-1])
    else:
        assert not wrote("\n".join(proxy.service.out))


def test_disabled(start, origin):
    proxy = start({"access_log": {"enabled": False}})
    curl("-x", proxy.http, origin.url())
    proxy.stop()
    assert proxy.access() == []


def test_headers_are_masked(start, origin):
    proxy = start({"access_log": {"mask_headers": ["Authorization", "Cookie", "X-Api-Key"]}})
    curl("-x", proxy.http, "-H", "Authorization: Bearer s3cret", "-H", "cookie: s3cret", "-H", "X-API-KEY: s3cret", "-H", "X-Plain: shown",
         origin.url())
    text = json.dumps(proxy.await_access())
    assert "s3cret" not in text
    assert "shown" in text and "uthorization" in text


def test_credentials_stay_masked_when_others_are_named(start, origin):
    proxy = start({"access_log": {"mask_headers": ["X-Api-Key"], "fields": ["timestamp", "headers"]}})
    curl("-x", proxy.http, "-U", "name:s3cret", "-H", "Cookie: s3cret", "-H", "X-Api-Key: s3cret", "-H", "X-Plain: shown", origin.url())
    record = eventually(proxy.access, "a line")[-1]
    text = json.dumps(record)
    assert "roxy-" in text and "shown" in text, text
    assert "s3cret" not in text and "bmFtZTpzM2NyZXQ" not in text, text


def test_proxy_credentials_are_never_logged(start, origin):
    proxy = start({"server": {"log_level": "debug"}})
    curl("-x", proxy.http, "-U", "name:s3cret", origin.url())
    proxy.await_access()
    assert "s3cret" not in proxy.access_log.read_text() and "bmFtZTpzM2NyZXQ" not in proxy.access_log.read_text()
    assert "bmFtZTpzM2NyZXQ" not in proxy.service.tail(1000)


def test_refusals_are_logged_once_with_their_reason(start, origin):
    proxy = start({"rules": [configuration.rule("no", action="block", domains=["blocked.test"]), configuration.everything()]})
    curl("-x", proxy.http, origin.url(host="blocked.test"))
    curl("-x", proxy.http, f"http://127.0.0.1:{ports.closed()}/")
    curl("--socks5-hostname", proxy.socks, "http://missing.invalid/")
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send("nonsense\r\n\r\n").response()
    proxy.await_access(refusal="bad_request")
    proxy.stop()
    assert sorted(record["refusal"] for record in proxy.access()) == ["bad_request", "connection_refused", "name_not_found", "rule_blocked"]


def test_every_request_of_a_connection_has_a_line(start, origin):
    proxy = start()
    curl("-x", proxy.http, *[origin.url(f"/hello?{n}") for n in range(10)])
    lines(proxy, 10)
    assert [record["path"] for record in proxy.access()] == [f"/hello?{n}" for n in range(10)]


def test_reopened_after_a_rename(start, origin):
    proxy = start()
    curl("-x", proxy.http, origin.url("/hello?before"))
    proxy.await_access(path="/hello?before")
    old = proxy.access_log.rename(proxy.access_log.with_suffix(".old"))
    curl("-x", proxy.http, origin.url("/hello?between"))
    eventually(lambda: "between" in old.read_text(), "the renamed file is written until it is told")
    os.kill(proxy.service.pid, signal.SIGUSR1)
    eventually(proxy.access_log.exists, "a new file")

    def fresh():
        curl("-x", proxy.http, origin.url("/hello?after"))
        return proxy.await_access(path="/hello?after", deadline=1)

    eventually(fresh, "it is written")
    assert "between" in old.read_text() and "before" not in proxy.access_log.read_text()


def test_rotation_by_size(start, origin):
    proxy = start({"access_log": {"rotate": {"max_size": "20KB", "keep": 2}}})

    def rotated():
        curl("-x", proxy.http, *[origin.url("/hello?" + "x" * 500) for _ in range(50)])
        found = sorted(path.name for path in proxy.directory.glob("access.log*"))
        return found if "access.log.2" in found else None

    eventually(rotated, "two old logs", 20)
    curl("-x", proxy.http, origin.url("/hello?last"))
    proxy.await_access(path="/hello?last")
    eventually(lambda: proxy.access_log.stat().st_size < 60_000, "the log stays small")
    assert sorted(path.name for path in proxy.directory.glob("access.log*")) == ["access.log", "access.log.1", "access.log.2"]
    for path in proxy.directory.glob("access.log*"):
        for line in path.read_text().splitlines():
            json.loads(line)


FORGERIES = {
    "quotes in the path": ("/a\"b\\c", "agent"),
    "percent-encoded line end": ("/a%0d%0a127.0.0.1%20-%20-", "agent"),
    "quotes in the agent": ("/x", 'a" 200 0 "forged'),
    "escape sequence in the agent": ("/x", "a\x1b[31mred"),
    "eight-bit agent": ("/x", "caf\xe9 \xff\xfe"),
    "unicode": ("/x", "\u00e4".encode().decode("latin-1") + "\xe2\x80\xa8line separator"),
    "backslashes": ("/x", "\\n\\\\\\u0022"),
    "tab": ("/x", "a\tb"),
}


@pytest.mark.parametrize("form", ["json", "apache_combined"])
def test_nothing_can_be_forged(start, origin, form):
    proxy = start({"access_log": {"format": form}})
    sent = 0
    for path, agent in FORGERIES.values():
        with raw_client.RawHttp(proxy.http_port) as client:
            client.send(f"GET {origin.url(path)} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\r\n")
            client.response()
            sent += 1
    with raw_client.RawSocks(proxy.socks_port) as client:
        assert client.greet() == 0
        name = b'evil"\n\x1b[0m.test'
        client.send(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\x00\x50").read_reply()
        sent += 1
    lines(proxy, sent)
    proxy.stop()
    data = proxy.access_log.read_bytes()
    found = data.decode("utf-8").splitlines()
    assert data.count(b"\n") == sent and len(found) == sent, "one line each, in every reading of what a line is"
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data), "no control characters"
    for line in found:
        if form == "json":
            json.loads(line)
        else:
            assert COMBINED.match(line), line


def test_process_log_tells_role_and_pid(start, origin):
    proxy = start()
    records = proxy.log()
    assert {"time", "level", "msg", "role", "pid"} <= set(records[0])
    assert {record["pid"] for record in records if record["role"] == "supervisor"} == {str(proxy.service.pid)}
    assert proxy.log(msg="ready")[0]["role"] == "supervisor"


def test_access_log_file_that_cannot_be_opened_is_fatal(prepare):
    proxy = prepare({"access_log": {"file": "/nonexistent/directory/access.log"}})
    assert proxy.run_to_end() != 0
    assert "/nonexistent/directory/access.log" in proxy.service.tail()

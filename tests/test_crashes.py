"""Workers that died: what they did last is in the log and in `proxyctl crashes`, and never what a client said."""
import os
import signal

import pytest

from harness import tcp_server
from harness.curl import curl
from harness.load import Tunnel
from harness.waiting import eventually

SECRET = "correct-horse-battery-staple"


def crashes(proxy, role):
    return [entry for entry in proxy.query("crashes") if entry["role"] == role]


# Not SIGSEGV: a sanitizer would take it for a fault of its own finding.
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_an_acceptor_killed_in_mid_connection_tells_what_it_did(start, serve, number):
    proxy = start({"workers": {"acceptors": 1}})
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    eventually(lambda: tunnel.rounds > 3, "the connection carries something")
    row = eventually(lambda: proxy.rows("connections", "connections"), "it is listed")[0]
    pid = proxy.worker_pids("acceptor")[0]
    os.kill(pid, number)
    entry = eventually(lambda: crashes(proxy, "acceptor"), "the death is recorded")[0]
    tunnel.finish()
    assert (entry["pid"], entry["index"], entry["signal"], entry["exit_code"]) == (pid, 0, number, 0)
    assert entry["uptime_ms"] > 0 and entry["generation"] == 1 and not entry["recorder_damaged"]
    own = [event["event"] for event in entry["events"] if event["subject"] == "connection" and event["number"] == row["id"]]
    assert own[:6] == ["accepted", "recognised", "routed", "opening", "opened", "relaying"], entry
    ages = [event["before_us"] for event in entry["events"]]
    assert ages == sorted(ages, reverse=True)
    assert proxy.log(msg="flight recorder", worker="acceptor.0", event="relaying"), "the last events are in the log"
    shown = proxy.ctl("crashes").out
    assert "acceptor 0" in shown and f"connection {row['id']}" in shown and "killed by signal" in shown


def test_an_egress_tells_too(start, origin):
    proxy = start()
    assert curl("-x", proxy.http, origin.url()).status == 200
    os.kill(proxy.worker_pids("egress")[0], signal.SIGKILL)
    entry = eventually(lambda: crashes(proxy, "egress"), "the death is recorded")[0]
    assert [event["detail"] for event in entry["events"] if event["event"] == "asked"] == ["message=open_tcp"]
    assert [event["event"] for event in entry["events"]].count("answered") == 1


def test_refusals_are_named_and_nothing_that_a_client_said_is_kept(start, origin):
    proxy = start({"workers": {"acceptors": 1}})
    assert curl("-x", proxy.http, "http://no-such-name.test/" + SECRET, "-H", f"Authorization: Bearer {SECRET}").status >= 500
    assert curl("-x", proxy.http, "-u", f"somebody:{SECRET}", origin.url("/hello?" + SECRET)).status == 200
    os.kill(proxy.worker_pids("acceptor")[0], signal.SIGKILL)
    entry = eventually(lambda: crashes(proxy, "acceptor"), "the death is recorded")[0]
    refused = [event["detail"] for event in entry["events"] if event["event"] == "refused"]
    assert refused == ["reason=name_not_found status=502"] or refused == ["reason=dns_failed status=502"], refused
    everything = proxy.ctl("crashes", as_json=True).out + "\n".join(proxy.lines)
    assert SECRET not in everything and "no-such-name" not in everything and "somebody" not in everything


def test_an_orderly_end_is_no_crash(start):
    proxy = start({"workers": {"acceptors": 2}})
    proxy.write({"workers": {"acceptors": 1}})
    assert proxy.reload().exit == 0
    eventually(lambda: len(proxy.workers("acceptor")) == 1, "one has drained")
    assert proxy.query("crashes") == []
    assert "no worker has died" in proxy.ctl("crashes").out


def test_only_the_last_deaths_are_kept(start):
    proxy = start({"workers": {"acceptors": 1}})
    seen = set()

    def kill_again():
        for pid in proxy.worker_pids("egress"):
            if pid not in seen:
                seen.add(pid)
                os.kill(pid, signal.SIGKILL)
        return len(seen) >= 4

    eventually(kill_again, "it is killed several times", 30)
    numbers = [entry["number"] for entry in eventually(lambda: (lambda found: found if len(found) >= 4 else None)(crashes(proxy, "egress")), "all are recorded")]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers)

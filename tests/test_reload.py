"""Reloading: everything in the file may change under load, ports included, and a bad file changes nothing."""
import os
import pathlib
import signal
import socket

import pytest

from harness import ports, raw_client, tcp_server
from harness.bulkhead import EXIT_CONFIGURATION
from harness.configuration import everything, rule
from harness.curl import curl
from harness.load import Load, Tunnel, keep_alive_gets, one_get, one_socks
from harness.waiting import eventually, port_open

BLOCK_ALL = {"rules": [rule("stop", action="block", domains=["*"])]}


def generation(proxy):
    return proxy.status()["generation"]


def by_signal(proxy):
    before = generation(proxy)
    os.kill(proxy.service.pid, signal.SIGHUP)
    eventually(lambda: generation(proxy) > before, "a new generation")


def by_command(proxy):
    answer = proxy.reload()
    assert answer.exit == 0, answer


@pytest.mark.parametrize("how", [by_signal, by_command])
def test_rules_change(start, origin, how):
    proxy = start()
    assert curl("-x", proxy.http, origin.url()).status == 200
    proxy.write(BLOCK_ALL)
    how(proxy)
    assert curl("-x", proxy.http, origin.url()).status == 403


@pytest.mark.parametrize("broken, told", [
    ({"rules": [everything("nowhere")]}, "nowhere"), ({"server": {"http_prot": 1}}, "http_prot"),
    ({"network": {"timeouts": {"connect": "soon"}}}, "connect")])
def test_invalid_file_changes_nothing(start, origin, broken, told):
    proxy = start()
    before = generation(proxy)
    proxy.write(broken)
    answer = proxy.reload()
    assert answer.exit != 0 and told in answer.out + answer.err
    assert "config.yaml:" in answer.out + answer.err, "with file, line and column"
    assert generation(proxy) == before
    assert curl("-x", proxy.http, origin.url()).status == 200
    status = proxy.status()
    assert status["failed_reloads"] == 1 and status["last_reload"] != "ok"


def test_invalid_file_by_signal_is_logged(start, origin):
    proxy = start()
    proxy.write(text="rules: [")
    os.kill(proxy.service.pid, signal.SIGHUP)
    eventually(lambda: [record for record in proxy.log(level="error") if record["role"].startswith("supervisor")], "it says why")
    assert curl("-x", proxy.http, origin.url()).status == 200


def listener(port, name="extra"):
    return {"name": name, "address": "127.0.0.1", "port": port, "protocol": "mixed"}


def test_ports_come_and_go(start, origin):
    proxy = start()
    extra = ports.reserve()
    ports.release(extra)
    proxy.write({"listeners": [listener(extra)]})
    by_command(proxy)
    assert curl("-x", f"http://127.0.0.1:{extra}", origin.url()).status == 200
    proxy.write({"listeners": []})
    by_command(proxy)
    # The workers commit on their own once they are told to.
    eventually(lambda: not port_open(extra), "the port is closed")
    moved = ports.reserve()
    ports.release(moved)
    proxy.write({"server": {"http_port": moved}})
    by_command(proxy)
    assert curl("-x", f"http://127.0.0.1:{moved}", origin.url()).status == 200
    eventually(lambda: not port_open(proxy.http_port), "the port is closed")


def test_port_that_is_taken_changes_nothing(start, serve, origin):
    proxy = start()
    proxy.write({"listeners": [listener(serve(tcp_server.silent).port)], **BLOCK_ALL})
    answer = proxy.reload()
    assert answer.exit != 0 and "in use" in (answer.out + answer.err).lower()
    assert curl("-x", proxy.http, origin.url()).status == 200, "not the rules either"


def test_connections_live_through_a_reload(start, serve):
    proxy = start()
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    proxy.write(BLOCK_ALL)
    by_command(proxy)
    rounds = tunnel.rounds
    eventually(lambda: tunnel.rounds > rounds + 20 or tunnel.error, "the tunnel goes on")
    assert tunnel.finish() is None


def test_twenty_reloads_under_load(start, origin, serve):
    proxy = start()
    echo = serve(tcp_server.echo)
    extra = ports.reserve()
    ports.release(extra)
    load = Load().add(one_get(proxy, origin), 2).add(keep_alive_gets(proxy, origin), 2).add(one_socks(proxy, echo.port))
    tunnels = [Tunnel(proxy, echo.port) for _ in range(4)]
    for turn in range(20):
        proxy.write({"listeners": [listener(extra)] if turn % 2 == 0 else [], "rules": [everything(name=f"Default {turn}")]})
        (by_command if turn % 4 else by_signal)(proxy)
        if turn % 2 == 0:
            assert curl("-x", f"http://127.0.0.1:{extra}", origin.url()).status == 200
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before for tunnel, before in zip(tunnels, rounds)), "every tunnel still moves")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 4
    load.stop().check()
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert proxy.await_access(rule="Default 19")
    assert all(worker["restarts"] == 0 for worker in proxy.workers())


def test_watch(start, origin):
    proxy = start({"reload": {"watch": True}})
    proxy.write(BLOCK_ALL)
    eventually(lambda: curl("-x", proxy.http, origin.url()).status == 403, "it noticed the file", 15)
    proxy.write({"rules": [everything()]})
    eventually(lambda: curl("-x", proxy.http, origin.url()).status == 200, "it noticed again", 15)


def test_number_of_acceptors_changes(start, origin, serve):
    proxy = start({"workers": {"acceptors": 2}})
    echo = serve(tcp_server.echo)
    load = Load().add(one_get(proxy, origin), 2)
    for count in (4, 1, 3):
        tunnels = [Tunnel(proxy, echo.port) for _ in range(4)]
        proxy.write({"workers": {"acceptors": count}})
        by_command(proxy)
        eventually(lambda: len([w for w in proxy.workers("acceptor") if w["state"] == "running"]) == count, f"{count} acceptors")
        for tunnel in tunnels:
            tunnel.finish()
    load.stop().check()


def test_log_level_reloads(start):
    proxy = start({"server": {"log_level": "info"}})
    assert not proxy.log(level="debug")
    proxy.write({"server": {"log_level": "debug"}})
    by_command(proxy)
    with raw_client.RawHttp(proxy.http_port) as client:
        client.get(f"http://127.0.0.1:{ports.closed()}/")
    eventually(lambda: proxy.log(level="debug"), "debug lines appear")


def test_unknown_keys_are_told_with_place_and_hint(prepare):
    proxy = prepare(text="server:\n  http_prot: 8080\nbackends: [{name: direct, type: direct}]\nrulez: []\n")
    assert proxy.run_to_end() == EXIT_CONFIGURATION
    said = proxy.service.tail()
    assert "config.yaml:2:3" in said and "http_port" in said, "the place and what was meant"
    assert "config.yaml:4:1" in said and "rules" in said, "all errors at once"


def test_fallback_defaults(prepare, origin):
    """The safe defaults are the classic ports on loopback, moved here so that nothing fixed is taken."""
    proxy = prepare(text="rules: [", arguments=["--fallback-defaults"])
    proxy.arguments += ["--set", f"server.http_port={proxy.http_port}", "--set", f"server.socks5_port={proxy.socks_port}",
                        "--set", 'access_control.destinations.allow=["127.0.0.0/8"]']
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert proxy.status()["warnings"] or proxy.log(level="warn") or proxy.log(level="error")


def test_fallback_defaults_say_where_they_listen(prepare):
    proxy = prepare(text="rules: [", arguments=["--fallback-defaults", "--bind-address", "0.0.0.0"])
    proxy.arguments += ["--http-port", str(proxy.http_port), "--socks5-port", str(proxy.socks_port)]
    proxy.start()
    assert {(entry["address"], entry["port"]) for entry in proxy.rows("listeners", "status")} == {
        ("127.0.0.1", proxy.http_port), ("127.0.0.1", proxy.socks_port)}, "the ports hold, the open proxy was not written out"
    assert any("server.bind_address" in warning for warning in proxy.status()["warnings"])
    proxy.finish()
    proxy.arguments += ["--set", "access_control.open_proxy=true"]
    proxy.start()
    assert {entry["address"] for entry in proxy.rows("listeners", "status")} == {"0.0.0.0"}
    said = [record for record in proxy.log(level="error") if "built-in defaults" in record["msg"]]
    assert said and "loopback" not in said[-1]["msg"] and f"0.0.0.0:{proxy.http_port}" in said[-1]["listening"], said


def test_no_file(prepare, origin):
    proxy = prepare(config_file=False)
    proxy.arguments += ["--set", f"server.http_port={proxy.http_port}", "--set", f"server.socks5_port={proxy.socks_port}"]
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 403, "loopback is no destination by default"
    assert {entry["address"] for entry in proxy.rows("listeners", "status")} == {"127.0.0.1"}


def test_command_line_overrides_the_file(start, origin):
    port = ports.reserve()
    ports.release(port)
    proxy = start(arguments=["--set", f"server.http_port={port}", "--set", "server.via=from-the-command-line"])
    assert curl("-x", f"http://127.0.0.1:{port}", origin.url()).status == 200
    assert "from-the-command-line" in origin.requests[-1].fields.get("Via")
    proxy.write(BLOCK_ALL)
    by_command(proxy)
    assert curl("-x", f"http://127.0.0.1:{port}", origin.url()).status == 403, "and still does after a reload"


def test_bad_override_is_fatal(prepare):
    assert prepare(arguments=["--set", "server.http_port=many"]).run_to_end() == EXIT_CONFIGURATION


def test_environment_in_the_file(start, origin):
    proxy = start({"server": {"via": "${VIA_NAME}"}}, environment={"VIA_NAME": "from-the-environment"})
    curl("-x", proxy.http, origin.url())
    assert "from-the-environment" in origin.requests[-1].fields.get("Via")


def test_unset_variable_is_an_error(prepare):
    proxy = prepare({"server": {"via": "${SURELY_NOT_SET}"}})
    assert proxy.run_to_end() == EXIT_CONFIGURATION
    assert "SURELY_NOT_SET" in proxy.service.tail()


def test_missing_file_is_fatal(prepare):
    proxy = prepare()
    proxy.file.unlink()
    assert proxy.run_to_end() == EXIT_CONFIGURATION


def test_configuration_of_the_specification_starts_verbatim(prepare, tmp_path):
    text = (pathlib.Path(__file__).parent / "data/spec.yaml").read_text()
    proxy = prepare(text=text)
    for key, value in {"server.http_port": proxy.http_port, "server.socks5_port": proxy.socks_port, "server.web_ui_port": 0,
                       "server.bind_address": "127.0.0.1", "access_log.file": tmp_path / "access.log"}.items():
        proxy.arguments += ["--set", f"{key}={value}"]
    proxy.start()
    names = {entry["name"]: entry for entry in proxy.rows("backends", "backend", "list")}
    assert set(names) == {"direct", "germany", "japan", "uk-vpn", "us-proxy", "socks-proxy"}
    assert not names["germany"]["available"] and names["direct"]["available"]
    assert len(proxy.rows("rules", "rule", "list")) == 4
    assert curl("-x", proxy.http, "http://www.crunchyroll.com/").status == 503, "fails closed"


def test_listening_sockets_are_inherited_by_nobody(start):
    """A port given up by a reload can be bound by another program."""
    proxy = start({"listeners": []})
    extra = ports.reserve()
    ports.release(extra)
    proxy.write({"listeners": [listener(extra)]})
    by_command(proxy)
    proxy.write({"listeners": []})
    by_command(proxy)

    def can_be_had():
        with socket.socket() as other:
            other.bind(("127.0.0.1", extra))
            other.listen()
            return True

    eventually(can_be_had, "the port is free", 3)

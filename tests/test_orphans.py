"""A supervisor that is killed: its workers go on, and the next one takes their ports and their connections."""
import os
import pathlib
import signal
import subprocess
import time

import psutil
import pytest

from harness import raw_client, stream, tcp_server
from harness.curl import curl
from harness.flows import await_held
from harness.load import Load, Tunnel, one_get, one_socks
from harness.waiting import eventually

SETTLED = 0.6  # a flow is held by the vault by then (250 ms and the way there)


def orphan(proxy, **options):
    """Kills the supervisor and returns its workers, which live on; see Bulkhead.lose_supervisor()."""
    workers = [psutil.Process(worker["pid"]) for worker in proxy.workers() if worker["pid"]]
    proxy.lose_supervisor(**options)
    return workers


def alive(processes):
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def gone(workers, deadline):
    eventually(lambda: not alive(workers), f"the orphans end: {workers}", deadline)


def times(drain):
    return {"shutdown": {"drain_timeout": drain, "force_timeout": "60s"}}


def test_flows_go_on_under_the_next_supervisor(start, serve, origin):
    proxy = start({"workers": {"acceptors": 2}, **times("20s")})
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(8)]
    eventually(lambda: all(tunnel.rounds > 5 for tunnel in tunnels), "the tunnels run")
    time.sleep(SETTLED)
    workers = orphan(proxy)
    proxy.start()
    proxy.await_log("took over from a supervisor before this one")
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on")
    gone(workers, 10)
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on in their new process")
    assert len(proxy.rows("connections", "connections")) == 8
    assert curl("-x", proxy.http, origin.url()).status == 200
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 8
    assert echo.connections == 8, "nothing was opened anew"


def all_go_on(tunnels):
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on")


def bulk_source(length):
    def handler(connection, _server):
        for block in stream.blocks(length):
            connection.sendall(block)

    return handler


def test_a_transfer_goes_on_byte_for_byte(start, serve):
    """Both while nobody supervises and over the take-over; the reader is slow, so that bytes wait in every place."""
    length = 96 << 20
    proxy = start({"workers": {"acceptors": 1}, **times("20s")})
    source = serve(bulk_source(length))
    with raw_client.RawHttp(proxy.http_port, timeout=60) as client:
        assert client.connect(f"127.0.0.1:{source.port}").status == 200
        begun = client.reader.exactly(1 << 20)
        time.sleep(SETTLED)
        begun += client.reader.exactly(1 << 20)
        workers = orphan(proxy)
        begun += client.reader.exactly(8 << 20)
        proxy.start()
        proxy.await_log("took over from a supervisor before this one")
        begun += client.reader.buffer
        client.reader.buffer = b""
        assert stream.receive_sha256(client.sock, bytes(begun)) == (length, stream.sha256(length))
    gone(workers, 10)


def test_new_connections_while_nobody_supervises_and_after(start, serve, origin):
    """Not one fails: the orphans accept until the next supervisor's workers do."""
    proxy = start({"workers": {"acceptors": 2}, **times("20s")})
    echo = serve(tcp_server.echo)
    load = Load().add(one_get(proxy, origin), 2).add(one_socks(proxy, echo.port), 1)
    workers = orphan(proxy)
    done = load.done
    eventually(lambda: load.done > done + 50, "the orphans serve")
    proxy.start()
    proxy.await_log("took over from a supervisor before this one")
    gone(workers, 10)
    done = load.done
    eventually(lambda: load.done > done + 50, "the new workers serve")
    load.stop().check()


def listening(port):
    """The kernel's sockets that listen on it."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port}


@pytest.mark.parametrize("acceptors", [1, 2, 3])
def test_the_listening_sockets_stay_the_same(start, serve, acceptors):
    """A connection that has been queued is never lost, however many acceptors there are afterwards."""
    proxy = start({"workers": {"acceptors": 2}, **times("20s")})
    before = listening(proxy.http_port)
    assert len(before) == 2
    proxy.write({"workers": {"acceptors": acceptors}})
    workers = orphan(proxy)
    proxy.start()
    gone(workers, 10)
    assert listening(proxy.http_port) >= before and len(listening(proxy.http_port)) == max(acceptors, 2)
    assert proxy.log(msg="workers of a supervisor before this one go on")[0]["listeners"] == "6"
    proxy.stop()
    assert not listening(proxy.http_port)


def test_a_port_that_is_not_wanted_any_more_is_closed(start, origin):
    proxy = start({"workers": {"acceptors": 1}, **times("20s")})
    old = proxy.socks_port
    proxy.write({"server": {"socks5_port": 0}})
    workers = orphan(proxy)
    assert listening(old)
    proxy.start()
    gone(workers, 10)
    assert not listening(old)
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_again_and_again(start, serve):
    """Flows keep the names that they were given; those of three supervisors live side by side."""
    proxy = start({"workers": {"acceptors": 1}, **times("20s")})
    echo = serve(tcp_server.echo)
    tunnels = []
    for _ in range(3):
        tunnels += [Tunnel(proxy, echo.port) for _ in range(3)]
        time.sleep(SETTLED)
        workers = orphan(proxy)
        proxy.start()
        gone(workers, 10)
    ids = [row["id"] for row in proxy.rows("connections", "connections")]
    assert len(set(ids)) == 9 == len(ids)
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 9


def test_what_cannot_be_handed_over_drains(start, origin):
    proxy = start({"workers": {"acceptors": 1}, **times("20s")})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/gated')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        assert client.reader.exactly(5) == b"first"
        workers = orphan(proxy)
        proxy.start()
        proxy.await_log("took over from a supervisor before this one")
        assert curl("-x", proxy.http, origin.url()).status == 200
        origin.gate.set()
        assert client.reader.exactly(5) == b"-last"
    gone(workers, 10)


def test_without_another_supervisor_they_end(start, serve, origin):
    """First they serve for shutdown.drain_timeout, then they drain for as long."""
    proxy = start({"workers": {"acceptors": 2}, **times("1s")})
    tunnel = Tunnel(proxy, serve(tcp_server.echo).port)
    begin = time.monotonic()
    workers = orphan(proxy)
    assert curl("-x", proxy.http, origin.url()).status == 200, "they accept"
    rounds = tunnel.rounds
    eventually(lambda: tunnel.rounds > rounds + 5, "they relay")
    gone(workers, 10)
    assert time.monotonic() - begin > 1
    eventually(lambda: tunnel.error, "it is cut")
    tunnel.finish()
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_a_vault_that_died_with_its_supervisor(start, origin):
    """Nobody can ask for the flows then: the acceptors drain at once, and free the ports."""
    proxy = start({"workers": {"acceptors": 1}, **times("5s")})
    gone(orphan(proxy, and_also=proxy.worker_pids("vault")), 5)
    proxy.start()
    assert curl("-x", proxy.http, origin.url()).status == 200


def test_an_acceptor_that_died_with_its_supervisor(start, serve):
    """Its flows are in the vault, and go on when the next supervisor comes soon."""
    proxy = start({"workers": {"acceptors": 2}, **times("20s")})
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(6)]
    time.sleep(SETTLED)
    workers = orphan(proxy, and_also=proxy.worker_pids("acceptor"))
    proxy.start()
    gone(workers, 10)
    rounds = [tunnel.rounds for tunnel in tunnels]
    eventually(lambda: all(tunnel.rounds > before + 5 for tunnel, before in zip(tunnels, rounds)), "all go on")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 6


def test_an_acceptor_that_dies_while_nobody_supervises(start, serve):
    """Another orphan goes on with its flows; and the next supervisor's workers do after that."""
    proxy = start({"workers": {"acceptors": 2}, **times("20s")})
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(8)]
    await_held(proxy, 8)
    first, second = proxy.worker_pids("acceptor")
    workers = orphan(proxy)
    all_go_on(tunnels)
    os.kill(first, signal.SIGKILL)
    all_go_on(tunnels)
    proxy.start()
    gone(workers, 10)
    all_go_on(tunnels)
    assert second not in proxy.worker_pids("acceptor")
    assert [tunnel.finish() for tunnel in tunnels] == [None] * 8
    assert echo.connections == 8, "nothing was opened anew"


@pytest.mark.parametrize("delay_ms", [0, 10, 20, 30, 40, 60, 90])
def test_a_supervisor_that_dies_in_an_upgrade_and_stays_dead(start, serve, delay_ms):
    """The old workers let go of their flows, and nobody is left to say who goes on with them: then the vault does."""
    proxy = start({"workers": {"acceptors": 2}, **times("5s")})
    echo = serve(tcp_server.echo)
    tunnels = [Tunnel(proxy, echo.port) for _ in range(8)]
    await_held(proxy, 8)
    asking = subprocess.Popen([proxy.stage / "bin/proxyctl", "--runtime-dir", proxy.runtime, "upgrade"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proxy.await_log("msg=upgraded")
    time.sleep(delay_ms / 1000)
    supervisor = proxy.service.pid
    os.kill(supervisor, signal.SIGSTOP)
    time.sleep(0.3)  # what it was told to do, the old workers have done
    proxy.lose_supervisor()
    asking.wait(10)
    for _ in range(3):
        all_go_on(tunnels)
    assert echo.connections == 8, "nothing was opened anew"
    for tunnel in tunnels:
        tunnel.finish()


def test_nobody_else_reaches_the_socket(start):
    proxy = start()
    path = proxy.runtime / "vault.sock"
    assert oct(path.stat().st_mode & 0o777) == "0o600" and path.stat().st_uid == os.geteuid()
    if os.geteuid() != 0:  # who else it could be cannot be tried
        return
    script = ("import os, socket, sys\nos.setgroups([])\nos.setresgid(65534, 65534, 65534)\nos.setresuid(65534, 65534, 65534)\n"
              "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
              "sys.exit(s.connect_ex(sys.argv[1]))")
    done = subprocess.run(["/usr/bin/python3", "-c", script, str(path)], check=False, timeout=20)
    assert done.returncode == 13, "permission denied"


def test_the_socket_goes_with_the_daemon(start):
    proxy = start()
    assert (proxy.runtime / "vault.sock").exists()
    proxy.stop()
    assert not (proxy.runtime / "vault.sock").exists()

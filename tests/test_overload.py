"""When there is no more of something: the newest are turned away cheaply, the others go on, and nobody keeps a place for saying
nothing."""
import socket
import threading
import time

import psutil
import pytest

from harness import raw_client, tcp_server
from harness.waiting import eventually


def with_descriptors(proxy, most):
    """The same daemon, which may open no more than so many descriptors a process."""
    command = proxy.command()
    proxy.command = lambda: ["prlimit", f"--nofile={most}:{most}", *command]
    return proxy


def busy(proxy, seconds):
    """The share of a core that the daemon's processes used in that time."""
    def spent():
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in proxy.pids())

    before = spent()
    time.sleep(seconds)
    return (spent() - before) / seconds


def test_out_of_descriptors_the_newest_are_turned_away(prepare, serve, origin):
    proxy = with_descriptors(prepare({"workers": {"acceptors": 1}, "access_log": {"enabled": False}}), 150).start()
    echo = serve(tcp_server.echo)
    kept, turned_away = [], 0
    for _ in range(150):
        client = raw_client.RawHttp(proxy.http_port)
        try:
            assert client.connect(f"127.0.0.1:{echo.port}").status == 200
            kept.append(client)
        except (OSError, EOFError, ValueError):
            turned_away += 1
            client.close()
    assert len(kept) >= 30 and turned_away >= 50
    for client in kept:
        assert client.send(b"still here").reader.exactly(10) == b"still here"
    eventually(lambda: proxy.query("stats")["refusals"]["overloaded"] >= turned_away, "it is counted")
    assert proxy.log(msg="connections are turned away")
    assert busy(proxy, 1) < 0.5, "nothing spins"
    for client in kept:
        client.close()

    def served():
        with raw_client.RawHttp(proxy.http_port) as client:
            return client.get(origin.url()).status == 200

    eventually(served, "there is room again")


def test_with_no_descriptor_at_all_the_queue_still_moves(prepare, serve):
    """UDP flows take what is left; a connection that comes then is closed, not left to wake the acceptor again and again."""
    proxy = with_descriptors(prepare({"workers": {"acceptors": 1}, "access_log": {"enabled": False}}), 150).start()
    with raw_client.RawSocks(proxy.socks_port) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        code, (host, port) = client.open(raw_client.UDP_ASSOCIATE, "0.0.0.0", 0)
        assert code == 0
        sender.bind(("127.0.0.1", 0))
        for target in range(20000, 20250):
            sender.sendto(b"\x00\x00\x00" + raw_client.address_bytes("127.0.0.1", target) + b"x", (host, port))
            time.sleep(0.002)
        acceptor = psutil.Process(proxy.worker_pids("acceptor")[0])
        eventually(lambda: acceptor.num_fds() >= 148, "all descriptors are taken")
        with raw_client.RawHttp(proxy.http_port) as late:
            assert late.closed(5)
        assert busy(proxy, 1) < 0.5, "nothing spins"
    eventually(lambda: acceptor.num_fds() < 100, "they are given back")
    assert proxy.worker_pids("acceptor") == [acceptor.pid], "nobody died of it"


def test_out_of_memory_the_newest_are_turned_away(start, origin):
    proxy = start({"network": {"limits": {"max_memory": "1KiB"}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.closed()
    eventually(lambda: proxy.query("stats")["refusals"] == {"overloaded": 1}, "it is counted")
    proxy.write({"network": {"limits": {"max_memory": 0}}})
    assert proxy.reload().exit == 0
    with raw_client.RawHttp(proxy.http_port) as client:
        assert client.get(origin.url()).status == 200


@pytest.mark.parametrize("port", ["http_port", "socks_port", "mixed_port"])
@pytest.mark.parametrize("beginning", [b"", b"\x05", b"GET http://x.test/ HT"], ids=["nothing", "socks", "http"])
def test_silent_clients_lose_their_place(start, port, beginning):
    proxy = start({"network": {"timeouts": {"handshake": "500ms", "header": "500ms"}}})
    with raw_client.Connection(getattr(proxy, port)) as client:
        client.send(beginning)
        began = time.monotonic()
        while client.sock.recv(4096):
            pass
        assert time.monotonic() - began < 4
    eventually(lambda: proxy.status()["active"] == 0, "nothing is left of it")


def test_a_body_that_trickles_loses_its_place(start, origin):
    """Each octet comes in time, and the whole would take for ever."""
    proxy = start({"network": {"timeouts": {"idle": "1s"}}})
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"POST {origin.url('/upload')} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        with pytest.raises((OSError, AssertionError)):
            while True:
                client.send(b"x")
                time.sleep(0.1)
                assert time.monotonic() - began < 10, "it is still read"
                eventually(lambda: proxy.status()["active"] > 0, "it is open", 0.2)
        assert time.monotonic() - began < 9
    assert proxy.await_access(refusal="header_timeout")["status"] == 408


def test_a_flood_of_one_listener_leaves_the_others_their_turn(start, origin):
    proxy = start({"access_log": {"enabled": False}})
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            try:
                socket.create_connection(("127.0.0.1", proxy.http_port), timeout=5).close()
            except OSError:
                pass

    threads = [threading.Thread(target=flood, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    times = []
    try:
        for _ in range(30):
            began = time.monotonic()
            with raw_client.RawHttp(proxy.mixed_port) as client:
                assert client.get(origin.url()).status == 200
            times.append(time.monotonic() - began)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert sorted(times)[len(times) // 2] < 0.5, times


# In a sandbox LeakSanitizer cannot look at a process; without one it does at the end of each worker, and what it says fails the test.
@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_many_short_connections_and_idle_ones_leave_nothing_behind(start, serve, sandbox):
    """The short form of bench/soak."""
    proxy = start({"access_log": {"enabled": False}, "sandbox": sandbox})
    echo = serve(tcp_server.echo)

    def short(count):
        for _ in range(count):
            with raw_client.RawHttp(proxy.http_port) as client:
                assert client.connect(f"127.0.0.1:{echo.port}", early=b"ping").status == 200
                assert client.reader.exactly(4) == b"ping"

    def idle(count):
        clients = [raw_client.RawHttp(proxy.http_port) for _ in range(count)]
        assert all(client.connect(f"127.0.0.1:{echo.port}").status == 200 for client in clients)
        eventually(lambda: proxy.status()["active"] >= count, "all are open")
        for client in clients:
            client.close()
        eventually(lambda: proxy.status()["active"] == 0, "all are gone")

    short(300)
    idle(300)
    memory, descriptors = proxy.memory()
    threads = [threading.Thread(target=short, args=(500,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    idle(300)
    eventually(lambda: proxy.memory()[1] <= descriptors, "descriptors are back", 10)
    assert proxy.memory()[0] < memory + (4 << 20)
    eventually(lambda: proxy.query("stats")["accepted"] >= 2900, "it is counted")

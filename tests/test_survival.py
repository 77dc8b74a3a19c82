"""Raw flows outlive the processes that carry them: whoever is killed, each octet arrives once and in its place; what cannot go on is
counted by its reason, and nothing is left behind."""
import os
import random
import resource
import signal
import socket
import time

import psutil
import pytest

from harness import raw_client, tcp_server, websocket
from harness.configuration import everything, parent
from harness.curl import curl
from harness.flows import Flow, Meeting, await_held, await_settled, await_successor, kill, lost, running, survival, take
from harness.waiting import eventually

# How octets come, so that each way of relaying is met: what is small is copied, a steady stream is spliced; a slow receiver leaves
# octets in blocks of the copy memory, or in pipes.
SHAPES = {"copied": {"piece": 3_000, "pause": 0.0005}, "spliced": {"piece": 1 << 20},
          "copied, slow receiver": {"piece": 20_000, "slow": 0.02}, "spliced, slow receiver": {"piece": 1 << 20, "slow": 0.01}}
ONE = {"workers": {"acceptors": 1}}
FORCED = ["copy", "splice"]
# What an acceptor keeps of pipes for flows to come (runtime/pipe_pool.h), and the descriptors of the vault's own pipes: its output, twice,
# and both ends of one for signals.
KEPT_PIPES, OWN_PIPES = 32, 4


def relaying(mode):
    """One acceptor that moves octets in that way only."""
    return {**ONE, "network": {"relay": mode}}


@pytest.fixture
def meeting():
    place = Meeting()
    yield place
    place.close()


def await_movement(flows, octets=100_000):
    before = [flow.moved() for flow in flows]
    eventually(lambda: all(now >= then + octets for flow, old in zip(flows, before) for now, then in zip(flow.moved(), old)),
               "all flows move", 60)


def check_access_log(proxy, flow, up, down):
    """One line for the flow, whoever carried it, with all its octets."""
    record = proxy.await_access(client_port=flow.port)
    lines = [each for each in proxy.access() if each["client_port"] == flow.port]
    assert len(lines) == 1, lines
    assert (record["bytes_received"], record["bytes_sent"]) == (up + flow.overhead, down), record
    assert "refusal" not in record and "detail" not in record and record["backend"] == "direct" and record["rule"] == "Default"


def finish(proxy, flows):
    results = [flow.finish() for flow in flows]
    for flow, (up, down) in zip(flows, results):
        check_access_log(proxy, flow, up, down)
    eventually(lambda: survival(proxy)["held"] == 0, "the vault holds nothing any more")


# kill -9 of an acceptor

@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", ["connect", "socks5"])
def test_bulk(start, meeting, way, shape):
    proxy = start(ONE)
    flows = [Flow(proxy, meeting, way).pump(**SHAPES[shape]) for _ in range(2)]
    await_held(proxy, len(flows))
    for turn in (1, 2, 3):
        await_movement(flows)
        if shape == "spliced":
            eventually(lambda: survival(proxy)["pipes"], "pipes are in use")
        former = kill(proxy, "acceptor")
        await_successor(proxy, "acceptor", former)
        await_settled(proxy, turn * len(flows))
    await_movement(flows)
    finish(proxy, flows)
    assert not lost(proxy)


@pytest.mark.parametrize("way", ["connect", "socks5", "socks4"])
def test_echo_and_idle(start, meeting, way):
    proxy = start(ONE)
    busy, idle = Flow(proxy, meeting, way).echo(), Flow(proxy, meeting, way)
    await_held(proxy, 2)
    for turn in (1, 2):
        await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
        busy.echo()
        await_settled(proxy, turn * 2)
    assert idle.echo(100).moved() == []
    assert [worker["connections"] for worker in running(proxy, "acceptor")] == [2]
    backend = next(row for row in proxy.rows("backends", "backend", "list") if row["name"] == "direct")
    assert (backend["opened"], backend["active"]) == (2, 2), "what goes on was not opened anew"
    finish_by_hand(proxy, [busy, idle], [(3_000, 3_000), (100, 100)])
    assert not lost(proxy)


def finish_by_hand(proxy, flows, octets):
    for flow in flows:
        flow.near.shutdown(socket.SHUT_WR)
        assert flow.far.recv(1) == b""
        flow.far.shutdown(socket.SHUT_WR)
        assert flow.near.recv(1) == b""
        flow.close()
    for flow, (up, down) in zip(flows, octets):
        check_access_log(proxy, flow, up, down)


@pytest.mark.parametrize("way, mode", [("connect", "adaptive"), ("socks5", "adaptive"), ("connect", "copy"), ("connect", "splice")])
@pytest.mark.parametrize("first", ["near", "far"])
def test_half_closed(start, meeting, first, way, mode):
    """The end of one direction was passed on before; the other one goes on."""
    proxy = start(relaying(mode))
    flow = Flow(proxy, meeting, way).echo()
    ending, speaking = (flow.near, flow.far) if first == "near" else (flow.far, flow.near)
    await_held(proxy, 1)
    ending.shutdown(socket.SHUT_WR)
    assert speaking.recv(1) == b""
    await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
    await_settled(proxy, 1)
    speaking.sendall(b"still here" * 1000)
    assert take(ending, 10_000) == b"still here" * 1000
    speaking.shutdown(socket.SHUT_WR)
    assert ending.recv(1) == b""
    flow.close()
    check_access_log(proxy, flow, *((1_000, 11_000) if first == "near" else (11_000, 1_000)))
    assert not lost(proxy)


@pytest.mark.parametrize("both", [False, True])
def test_what_comes_while_nobody_carries_it(start, meeting, both):
    """Octets and the end of a direction come in after the acceptor's last instruction."""
    proxy = start(ONE)
    flow = Flow(proxy, meeting).echo()
    await_held(proxy, 1)
    pid = proxy.worker_pids("acceptor")[0]
    os.kill(pid, signal.SIGSTOP)
    flow.near.sendall(b"up" * 10_000)
    flow.near.shutdown(socket.SHUT_WR)
    flow.far.sendall(b"down" * 10_000)
    if both:
        flow.far.shutdown(socket.SHUT_WR)
    os.kill(pid, signal.SIGKILL)
    assert take(flow.far, 20_000) == b"up" * 10_000 and flow.far.recv(1) == b""
    assert take(flow.near, 40_000) == b"down" * 10_000
    if not both:
        flow.far.sendall(b"and more")
        assert take(flow.near, 8) == b"and more"
        flow.far.shutdown(socket.SHUT_WR)
    assert flow.near.recv(1) == b""
    flow.close()
    check_access_log(proxy, flow, 21_000, 41_000 + (0 if both else 8))


@pytest.mark.parametrize("shape", [{"piece": 3_000, "pause": 0.0003}, {"piece": 1 << 20}], ids=["in blocks", "in pipes"])
def test_octets_on_their_way(start, meeting, shape):
    """Neither end reads: everything between them is full when the acceptor dies, its blocks or pipes too."""
    proxy = start(ONE)
    flow = Flow(proxy, meeting)
    await_held(proxy, 1)
    flow.pump(**shape, unread=True)
    await_stall(flow)
    before = proxy.rows("connections", "connections")[0]
    await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
    await_settled(proxy, 1)
    after = proxy.rows("connections", "connections")[0]
    assert [after[key] for key in ("id", "client", "destination", "backend", "rule")] == \
        [before[key] for key in ("id", "client", "destination", "backend", "rule")]
    assert after["age_ms"] >= before["age_ms"] and after["bytes_up"] >= before["bytes_up"]
    finish(proxy, [flow])
    assert not lost(proxy)


@pytest.mark.parametrize("way", ["connect", "socks5"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", FORCED)
def test_bulk_in_one_way_only(start, meeting, mode, shape, way):
    """What an heir goes on with has been in blocks only, or in pipes only."""
    proxy = start(relaying(mode))
    flows = [Flow(proxy, meeting, way).pump(**SHAPES[shape]) for _ in range(2)]
    await_held(proxy, len(flows))
    for turn in (1, 2):
        await_movement(flows)
        if mode == "splice":
            eventually(lambda: survival(proxy)["pipes"], "there are pipes")
        else:
            assert survival(proxy)["pipes"] == 0, "nothing is spliced"
        await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
        await_settled(proxy, turn * len(flows))
    await_movement(flows)
    finish(proxy, flows)
    assert not lost(proxy)


@pytest.mark.parametrize("mode", FORCED)
def test_octets_on_their_way_in_one_way_only(start, meeting, mode):
    proxy = start(relaying(mode))
    flow = Flow(proxy, meeting)
    await_held(proxy, 1)
    flow.pump(unread=True)
    await_stall(flow)
    assert bool(survival(proxy)["pipes"]) == (mode == "splice")
    await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
    await_settled(proxy, 1)
    finish(proxy, [flow])
    assert not lost(proxy)


@pytest.mark.parametrize("before, after", [("copy", "splice"), ("splice", "copy")])
def test_an_heir_relays_in_another_way(start, meeting, before, after):
    """What waits in blocks goes on by pipes, and the other way about."""
    proxy = start(relaying(before))
    flow = Flow(proxy, meeting)
    await_held(proxy, 1)
    flow.pump(unread=True)
    await_stall(flow)
    proxy.write(relaying(after))
    assert proxy.reload().exit == 0
    await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
    await_settled(proxy, 1)
    finish(proxy, [flow])
    assert not lost(proxy)


def await_stall(flow):
    """Until neither sender gets rid of anything any more."""
    def standing():
        before = [sender.sent for _, sender in flow.pumps]
        time.sleep(0.3)
        return before == [sender.sent for _, sender in flow.pumps]

    eventually(standing, "everything is full", 30)


def test_upgraded_http(start, origin):
    proxy = start(ONE)
    sock = socket.create_connection(("127.0.0.1", proxy.http_port), timeout=30)
    with sock:
        client = websocket.Client(sock, origin.url("/ws"), f"127.0.0.1:{origin.port}")
        assert client.echo(b"before") == b"before"
        await_held(proxy, 1)
        await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
        assert client.echo(b"after" * 10_000) == b"after" * 10_000
        port = sock.getsockname()[1]
    record = proxy.await_access(client_port=port)
    assert record["status"] == 101 and record["path"] == "/ws" and len(proxy.access()) == 1


def test_all_acceptors_at_once(start, meeting):
    proxy = start({"workers": {"acceptors": 3}})
    flows = [Flow(proxy, meeting, way).pump(piece=1 << 16) for way in ("connect", "socks5") * 4]
    await_held(proxy, len(flows))
    for turn in (1, 2):
        former = [kill(proxy, "acceptor", index) for index in range(3)]
        for index, pid in enumerate(former):
            await_successor(proxy, "acceptor", pid, index)
        await_settled(proxy, turn * len(flows))
        await_movement(flows)
    finish(proxy, flows)
    assert not lost(proxy)


def test_another_acceptor_goes_on_when_the_place_stays_empty(start, meeting):
    """Killed again and again, an acceptor waits for its restart; its flows do not wait with it."""
    proxy = start({"workers": {"acceptors": 2}})
    flows = [Flow(proxy, meeting).pump(piece=1 << 16) for _ in range(6)]
    await_held(proxy, len(flows))
    for turn in range(4):
        index = proxy.rows("connections", "connections")[0]["worker"]
        count = len([row for row in proxy.rows("connections", "connections") if row["worker"] == index])
        before = survival(proxy)["adopted"]
        kill(proxy, "acceptor", index)
        await_settled(proxy, before + count)
        await_movement(flows)
    finish(proxy, flows)
    assert not lost(proxy)


# Others die

def test_vault_killed(start, meeting):
    """It holds what is the acceptor's as well; the next one is given everything again."""
    proxy = start(ONE)
    flows = [Flow(proxy, meeting, way).pump() for way in ("connect", "socks5")] + [Flow(proxy, meeting)]
    await_held(proxy, 3)
    for turn in (1, 2):
        await_successor(proxy, "vault", kill(proxy, "vault"))
        await_held(proxy, 3)
        await_movement(flows[:2])
        await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
        await_settled(proxy, turn * 3)
        await_movement(flows[:2])
    flows[2].echo().close()
    finish(proxy, flows[:2])
    assert not lost(proxy)


def test_egress_and_acceptor_killed(start, meeting, origin):
    proxy = start(ONE)
    flows = [Flow(proxy, meeting, way).pump() for way in ("connect", "socks5")]
    await_held(proxy, 2)
    for turn in (1, 2):
        former = kill(proxy, "egress"), kill(proxy, "acceptor")
        await_successor(proxy, "egress", former[0])
        await_successor(proxy, "acceptor", former[1])
        await_settled(proxy, 2 * turn)
        await_movement(flows)
    assert curl("-x", proxy.http, origin.url()).status == 200
    finish(proxy, flows)
    assert not lost(proxy)


def test_vault_and_acceptor_at_once(start, meeting):
    """Then nobody has the sockets any more: the flow ends, and it is said why."""
    proxy = start(ONE)
    flow = Flow(proxy, meeting).echo()
    await_held(proxy, 1)
    pids = proxy.worker_pids("vault") + proxy.worker_pids("acceptor")
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)
    assert ended(flow.near) and ended(flow.far)
    eventually(lambda: lost(proxy) == {"unvaulted": 1}, "it is counted")
    assert "vault" in proxy.await_access(client_port=flow.port)["detail"]
    flow.close()


def ended(sock):
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_killed_in_random_order(start, meeting):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    order = random.Random(seed)
    proxy = start({"workers": {"acceptors": 2}})
    flows = [Flow(proxy, meeting, way).pump(**shape) for way in ("connect", "socks5") for shape in SHAPES.values()]
    idle = [Flow(proxy, meeting, way) for way in ("connect", "socks5")]
    await_held(proxy, len(flows) + len(idle))
    for _ in range(8):
        role = order.choice(["acceptor", "acceptor", "egress", "vault"])
        index = order.choice(eventually(lambda: running(proxy, role), f"there is one of {role}", 30))["index"]
        former = kill(proxy, role, index)
        eventually(lambda: former not in proxy.worker_pids(role), "its death is noticed")
        eventually(lambda: survival(proxy)["unsettled"] == 0 and survival(proxy)["held"] == len(flows) + len(idle), "all are held", 60)
    await_movement(flows)
    for flow in idle:
        flow.echo().close()
    finish(proxy, flows)
    assert not lost(proxy)


# What cannot go on is counted

def test_young_flows_are_counted(start, meeting):
    """A flow is given to the vault when it has lived for 250 ms: most never pay for it."""
    proxy = start(ONE)
    assert Flow(proxy, meeting).echo().finish() == []
    assert survival(proxy)["held"] == 0
    pid = proxy.worker_pids("acceptor")[0]
    flow = Flow(proxy, meeting)
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    assert ended(flow.near)
    eventually(lambda: lost(proxy) == {"young": 1}, "it is counted as what it was")
    assert "1 lost (1 young)" in proxy.ctl("status").out


def test_others_are_counted_by_kind(start, meeting, origin, tls_squid, certificates):
    """A request under way, a kept-alive connection, UDP, a parent behind TLS that ends here; a raw flow goes on beside them."""
    changes = {"backends": [{"name": "direct", "type": "direct"},
                            parent("secure", "http", tls_squid.address,
                                   tls={"enabled": True, "ca_file": str(certificates.ca), "server_name": "localhost"})],
               "rules": [{"name": "parent", "match": {"domains": ["localhost"]}, "backend": "secure"}, everything()]}
    proxy = start({**ONE, **changes})
    starting = raw_client.Connection(proxy.http_port)
    kept = raw_client.RawHttp(proxy.http_port)
    assert kept.get(origin.url()).status == 200
    association = raw_client.RawSocks(proxy.socks_port)
    assert association.open(raw_client.UDP_ASSOCIATE, "0.0.0.0", 0)[0] == 0
    secure = raw_client.RawHttp(proxy.http_port, timeout=30)
    assert secure.connect(f"localhost:{origin.port}").status == 200
    raw = Flow(proxy, meeting)
    await_held(proxy, 1)
    kill(proxy, "acceptor")
    raw.echo()
    await_settled(proxy, 1)
    assert lost(proxy) == {"starting": 1, "http": 1, "udp": 1, "opaque": 1}
    assert all(client.closed() for client in (starting, kept, association, secure))
    assert proxy.log(msg="went on with another acceptor's flows", adopted="1", http="1", opaque="1")


def test_no_room_for_all(start, meeting):
    """An heir takes what it has descriptors for; the rest ends, and is counted."""
    proxy = start(ONE)
    flows = [Flow(proxy, meeting) for _ in range(80)]
    await_held(proxy, len(flows))
    resource.prlimit(proxy.service.pid, resource.RLIMIT_NOFILE, (250, 250))  # its children have it from now on
    await_successor(proxy, "acceptor", kill(proxy, "acceptor"))
    eventually(lambda: survival(proxy)["unsettled"] == 0 and survival(proxy)["adopted"] > 0, "what there is room for went on")
    refused = lost(proxy)["refused"]
    assert lost(proxy) == {"refused": refused} and survival(proxy)["adopted"] + refused == len(flows)
    eventually(lambda: len(proxy.access()) == refused, "those that ended are in the access log")
    over = {record["client_port"] for record in proxy.access()}
    assert {record["detail"] for record in proxy.access()} == {"no descriptors were left when its process died"}
    for flow in flows:
        if flow.port in over:
            assert ended(flow.near)
            flow.close()
        else:
            flow.echo().close()
    await_held(proxy, 0)


def test_many_flows(start, meeting):
    proxy = start({"workers": {"acceptors": 2}})
    flows = [Flow(proxy, meeting, way) for way in ("connect", "socks5") * 200]
    await_held(proxy, len(flows), 30)
    for index in (0, 1):
        kill(proxy, "acceptor", index)
    await_settled(proxy, len(flows))
    for flow in flows:
        flow.echo().close()
    await_held(proxy, 0)
    assert not lost(proxy)


# Nothing is left behind

def descriptors(proxy):
    """Those of the supervisor and the vault. Not the pipes of the vault: an acceptor keeps up to 32 for the next flow, and an heir has
    as many as were on loan when its flows ended."""
    vault = proxy.worker_pids("vault")[0]
    links = [os.readlink(f"/proc/{vault}/fd/{each}") for each in os.listdir(f"/proc/{vault}/fd")]
    pipes = sum(link.startswith("pipe:") for link in links)
    held = survival(proxy)["pipes"]
    assert held <= KEPT_PIPES and pipes == OWN_PIPES + 2 * held
    return [psutil.Process(proxy.service.pid).num_fds(), len(links) - pipes]


def test_flows_without_ends_leave_nothing(start, meeting):
    proxy = start(ONE)
    one_death(proxy, meeting)
    # The daemon may not have closed yet what it was asked through a moment ago: the least of several looks is without that.
    before = [min(each) for each in zip(*(eventually(lambda: descriptors(proxy), "a look") for _ in range(10)))]
    for _ in range(3):
        one_death(proxy, meeting)
    eventually(lambda: descriptors(proxy) == before, "as many descriptors as before")
    assert survival(proxy)["holders"] == 1 and not proxy.rows("connections", "connections")
    assert not lost(proxy)


def one_death(proxy, meeting):
    """Flows in every state, whose ends go while nobody carries them."""
    now = survival(proxy)
    flows = [Flow(proxy, meeting, way).echo() for way in ("connect", "socks5")] + [Flow(proxy, meeting).pump() for _ in range(2)]
    await_held(proxy, len(flows))
    await_movement(flows[2:])
    pid = proxy.worker_pids("acceptor")[0]
    os.kill(pid, signal.SIGSTOP)
    for flow in flows:
        flow.abandon()
    os.kill(pid, signal.SIGKILL)
    await_successor(proxy, "acceptor", pid)
    eventually(lambda: (lambda then: then["unsettled"] == 0 and then["held"] == 0 and
                        then["adopted"] + then["ended"] == now["adopted"] + now["ended"] + len(flows))(survival(proxy)),
               "all are gone", 30)
    assert survival(proxy)["ended"] > now["ended"], "an heir sees that both ends have gone"
    eventually(lambda: len([each for each in proxy.access() if each["client_port"] in {flow.port for flow in flows}]) == len(flows),
               "each has its line")


def test_flows_go_on_under_their_terms(start, meeting):
    """Time-outs, the list of connections and `connections --kill` work for who came from elsewhere."""
    proxy = start({**ONE, "network": {"timeouts": {"idle": "3s"}}})
    quiet, other = Flow(proxy, meeting), Flow(proxy, meeting)
    await_held(proxy, 2)
    kill(proxy, "acceptor")
    await_settled(proxy, 2)
    row = next(row for row in proxy.rows("connections", "connections") if row["client"].endswith(f":{other.port}"))
    assert proxy.ctl("connections", "--kill", row["id"]).exit == 0
    assert ended(other.near)
    assert ended(quiet.near) and "idle" in proxy.await_access(client_port=quiet.port)["detail"]
    eventually(lambda: survival(proxy)["held"] == 0, "the vault holds nothing any more")


def test_flows_end_while_the_vault_is_stuck(start, meeting):
    """It has descriptors of the same sockets: closing ours alone would tell the peers nothing."""
    proxy = start(ONE)
    flow = Flow(proxy, meeting).echo()
    await_held(proxy, 1)
    vault = proxy.worker_pids("vault")[0]
    os.kill(vault, signal.SIGSTOP)
    try:
        assert proxy.ctl("connections", "--kill", proxy.rows("connections", "connections")[0]["id"]).exit == 0
        flow.near.settimeout(5)
        flow.far.settimeout(5)
        assert ended(flow.near) and ended(flow.far)
        assert survival(proxy)["vault_answers"] is False
    finally:
        os.kill(vault, signal.SIGCONT)
    await_held(proxy, 0)


# Orderly

def test_number_of_acceptors_changes(start, meeting, origin):
    """The same way as after a crash, entered in order: nobody waits for long-lived flows."""
    proxy = start({"workers": {"acceptors": 3}, "shutdown": {"drain_timeout": "60s", "force_timeout": "90s"}})
    flows = [Flow(proxy, meeting, way).pump(**shape) for way in ("connect", "socks5") for shape in SHAPES.values()]
    idle = [Flow(proxy, meeting, way) for way in ("connect", "socks5")]
    await_held(proxy, len(flows) + len(idle))
    with raw_client.RawHttp(proxy.http_port) as client:
        client.send(f"GET {origin.url('/gated')} HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        for count in (1, 3, 2, 1):
            proxy.write({"workers": {"acceptors": count}})
            answer = proxy.reload()
            assert answer.exit == 0, answer
            eventually(lambda: len(running(proxy, "acceptor")) == count and survival(proxy)["unsettled"] == 0 and
                       survival(proxy)["held"] == len(flows) + len(idle), "all have changed hands")
            await_movement(flows)
        origin.gate.set()
        assert client.reader.exactly(10) == b"first-last", "what cannot be handed over is waited for"
    eventually(lambda: len(proxy.workers("acceptor")) == 1, "those that have nothing left end at once", 10)
    for flow in idle:
        flow.echo().close()
    finish(proxy, flows)
    assert not lost(proxy)
    assert proxy.query("crashes") == []

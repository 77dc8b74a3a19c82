"""A daemon, flows through it, and events; for a while."""
import dataclasses
import random
import threading
import time

from harness.flows import survival
from harness.waiting import eventually

from .events import Events
from .flows import Flow, Tally
from .server import Server

# Who can be killed, and what else can happen.
KINDS = ("acceptor", "acceptors", "egress", "vault", "supervisor", "reload", "upgrade")
LOAD = {"download": 3, "upload": 3, "echo": 6, "idle": 12}
ACCEPTORS = 4
# A connection that is opened in the very moment in which its acceptor retires stays there, and ends by itself well before that.
SETTINGS = {"workers": {"acceptors": ACCEPTORS}, "reload": {"drain_timeout": "60s"},
            "shutdown": {"drain_timeout": "60s", "force_timeout": "90s"}}
PROGRESS = 10.0


@dataclasses.dataclass
class Outcome:
    seconds: float
    seed: int
    events: dict
    tally: Tally
    daemon: dict  # what it says itself (status, survival)

    def uncounted(self):
        """Connections that ended early and that the daemon did not count as lost: its own numbers must explain each."""
        reasons = self.daemon["lost"]
        return max(0, self.tally.young - sum(reasons[name] for name in ("starting", "young", "http")))

    def passed(self):
        return self.tally.finished > 0 and not any(self.tally.bad.values()) and self.uncounted() == 0 and self.daemon["held"] == 0

    def as_json(self):
        return {"seconds": self.seconds, "seed": self.seed, "events": self.events, "opened": self.tally.opened,
                "finished": self.tally.finished, "octets": self.tally.octets,
                **{kind: len(found) for kind, found in self.tally.bad.items()}, "young": self.tally.young,
                "not_opened": self.tally.refused, "uncounted": self.uncounted(), "daemon": self.daemon, "passed": self.passed()}

    def __str__(self):
        tally, daemon = self.tally, self.daemon
        lost = ", ".join(f"{count} {reason}" for reason, count in daemon["lost"].items() if count) or "none"
        lines = [f"chaos of {self.seconds:.0f} s, seed {self.seed}",
                 "killed, or done:     " + ", ".join(f"{count} {kind}" for kind, count in self.events.items()),
                 f"flows:               {tally.opened} opened, {tally.finished} finished, {tally.octets >> 20} MiB compared",
                 f"went on elsewhere:   {daemon['adopted']} times",
                 f"too young to go on:  {tally.young}; {tally.refused} could not be opened at first",
                 f"the daemon's count:  {lost}; {self.uncounted()} without explanation, {daemon['held']} left behind"]
        lines += [f"{kind + ':':20} {len(found)}" for kind, found in tally.bad.items()]
        lines += [f"  {kind}: {text}" for kind, found in tally.bad.items() for text in found[:10]]
        return "\n".join(lines)


def run(proxy, seconds, seed, kinds=KINDS, pause=(0.2, 1.5), life=(3, 30), load=None, say=lambda text: None):
    """The daemon has been started with SETTINGS."""
    far, tally, stop, order = Server(seed), Tally(), threading.Event(), random.Random(seed)
    names = [name for name, count in (load or LOAD).items() for _ in range(count)]
    flows = [Flow(name, proxy, far.port, tally, stop, life, order.random()) for name in names]
    events = Events(proxy, kinds, order, ACCEPTORS)
    begin = told = time.monotonic()
    try:
        eventually(lambda: tally.opened >= len(flows), "the first flows are there", 30)
        while time.monotonic() < begin + seconds:
            events.next()
            time.sleep(order.uniform(*pause))
            if time.monotonic() > told + PROGRESS:
                told = time.monotonic()
                say(f"{told - begin:5.0f} s: {sum(events.happened.values())} events, {tally.finished} flows finished, "
                    f"{tally.octets >> 20} MiB, " + ", ".join(f"{len(found)} {kind}" for kind, found in tally.bad.items()))
        events.settle()
    finally:
        stop.set()
        for flow in flows:
            flow.thread.join(90)
        far.close()
    for flow in flows:
        if flow.thread.is_alive():
            tally.fail("lost", f"{flow.name}: does not move any more after {flow.position} octets")
    for difference in far.differences:
        tally.fail(difference.kind, f"at the server: {difference}")
    eventually(lambda: survival(proxy)["held"] == 0 and survival(proxy)["unsettled"] == 0, "nothing is left behind", 20)
    return Outcome(seconds, seed, events.happened, tally, events.counts())

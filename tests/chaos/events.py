"""What happens to the daemon: processes of some role are killed, their number changes, or the program is replaced."""
import collections
import contextlib
import os
import signal

from harness.flows import survival
from harness.waiting import eventually

RECOVERY = 60.0
SETTLED_MS = 1_500  # a flow that old is in the vault, unless the vault has just died


class Events:
    """One of `kinds` at a time; order: a random.Random."""

    def __init__(self, proxy, kinds, order, most_acceptors):
        self.proxy, self.kinds, self.order, self.most_acceptors = proxy, list(kinds), order, most_acceptors
        self.happened = {kind: 0 for kind in self.kinds}
        self._killed = set()
        self._former = collections.Counter()  # lost and adopted, as counted by supervisors that are gone

    def next(self):
        """Returns the kind of what was done, None when there was nobody to do it to."""
        kind = self.order.choice(self.kinds)
        if not getattr(self, "_" + kind)():
            return None
        self.happened[kind] += 1
        return kind

    def _alive(self, role):
        return [worker["pid"] for worker in self.proxy.workers(role)
                if worker["state"] == "running" and worker["pid"] not in self._killed]

    def _kill(self, pids):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self._killed.update(pids)
        return len(pids) > 0

    def await_whole(self):
        """What an acceptor has, the vault has as well. When both die at once, with what only they had, no connection can go on: that
        is not what is tried here."""

        def whole():
            # A death that the supervisor has not noticed yet is not counted yet either.
            if any(worker["pid"] in self._killed and worker["state"] == "running" for worker in self.proxy.workers()):
                return False
            now = survival(self.proxy)
            rows = self.proxy.rows("connections", "connections")
            settled = [row for row in rows if row["state"] == "relaying" and row["age_ms"] > SETTLED_MS]
            return now["vault_answers"] and now["unsettled"] == 0 and now["held"] >= len(settled)

        eventually(whole, "all flows are held and settled", RECOVERY, 0.05)

    def _acceptor(self):
        self.await_whole()
        alive = self._alive("acceptor")
        return self._kill([self.order.choice(alive)] if alive else [])

    def _acceptors(self):
        self.await_whole()
        return self._kill(self._alive("acceptor"))

    def _vault(self):
        self.await_whole()
        return self._kill(self._alive("vault"))

    def _egress(self):
        return self._kill(self._alive("egress"))

    def _reload(self):
        self.proxy.write({"workers": {"acceptors": self.order.randint(1, self.most_acceptors)}})
        answer = self.proxy.reload()
        assert answer.exit == 0, answer
        return True

    def _supervisor(self):
        """The next one takes over what the orphans of this one carry."""
        self.await_whole()
        with self._counts_kept():
            self.proxy.lose_supervisor()
            self.proxy.start()
            self.proxy.await_log("took over from a supervisor before this one", RECOVERY)
        return True

    def _upgrade(self):
        self.await_whole()
        with self._counts_kept():
            answer = self.proxy.ctl("upgrade", deadline=120)
            assert answer.exit == 0, answer
        return True

    @contextlib.contextmanager
    def _counts_kept(self):
        before = survival(self.proxy)
        yield
        self._former.update({**before["lost"], "adopted": before["adopted"]})  # the next one begins at nothing

    def counts(self):
        """What all supervisors together have counted."""
        now = survival(self.proxy)
        return {**now, "adopted": now["adopted"] + self._former["adopted"],
                "lost": {reason: count + self._former[reason] for reason, count in now["lost"].items()}}

    def settle(self):
        """Everything that was killed is there again."""
        eventually(lambda: self._alive("acceptor") and self._alive("egress") and self._alive("vault"), "all roles run", RECOVERY)
        self.await_whole()

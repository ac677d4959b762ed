"""How long nobody speaks when the daemon that does is lost."""

import signal
import time

from etcd import EtcdCluster
from harness import Skipped, wait
from replicas import Replicas

WAYS = ("stopped", "killed", "frozen", "cut off")


class Loss:
    """The leader is lost, a component goes down; back to where it was."""

    def __init__(self, how, pair):
        self.how, self.pair, self.lost = how, pair, pair.wait_leader()
        self.heir = pair.other(self.lost)
        began = time.time()
        self.lose()
        before = time.time_ns()
        pair.kube.crash("default", "api", "NotReady")
        wait(lambda: pair.wait_leader(self.lost, limit=0.1), 60, "another leader", every=0.01)
        self.leads = time.time() - began
        arrived = wait(lambda: [entry["time"] for entry in pair.page.requests("POST")
                                if entry["time"] >= before], 60, "its POST")
        self.posted = arrived[0] / 1e9 - began
        self.find()
        pair.heal()
        for daemon in pair.daemons:
            daemon.wait_health("cmp", "ok")

    def lose(self):
        if self.how == "stopped":
            self.lost.end()
        elif self.how == "killed":
            self.lost.kill9_tree()
        elif self.how == "frozen":
            self.pair.freeze(self.lost)
        else:
            for proxy in self.pair.proxies_of(self.lost):
                proxy.frozen.set()

    def find(self):
        mark = self.lost.log_size()
        if self.how in ("stopped", "killed"):
            self.lost.start()
        elif self.how == "frozen":
            self.pair.freeze(self.lost, signal.SIGCONT)
        else:
            for proxy in self.pair.proxies_of(self.lost):
                proxy.calm()
        self.lost.wait_log("another kanatad leads", since=mark, limit=60)


def measure(rounds):
    """{how it was lost: figures}, {} without etcd."""
    try:
        pair = Replicas(etcd=EtcdCluster(), cut=True)
    except Skipped:
        return {}
    figures = {}
    for how in WAYS:
        losses = [Loss(how, pair) for _ in range(rounds)]
        leads, posted = (sorted(getattr(loss, what) for loss in losses)
                         for what in ("leads", "posted"))
        figures[how] = {"times": str(rounds), "leads p50": middle(leads), "leads max": leads[-1],
                        "posted p50": middle(posted), "posted max": posted[-1]}
    return figures


def middle(values):
    return values[len(values) // 2]

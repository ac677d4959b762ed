"""Some daemons on one etcd, and who of them speaks."""

import json
import signal

from etcd import Etcd
from harness import equal, wait
from kanata import Kanata, send
from proxy import Proxy
from world import HOOK, KEY, TOKEN, Kube, World

LEASE = 10              # seconds; whoever takes over waits for its end
HELD = "nothing is posted until it can"


class Replicas:
    """etcd: an Etcd (made if None) or an EtcdCluster. cut: a Proxy stands between
    each daemon and each node: proxies[daemon][node]. section: further keys of the
    section etcd."""

    def __init__(self, count=2, etcd=None, cut=False, **section):
        self.etcd, self.kube = etcd or Etcd(), Kube()
        self.members = getattr(self.etcd, "members", [self.etcd])
        self.kube.deployment("default", "api", 2)
        self.proxies = [[Proxy(member.port) for member in self.members] for _ in range(count)] \
            if cut else []
        self.world = World({"cmp": "api"}, kube=self.kube, replicas=count, start=False, etcd={
            "nodes": [member.node for member in self.members], **section})
        self.page = self.world.page
        self.daemons = [self.world.kanata, *(
            Kanata(self.world.config, secrets=(KEY, TOKEN, HOOK), start=False)
            for _ in range(count - 1))]
        for number, daemon in enumerate(self.daemons):
            if cut:
                self.configure(daemon, nodes=[f"127.0.0.1:{proxy.port}"
                                              for proxy in self.proxies[number]])
            daemon.start()
        for daemon in self.daemons:
            daemon.wait_health("cmp", "ok")
        self.leader = self.wait_leader()

    def configure(self, daemon, **section):
        """Other keys of the section etcd."""
        daemon.configure({**daemon.config, "etcd": {**daemon.config["etcd"], **section}})

    def proxies_of(self, daemon):
        return self.proxies[self.daemons.index(daemon)]

    def elected(self):
        """What the election key says, or None."""
        return next((json.loads(value) for key, value in self.etcd.prefix().items()
                     if key.endswith("/leader")), None)

    def wait_leader(self, *but, limit=LEASE + 30):
        """The daemon whose store holds the election key."""
        def which():
            who = self.elected()
            return next((daemon for daemon in self.daemons if daemon not in but
                         and daemon.pids().get("store") == who["pid"]), None) if who else None
        return wait(which, limit, "a leader")

    def other(self, daemon):
        """Of two."""
        return self.daemons[1 - self.daemons.index(daemon)]

    def freeze(self, daemon, number=signal.SIGSTOP):
        pids = list(daemon.pids().values())
        send(pids if number == signal.SIGSTOP else reversed(pids), number)

    def wait_held(self, daemon):
        """It knows that etcd is away and that it must not speak."""
        wait(lambda: HELD in daemon.ctl("show", "state").out, LEASE + 30,
             f"it to say {HELD!r}")

    def outage(self):
        return self.world.outage("api", "cmp", limit=60)

    def wait_stored(self, incident):
        wait(lambda: incident["id"] in str(self.etcd.prefix()), 30, "etcd to have the incident")

    def heal(self):
        self.world.recovery("api", "cmp", limit=60)

    def assert_once(self):
        """One incident, each thing said once, by whichever of them."""
        self.page.assert_one_outage("cmp")
        acted = [entry for entry in self.page.requests("POST") if entry["acted"]]
        creates = [entry for entry in acted if entry["path"].endswith("/incidents")]
        equal(len(creates), 1, f"incidents that were created by {acted}")
        said = [entry["body"]["started"] for entry in acted]
        equal(len(set(said)), len(said), f"posts of their own among {acted}")

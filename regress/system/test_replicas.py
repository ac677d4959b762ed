"""Two daemons on one etcd: one speaks, and nothing is said twice."""

import json
import os
import signal

from etcd import Etcd
from harness import equal, limit, wait
from kanata import Kanata
from world import HOOK, KEY, TOKEN, Kube, World

LEASE = 10              # seconds; whoever takes over waits for its end


class Pair:
    def __init__(self):
        self.etcd, self.kube = Etcd(), Kube()
        self.kube.deployment("default", "api", 2)
        self.world = World({"cmp": "api"}, kube=self.kube, replicas=2,
                           etcd={"nodes": [self.etcd.node]})
        self.page = self.world.page
        self.daemons = [self.world.kanata,
                        Kanata(self.world.config, secrets=(KEY, TOKEN, HOOK))]
        for daemon in self.daemons:
            daemon.wait_health("cmp", "ok")
        self.leader = self.wait_leader()

    def elected(self):
        """What the election key says, or None."""
        return next((json.loads(value) for key, value in self.etcd.prefix().items()
                     if key.endswith("/leader")), None)

    def wait_leader(self, but=None):
        """The daemon whose store holds the election key."""
        def which():
            who = self.elected()
            return next((daemon for daemon in self.daemons if daemon is not but
                         and daemon.pids().get("store") == who["pid"]), None) if who else None
        return wait(which, LEASE + 20, "a leader")

    def other(self, daemon):
        return self.daemons[1 - self.daemons.index(daemon)]

    def freeze(self, daemon, number=signal.SIGSTOP):
        pids = list(daemon.pids().values())
        for pid in pids if number == signal.SIGSTOP else reversed(pids):
            os.kill(pid, number)

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


@limit(120)
def test_one_speaks():
    pair = Pair()
    pair.world.outage("api", "cmp")
    quiet = pair.other(pair.leader)
    quiet.wait_health("cmp", "major")
    quiet.wait_log("another kanatad leads")
    pair.heal()
    pair.assert_once()
    assert "opened" in pair.leader.log(), "the leader says nothing of the incident"
    assert "opened" not in quiet.log(), "the other one has opened an incident"
    for daemon in pair.daemons:
        daemon.assert_no_restarts()


@limit(150)
def test_leader_killed_during_an_outage():
    pair = Pair()
    incident = pair.world.outage("api", "cmp")
    dead = pair.leader
    dead.kill9_tree()
    heir = pair.wait_leader(dead)
    heir.wait_health("cmp", "major")
    equal([i["id"] for i in pair.page.incidents()], [incident["id"]], "incidents")
    pair.heal()
    # It comes back while the other one leads.
    dead.start()
    dead.wait_health("cmp", "ok")
    dead.wait_log("another kanatad leads")
    pair.assert_once()


@limit(150)
def test_leader_killed_between_intent_and_answer():
    """Created, but who asked for it is dead: the other one looks for it."""
    pair = Pair()
    pair.page.fault("nothing_after", match="/incidents", method="POST", count=1)
    pair.kube.crash("default", "api")
    pair.page.wait_open(1)
    pair.leader.kill9_tree()
    pair.page.clear()
    pair.wait_leader(pair.leader)
    pair.heal()
    pair.assert_once()


def frozen(pair, before=None):
    """The leader stands still for longer than its lease; the other one takes
    over, and then they are two that believe to lead, if they may."""
    still = pair.leader
    pair.freeze(still)
    try:
        if before:
            before()
        heir = pair.wait_leader(still)
        pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
        pair.page.wait_open(1)
    finally:
        mark = still.log_size()
        pair.freeze(still, signal.SIGCONT)
    still.wait_log("another kanatad leads", since=mark)
    # Both have seen it: what they had to say about it is said.
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "major")
    equal(pair.wait_leader(), heir, "the leader")
    pair.heal()
    pair.assert_once()


@limit(150)
def test_leader_frozen():
    """Until the outage that begins meanwhile is on the page."""
    pair = Pair()
    frozen(pair, lambda: pair.kube.crash("default", "api"))


@limit(150)
def test_leader_frozen_during_an_outage():
    pair = Pair()
    pair.world.outage("api", "cmp")
    frozen(pair)


@limit(150)
def test_leader_frozen_before_it_posts():
    """What it was about to say is overdue when it wakes, and not its to say."""
    pair = Pair()
    pair.page.fault("status", code=429, retry_after=1, match="/incidents", method="POST", count=-1)
    pair.kube.crash("default", "api")
    wait(pair.page.created, 30, "the leader to try")
    frozen(pair, pair.page.clear)


@limit(150)
def test_store_of_the_leader_frozen():
    """Its notifier cannot hear that it speaks no more: it knows by itself."""
    pair = Pair()
    pair.page.fault("status", code=429, retry_after=LEASE + 3, match="/incidents", method="POST",
                    count=1)
    pair.kube.crash("default", "api")
    wait(pair.page.created, 30, "the leader to try")
    os.kill(pair.leader.pids()["store"], signal.SIGSTOP)
    pair.wait_leader(pair.leader)
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    # Its parent sees that it hangs, and ends it.
    pair.leader.wait_log("another kanatad leads", limit=60)
    pair.heal()
    pair.assert_once()


@limit(150)
def test_etcd_stopped_for_a_while():
    """Nobody knows who leads: nobody speaks. Then one says what is so."""
    pair = Pair()
    pair.etcd.stop()
    for daemon in pair.daemons:
        wait(lambda: "nothing is posted until it can" in daemon.ctl("show", "state").out
             or "leads" not in daemon.ctl("show", "state").out, 30, "it to see that etcd is away")
    pair.leader.wait_log("nothing is posted until it can", limit=40)
    pair.kube.crash("default", "api")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "major")
    equal(pair.page.requests("POST"), [], "posts without etcd")
    pair.etcd.start()
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    pair.page.wait_open(1)
    pair.heal()
    pair.assert_once()


@limit(150)
def test_etcd_stopped_during_an_outage():
    """It ends meanwhile: that is said when it can be, and once."""
    pair = Pair()
    pair.world.outage("api", "cmp")
    pair.etcd.stop()
    pair.leader.wait_log("nothing is posted until it can", limit=40)
    pair.kube.heal("default", "api")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "ok")
    equal(pair.page.component_status("cmp"), "MAJOROUTAGE", "what nobody may change")
    pair.etcd.start()
    pair.page.wait_status("cmp", "OPERATIONAL", limit=60)
    pair.page.wait_open(0)
    pair.assert_once()

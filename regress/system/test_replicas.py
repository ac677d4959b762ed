"""Two and three daemons on one etcd: one speaks, and nothing is said twice."""

import os
import signal

from harness import equal, limit, wait
from replicas import HELD, LEASE, Replicas


@limit(120)
def test_one_speaks():
    """FIELD.md 35: the other one sees it all and says nothing."""
    pair = Replicas()
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
    pair = Replicas()
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
    pair = Replicas()
    pair.page.fault("nothing_after", match="/incidents", method="POST", count=1)
    pair.kube.crash("default", "api")
    pair.page.wait_open(1)
    pair.leader.kill9_tree()
    pair.page.clear()
    pair.wait_leader(pair.leader)
    pair.heal()
    pair.assert_once()


@limit(120)
def test_leader_stopped():
    """As at a roll-out: it gives the lead back, nobody waits for its lease."""
    pair = Replicas()
    incident = pair.outage()
    pair.wait_stored(incident)
    who = pair.elected()
    pair.leader.end()
    assert pair.elected() != who, "its key is still there"
    heir = pair.wait_leader(pair.leader)
    heir.wait_health("cmp", "major")
    equal([i["id"] for i in pair.page.incidents()], [incident["id"]], "incidents")
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
    # What it knew is old, and not shown as what is so.
    wait(lambda: "incidents" not in still.show("incidents"), 20, "it to forget what is old")
    still.ctl("show", "incidents").expect(0, "^STATE", "incidents: not known here, ask the one")
    heir.ctl("show", "incidents").expect(0, "^INCIDENT")
    row, = still.show("components")["components"]
    equal((row["page"], row["wanted"]), ("-", "-"), "what it says of the page")
    # Both have seen it: what they had to say about it is said.
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "major")
    equal(pair.wait_leader(), heir, "the leader")
    pair.heal()
    pair.assert_once()


@limit(150)
def test_leader_frozen():
    """Until the outage that begins meanwhile is on the page."""
    pair = Replicas()
    frozen(pair, lambda: pair.kube.crash("default", "api"))
    # And then it leads again.
    heir = pair.wait_leader()
    heir.end()
    pair.wait_leader(heir)
    pair.outage()


@limit(150)
def test_leader_frozen_during_an_outage():
    """FIELD.md 38: what it knew is old when it wakes."""
    pair = Replicas()
    pair.world.outage("api", "cmp")
    frozen(pair)


@limit(150)
def test_leader_frozen_before_it_posts():
    """What it was about to say is overdue when it wakes, and not its to say."""
    pair = Replicas()
    pair.page.fault("status", code=429, retry_after=1, match="/incidents", method="POST", count=-1)
    pair.kube.crash("default", "api")
    wait(pair.page.created, 30, "the leader to try")
    frozen(pair, pair.page.clear)


@limit(150)
def test_store_of_the_leader_frozen():
    """Its notifier cannot hear that it speaks no more: it knows by itself."""
    pair = Replicas()
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
    pair = Replicas()
    pair.etcd.stop()
    for daemon in pair.daemons:
        wait(lambda: HELD in daemon.ctl("show", "state").out
             or "leads" not in daemon.ctl("show", "state").out, 30, "it to see that etcd is away")
    pair.leader.wait_log(HELD, limit=40)
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
    pair = Replicas()
    pair.world.outage("api", "cmp")
    pair.etcd.stop()
    pair.leader.wait_log(HELD, limit=40)
    pair.kube.heal("default", "api")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "ok")
    equal(pair.page.component_status("cmp"), "MAJOROUTAGE", "what nobody may change")
    pair.etcd.start()
    pair.page.wait_status("cmp", "OPERATIONAL", limit=60)
    pair.page.wait_open(0)
    pair.assert_once()


@limit(180)
def test_three_and_their_leaders_die():
    """Whoever leads is killed, then whoever is next stands still: one is left,
    and that is enough."""
    three = Replicas(3)
    incident = three.outage()
    dead = three.leader
    dead.kill9_tree()
    still = three.wait_leader(dead)
    three.freeze(still)
    try:
        last = three.wait_leader(dead, still)
        last.wait_health("cmp", "major")
        three.heal()
    finally:
        mark = still.log_size()
        three.freeze(still, signal.SIGCONT)
    still.wait_log("another kanatad leads", since=mark)
    equal([i["id"] for i in three.page.incidents()], [incident["id"]], "incidents")
    three.assert_once()


@limit(150)
def test_leader_cut_from_etcd():
    """It goes silent by itself, the other one takes over; the silence of a network
    that loses everything tells neither."""
    pair = Replicas(cut=True)
    alone = pair.leader
    for proxy in pair.proxies_of(alone):
        proxy.frozen.set()
    pair.kube.crash("default", "api")
    pair.wait_held(alone)
    heir = pair.wait_leader(alone)
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    mark = alone.log_size()
    for proxy in pair.proxies_of(alone):
        proxy.frozen.clear()
        proxy.cut_all()
    alone.wait_log("another kanatad leads", since=mark)
    equal(pair.wait_leader(), heir, "the leader")
    pair.heal()
    pair.assert_once()

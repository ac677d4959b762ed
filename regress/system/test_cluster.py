"""Two daemons on an etcd of three nodes, which fail one by one."""

import signal

from etcd import EtcdCluster
from harness import equal, limit, wait
from replicas import Replicas

PASSWORD = "etcd-secret-3bd8"


def node_in_use(daemon):
    """Which of the nodes, counted from 0."""
    for row in daemon.show("state")["state"]:
        if row["name"].startswith("etcd node ") and "in use" in row["text"]:
            return int(row["name"].removeprefix("etcd node ")) - 1
    raise AssertionError("no node of etcd is in use")


@limit(150)
def test_nodes_stopped_one_by_one():
    """Two of three are enough, one is a loss: nothing is posted, until there are
    two again."""
    pair = Replicas(etcd=EtcdCluster())
    gone = [pair.etcd.leader()]
    gone[0].stop(signal.SIGKILL)
    pair.outage()
    gone.append(next(member for member in pair.members if member not in gone))
    gone[1].stop()
    for daemon in pair.daemons:
        pair.wait_held(daemon)
    pair.kube.heal("default", "api")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "ok")
    equal(pair.page.component_status("cmp"), "MAJOROUTAGE", "what nobody may change")
    gone[0].start()
    pair.page.wait_status("cmp", "OPERATIONAL", limit=60)
    pair.page.wait_open(0)
    gone[1].start()
    pair.assert_once()
    for daemon in pair.daemons:
        daemon.assert_no_restarts()


@limit(150)
def test_leader_cut_from_one_node_at_a_time():
    """In each way that a network fails: it goes to another one, with the token that
    the first one gave it, and still leads."""
    etcd = EtcdCluster()
    etcd.enable_auth("kanata", PASSWORD)
    pair = Replicas(etcd=etcd, cut=True, auth={"user": "kanata", "pass": PASSWORD})
    incident = pair.outage()
    for how in ("refuse", "cut_all", "freeze"):
        node = node_in_use(pair.leader)
        proxy = pair.proxies_of(pair.leader)[node]
        if how == "freeze":
            proxy.frozen.set()
        else:
            getattr(proxy, how)()
        if how != "cut_all":
            wait(lambda: node_in_use(pair.leader) != node, 30, f"another node after {how}")
        proxy.calm()
    pair.heal()
    equal([i["id"] for i in pair.page.incidents()], [incident["id"]], "incidents")
    pair.assert_once()
    # The watch went along.
    pair.other(pair.leader).ctl("silence", "cmp", "1h", "told").expect(0)
    wait(lambda: "told" in pair.leader.ctl("show", "silences").out, 30, "the leader to know of it")
    equal(pair.wait_leader(), pair.leader, "the leader")
    assert "no longer the leader" not in pair.leader.log(), "it has lost its lead"


@limit(150)
def test_node_frozen():
    """It accepts and says nothing; it may be the one that leads the others."""
    pair = Replicas(etcd=EtcdCluster())
    node = node_in_use(pair.leader)
    pair.members[node].freeze()
    try:
        pair.outage()
        wait(lambda: node_in_use(pair.leader) != node, 30, "another node")
    finally:
        pair.members[node].thaw()
    pair.heal()
    pair.assert_once()

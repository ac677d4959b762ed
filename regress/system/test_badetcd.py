"""An etcd that misbehaves: said clearly, nothing lost, nothing posted twice."""

import client
from harness import equal, free_port, limit, register, wait
from world import Kube, World

PASSWORD = "etcd-secret-7a31"


class EtcdSim(client.Sim):
    SCRIPT = "etcdsim.py"

    def __init__(self, user="", password="", token_ttl=300):
        super().__init__(["--user", user, "--password", password, "--token-ttl", str(token_ttl)],
                         port=free_port())
        register(self)

    @property
    def node(self):
        return f"127.0.0.1:{self.port}"

    def told(self):
        return self.state()

    def values(self):
        return {key: found["value"] for key, found in self.state()["keys"].items()}


def world_with(etcd, **auth):
    kube = Kube()
    kube.deployment("default", "api", 2)
    return World({"cmp": "api"}, kube=kube, etcd={
        "nodes": [etcd.node], **({"auth": auth} if auth else {})})


def whole_outage(world):
    world.wait_all(limit=60)
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")
    world.kanata.assert_no_restarts()


def while_it(kind, pattern, **options):
    """During the beginning and the end of an outage; then the state is right."""
    etcd = EtcdSim()
    world = world_with(etcd).wait_all()
    wait(etcd.values, 20, "state in etcd")
    etcd.fault(kind, count=-1, **options)
    world.kube.crash("default", "api")
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    world.kanata.wait_log(pattern, limit=40)
    etcd.clear()
    wait(lambda: "MAJOROUTAGE" in str(etcd.values()) or "INVESTIGATING" in str(etcd.values()), 60,
         "etcd to hear of the incident")
    etcd.fault(kind, count=-1, **options)
    world.recovery("api", "cmp")
    etcd.clear()
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")
    world.kanata.assert_no_restarts()
    return world


@limit(180)
def test_not_leader():
    while_it("not_leader", "(?i)etcd.*not leader")


@limit(180)
def test_no_space():
    while_it("no_space", "(?i)etcd.*space")


@limit(180)
def test_unavailable():
    while_it("unavailable", "(?i)etcd.*(timed out|unavailable|503)")


@limit(180)
def test_garbage():
    while_it("garbage", "(?i)etcd.*(json|garbage|answer|sense)")


@limit(180)
def test_html():
    while_it("html", "(?i)etcd.*(json|html|answer|sense)")


@limit(180)
def test_closes():
    while_it("close", "(?i)etcd.*(clos|empty|lost|reset|answer)")


@limit(180)
def test_says_nothing():
    while_it("nothing", "(?i)etcd.*(time|answer|silent|lost)")


@limit(120)
def test_answer_to_a_write_is_lost():
    """It was applied; writing it again must do no harm."""
    etcd = EtcdSim()
    world = world_with(etcd).wait_all()
    etcd.fault("close_after", match="kv/txn", count=3)
    whole_outage(world)


@limit(120)
def test_faults_at_start():
    etcd = EtcdSim()
    etcd.fault("not_leader", count=3)
    etcd.fault("close", count=2)
    etcd.fault("garbage", count=1)
    whole_outage(world_with(etcd))


@limit(120)
def test_tokens_end():
    """Each after a moment, and all at once."""
    etcd = EtcdSim("kanata", PASSWORD, token_ttl=1)
    world = world_with(etcd, user="kanata", **{"pass": PASSWORD}).wait_all()
    etcd.command("expire_tokens")
    whole_outage(world)
    assert PASSWORD not in world.kanata.log(), "the password is in the log"


@limit(120)
def test_logs_in_once():
    """Not for each request: it costs the other side a tenth of a second."""
    etcd = EtcdSim("kanata", PASSWORD)
    whole_outage(world_with(etcd, user="kanata", **{"pass": PASSWORD}))
    equal([count for path, count in etcd.state()["requests"].items() if "authenticate" in path],
          [1], "logins")


@limit(120)
def test_leases_end():
    etcd = EtcdSim()
    world = world_with(etcd).wait_all()
    world.outage("api", "cmp")
    etcd.command("expire_leases")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


@limit(120)
def test_one_node_of_three():
    """The first two are not there: the third is found."""
    etcd, gone = EtcdSim(), EtcdSim()
    gone.stop()
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, etcd={
        "nodes": [gone.node, "127.0.0.1:9", etcd.node]})
    whole_outage(world)


@limit(120)
def test_foreign_values():
    """What somebody wrote there by hand, not ours to understand."""
    etcd = EtcdSim()
    first = world_with(etcd).wait_all()
    first.outage("api", "cmp")
    wait(etcd.values, 20, "state in etcd")
    keys = etcd.values()
    folder = min(keys).rsplit("/", 1)[0]
    first.kanata.kill9_tree()
    for name, value in (("nonsense", "{"), ("list", "[1, 2]"), ("huge", "x" * 20000), ("null", "")):
        etcd.command("put", key=f"{folder}/{name}", value=value)
    first.kanata.start()
    first.recovery("api", "cmp")
    first.page.assert_one_outage("cmp")
    first.kanata.assert_no_restarts()

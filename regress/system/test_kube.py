"""The main job with a real kube-apiserver and kube-controller-manager."""

import itertools

from etcd import Etcd
from harness import equal, limit, wait
from kanata import QUICK, Kanata
from realkube import NOBODY, READER, RealKube
from world import KEY, Page

TOGETHER = True
number = itertools.count(1)


class RealWorld:
    """A namespace with workloads, a page, a daemon."""

    def __init__(self, how, components=None, start=True, env=None, **extra):
        self.kube = RealKube.get()
        self.ns = self.kube.namespace(f"test-{next(number)}")
        components = components or {"cmp": "web"}
        self.page = Page({id: f"Name of {id}" for id in components})
        cluster = how(self)
        self.config = {"key": KEY, "ns": self.ns, "instatus": {"url": self.page.url},
                       "clusters": [{"name": "real", **cluster}], "defaults": dict(QUICK),
                       "components": components, **extra}
        self.kanata = Kanata(self.config, env=env and env(self), secrets=(KEY, READER),
                             start=False)

    def start(self):
        self.kanata.start()
        self.wait_all()
        return self

    def wait_all(self, health="ok", limit=40):
        wait(lambda: {item["health"] for item in self.kanata.show()["components"]} == {health},
             limit, f"all components to be {health}")

    def outage(self, app, id, reason="CrashLoopBackOff", status="MAJOROUTAGE"):
        self.kube.crash(self.ns, app, reason)
        self.page.wait_status(id, status, limit=40)
        self.page.wait_open(1)

    def recovery(self, app, id, limit=40):
        self.kube.heal(self.ns, app)
        self.page.wait_status(id, "OPERATIONAL", limit=limit)
        self.page.wait_open(0)


def by_token(world):
    return {"kubeconfig": world.kube.by_token(world.ns)}


def whole_outage(how, **options):
    world = RealWorld(how, **options)
    world.kube.deployment(world.ns, "web")
    world.start()
    world.outage("web", "cmp")
    world.recovery("web", "cmp")
    world.page.assert_one_outage("cmp")
    world.kanata.end()


@limit(150)
def test_token():
    whole_outage(by_token)


@limit(120)
def test_token_file():
    whole_outage(lambda world: {"kubeconfig": world.kube.by_token_file(world.ns)})


@limit(120)
def test_client_certificate():
    whole_outage(lambda world: {"kubeconfig": world.kube.by_certificate(world.ns)})


@limit(120)
def test_client_certificate_as_data():
    whole_outage(lambda world: {"kubeconfig": world.kube.by_certificate_data(world.ns)})


@limit(120)
def test_in_cluster():
    whole_outage(lambda world: {"in_cluster": world.kube.service_account_dir(world.ns)},
                 env=lambda world: {"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                                    "KUBERNETES_SERVICE_PORT": str(world.kube.port)})


@limit(150)
def test_all_kinds():
    ids = {"cmp-web": "web", "cmp-db": "statefulset/db", "cmp-agent": {"watch": "agent"},
           "cmp-alone": "alone"}
    ids["cmp-db"] = {"watch": ids["cmp-db"]}
    world = RealWorld(by_token, ids)
    world.kube.deployment(world.ns, "web")
    world.kube.workload("statefulsets", world.ns, "db")
    world.kube.workload("daemonsets", world.ns, "agent")
    world.kube.pod(world.ns, "alone")
    world.start()
    for app, id in (("web", "cmp-web"), ("db", "cmp-db"), ("agent", "cmp-agent"),
                    ("alone", "cmp-alone")):
        world.outage(app, id)
        world.recovery(app, id)
    incidents = world.page.incidents()
    equal(sorted(c["id"] for i in incidents for c in i["components"]), sorted(ids),
          "components of the incidents")


@limit(120)
def test_rollout():
    """By the real controllers: no incident, and maintenance while capacity is
    missing."""
    world = RealWorld(by_token)
    world.kube.deployment(world.ns, "web", replicas=3, minReadySeconds=3, strategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    world.start()
    world.kube.rollout("deployments", world.ns, "web")
    world.page.wait_status("cmp", "UNDERMAINTENANCE")
    world.kube.wait_ready("deployments", world.ns, "web")
    world.page.wait_status("cmp", "OPERATIONAL")
    equal(world.page.incidents(), [], "incidents")


@limit(120)
def test_rollout_of_statefulset_and_daemonset():
    ids = {"cmp-db": "db", "cmp-agent": "agent"}
    world = RealWorld(by_token, ids)
    world.kube.workload("statefulsets", world.ns, "db")
    world.kube.workload("daemonsets", world.ns, "agent")
    world.start()
    world.kube.rollout("statefulsets", world.ns, "db")
    world.kube.rollout("daemonsets", world.ns, "agent")
    world.kube.wait_ready("statefulsets", world.ns, "db")
    wait(lambda: world.kube.client.get("daemonsets", world.ns, "agent")["status"].get(
        "updatedNumberScheduled") == 3, 40, "the DaemonSet to be updated")
    world.kube.wait_ready("daemonsets", world.ns, "agent")
    world.wait_all()
    for id in ids:
        world.page.wait_status(id, "OPERATIONAL")
    equal(world.page.incidents(), [], "incidents")


@limit(120)
def test_rollout_that_is_stuck():
    """The new pods cannot pull their image, old ones serve: it is an outage
    after the deadline, and ends with the next rollout."""
    world = RealWorld(by_token)
    world.kube.deployment(world.ns, "web", progressDeadlineSeconds=3, strategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    world.start()
    world.kube.rollout("deployments", world.ns, "web", image="web:ImagePullBackOff")
    world.page.wait_open(1, limit=50)
    world.kube.rollout("deployments", world.ns, "web", image="web:3")
    world.page.wait_open(0, limit=50)
    world.page.assert_one_outage("cmp")


@limit(120)
def test_pods_cannot_be_created():
    """A quota refuses the new pods while old ones serve: a rollout that does not get
    on, not one that is waited for (FIELD.md 7)."""
    world = RealWorld(by_token)
    client, full = world.kube.client, {"pods": "0"}
    world.kube.deployment(world.ns, "web", strategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    world.start()
    client.create("resourcequotas", world.ns, {"metadata": {"name": "full"},
                                               "spec": {"hard": full}})
    # As the controller would, which does not run here.
    client.patch("resourcequotas", world.ns, "full",
                 {"status": {"hard": full, "used": full}}, "status")
    world.kube.rollout("deployments", world.ns, "web", image="web:2")
    world.page.wait_open(1, limit=50)
    equal(world.kanata.component("cmp")["cause"], "pods cannot be created", "the cause")
    client.delete("resourcequotas", world.ns, "full")
    world.kube.rollout("deployments", world.ns, "web", image="web:3")
    world.page.wait_open(0, limit=50)
    world.page.assert_one_outage("cmp")


@limit(120)
def test_scaled_to_zero_and_deleted():
    ids = {"cmp-web": "web", "cmp-gone": "gone", "cmp-other": "other"}
    world = RealWorld(by_token, ids)
    for name in ("web", "gone", "other"):
        world.kube.deployment(world.ns, name)
    world.start()
    world.kube.scale("deployments", world.ns, "web", 0)
    world.kube.client.delete("deployments", world.ns, "gone")
    world.kanata.wait_health("cmp-web", "idle")
    world.kanata.wait_health("cmp-gone", "unknown")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.kube.scale("deployments", world.ns, "web", 2)
    world.kanata.wait_health("cmp-web", "ok")
    world.page.assert_one_outage("cmp-other")


@limit(240)
def test_compaction_during_an_outage():
    """etcd forgets what the watch would go on from: 410, relist, nothing lost."""
    world = RealWorld(by_token)
    world.kube.deployment(world.ns, "web")
    world.start()
    world.outage("web", "cmp")
    # The server goes away, and forgets while nobody watches.
    world.kube.restart_server(before_start=world.kube.etcd.compact)
    # A server that has just started answers 403 until it knows its roles.
    world.recovery("web", "cmp", limit=150)
    world.page.assert_one_outage("cmp")
    world.kanata.assert_no_restarts()


@limit(120)
def test_many_pods_in_pages():
    """More than one page of a list."""
    world = RealWorld(by_token)
    world.kube.deployment(world.ns, "web")
    for i in range(620):
        world.kube.client.create("pods", world.ns, {
            "metadata": {"name": f"idle-{i:04}", "labels": {"app": "idle"}},
            "spec": {"nodeName": "node-a", "containers": [{"name": "c", "image": "i"}]}})
    world.start()
    world.outage("web", "cmp")
    world.recovery("web", "cmp")
    world.page.assert_one_outage("cmp")
    for i in range(620):
        world.kube.client.delete("pods", world.ns, f"idle-{i:04}", grace=0)


@limit(120)
def test_without_rights():
    """A token that may read nothing: unknown, with the reason, no incident."""
    world = RealWorld(lambda world: {"kubeconfig": world.kube.by_token(world.ns, NOBODY)})
    world.kube.deployment(world.ns, "web")
    world.kanata.start()
    world.kanata.wait_log("(?i)forbidden|403")
    wait(lambda: world.kanata.component("cmp")["cause"] == "forbidden", 30,
         "the reason in kanatactl")
    equal(world.kanata.health("cmp"), "unknown", "health")
    equal(world.page.incidents(), [], "incidents")


@limit(150)
def test_kill_with_etcd():
    """kill -9 of the tree during an outage; the state is in an etcd."""
    etcd = Etcd()
    world = RealWorld(by_token, etcd={"nodes": [etcd.node]})
    world.kube.deployment(world.ns, "web")
    world.start()
    world.outage("web", "cmp")
    incident = world.page.incidents()[0]
    wait(lambda: incident["id"] in str(world.kanata.show("incidents")), 20, "the id to be known")
    world.kanata.kill9_tree()
    world.kube.heal(world.ns, "web")
    world.kube.wait_ready("deployments", world.ns, "web")
    world.kanata.start()
    world.page.wait_open(0)
    world.page.wait_status("cmp", "OPERATIONAL")
    world.page.assert_one_outage("cmp")

"""What a watcher reads: which namespaces, which pods, with which rights, and of which
cluster; and nothing else."""

import re

from cagecheck import find_in_memory
from harness import ROOT, Skipped, equal, limit, wait
from kanata import QUICK, Kanata
from realkube import NOBODY, RealKube
from world import KEY, Kube, Page, World

NAMESPACES = ("shop", "blog", "ops")


def world_in(namespaces, components, **more):
    """A Deployment `web` in each of three namespaces; it watches some of these."""
    kube = Kube()
    for ns in NAMESPACES:
        kube.deployment(ns, "web", 2, labels={"tier": "front" if ns != "ops" else "back"})
        kube.pod(ns, "alone")
    return World(components, kube=kube, clusters=[{
        "name": "sim", "kubeconfig": kube.kubeconfig(), "namespaces": list(namespaces)}], **more)


def pods(world):
    return {(pod["namespace"], pod["name"]): pod
            for pod in world.kanata.show("pods").get("pods", ())}


def asked(world):
    """Namespaces that were asked for, "" for all of them at once."""
    found = set()
    for query in world.kube.state()["queries"]:
        inside = re.search(r"/namespaces/([^/]+)/", query["path"])
        named = re.search(r"metadata.name%3D(\w+)", query["query"])
        found.add(inside[1] if inside else named[1] if named else "")
    return found


def check_scope(world, namespaces):
    equal({ns for ns, _ in pods(world)}, set(namespaces), "namespaces of pods")
    equal(len(pods(world)), 3 * len(namespaces), "pods")


def test_one_namespace():
    world = world_in(["shop"], {"cmp": "web"}).wait_all()
    check_scope(world, ["shop"])
    equal(asked(world), {"shop"}, "namespaces that it asked for")
    world.kube.crash("blog", "web")
    world.outage("web", "cmp", ns="shop")
    world.recovery("web", "cmp", ns="shop")
    world.page.assert_one_outage("cmp")


def test_several_namespaces():
    """Each is watched on its own."""
    world = world_in(["shop", "blog"], {"cmp-shop": {"watch": "web", "ns": "shop"},
                                        "cmp-blog": {"watch": "web", "ns": "blog"}}).wait_all()
    check_scope(world, ["shop", "blog"])
    equal(asked(world), {"shop", "blog"}, "namespaces that it asked for")
    world.outage("web", "cmp-blog", ns="blog")
    equal(world.kanata.health("cmp-shop"), "ok", "the other namespace")
    world.recovery("web", "cmp-blog", ns="blog")


def test_all_namespaces():
    """One stream of each kind for all of them."""
    world = world_in(["*"], {f"cmp-{ns}": {"watch": "web", "ns": ns}
                             for ns in NAMESPACES}).wait_all()
    check_scope(world, NAMESPACES)
    equal(asked(world), {""}, "namespaces that it asked for")
    equal({watch["namespace"] for watch in world.kanata.show("watches")["watches"]}, {"*"},
          "namespaces of watches")
    for ns in NAMESPACES:
        world.outage("web", f"cmp-{ns}", ns=ns)
        world.recovery("web", f"cmp-{ns}", ns=ns)


def test_selectors():
    """By equality, by set, by what is there and what is not."""
    world = world_in(["*"], {
        "front": {"watch": {"selector": "tier=front"}},
        "shop": {"watch": {"selector": "tier in (front, back)"}, "ns": "shop"},
        "rest": {"watch": {"selector": "!tier,app"}, "ns": "ops"},
        "notback": {"watch": {"selector": "tier,tier notin (back)"}, "ns": "blog"}}, start=False)
    # Where none says otherwise: in all namespaces of the cluster.
    del world.config["ns"]
    world.kanata.configure(world.config)
    world.kanata.start()
    world.wait_all()
    members = {id: {ns for (ns, _), pod in pods(world).items() if id in pod["components"]}
               for id in ("front", "shop", "rest", "notback")}
    equal(members, {"front": {"shop", "blog"}, "shop": {"shop"}, "rest": {"ops"},
                    "notback": {"blog"}}, "where the pods of each component are")
    equal(world.kanata.component("front")["desired"], 4, "pods of front")
    world.kube.deployment("blog", "late", 1, labels={"tier": "front"})
    wait(lambda: world.kanata.component("front")["desired"] == 5, 20, "the fifth pod of front")
    world.kube.delete("deployments", "blog", "late")
    wait(lambda: world.kanata.component("front")["desired"] == 4, 20, "four pods again")


@limit(150)
def test_several_clusters():
    """A watcher for each, and each knows its own token only."""
    tokens = {name: f"{name}-secret-55d1c0" for name in ("east", "west", "north")}
    kubes = {name: Kube(token=token) for name, token in tokens.items()}
    for kube in kubes.values():
        kube.deployment("default", "api", 2)
    page = Page({f"cmp-{name}": name for name in kubes})
    world = World({f"cmp-{name}": {"watch": "api", "cluster": name} for name in kubes},
                  kube=kubes["east"], page=page,
                  clusters=[{"name": name, "kubeconfig": kube.kubeconfig(token=tokens[name])}
                            for name, kube in kubes.items()]).wait_all()
    world.kanata.secrets += [token.encode() for token in tokens.values()]
    watchers = {worker["name"].partition("/")[2]: worker["pid"]
                for worker in world.kanata.workers() if worker["name"].startswith("watcher")}
    equal(sorted(watchers), sorted(tokens), "watchers")
    equal({(pod["cluster"], pod["namespace"]) for pod in world.kanata.show("pods")["pods"]},
          {(name, "default") for name in tokens}, "clusters of pods")

    def check():
        if not ROOT:
            return
        needles = {name: token.encode() for name, token in tokens.items()}
        for role, pid in world.kanata.pids().items():
            mine = {name for name, its in watchers.items() if its == pid}
            equal(set(find_in_memory(pid, needles)), mine, f"tokens in the memory of {role}")

    check()
    # One that is away says nothing about the others.
    kubes["west"].stop()
    kubes["north"].crash("default", "api")
    page.wait_status("cmp-north", "MAJOROUTAGE")
    equal(page.component_status("cmp-east"), "OPERATIONAL", "east")
    check()
    kubes["north"].heal("default", "api")
    page.wait_status("cmp-north", "OPERATIONAL")
    equal(page.component_status("cmp-west"), "OPERATIONAL", "the one that is away")
    page.assert_one_outage("cmp-north")


# With few rights.


OTHERS = ("namespaces", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs",
          "cronjobs")


@limit(150)
def test_only_pods():
    """list and watch on pods alone: workloads are known from owner references, and a
    template's hash."""
    kube = Kube()
    for resource in OTHERS:
        kube.forbid(resource)
    kube.deployment("default", "web", 2)
    kube.statefulset("default", "db", 2)
    kube.daemonset("default", "agent", 2)
    kube.pod("default", "alone")
    ids = {"cmp-web": "web", "cmp-db": "db", "cmp-agent": "agent", "cmp-alone": "alone"}
    world = World(ids, kube=kube).wait_all()
    owners = {pod["owner"].partition("-")[0] for pod in pods(world).values()}
    equal(owners, {"replicaset/web", "statefulset/db", "daemonset/agent", ""}, "owners")
    for id, name in ids.items():
        equal({pod["name"].partition("-")[0] for pod in pods(world).values()
               if id in pod["components"]}, {name}, f"pods of {id}")
        world.outage(name, id)
        world.recovery(name, id)
    # Each kind was told of once, also after the second and third try.
    log = world.kanata.log()
    for resource in OTHERS:
        told = re.findall(rf"sim: {resource} in default: HTTP 403.*next try in \d+ s$", log, re.M)
        # What a namespace's annotation says is not missed by anybody.
        assert len(told) == (resource != "namespaces") or resource == "cronjobs", \
            f"{resource}: told of {len(told)} times"


@limit(150)
def test_one_kind_is_forbidden():
    """Said once, shown, and not fatal for the others; given the right, it is used."""
    kube = Kube()
    kube.forbid("statefulsets")
    kube.deployment("default", "web", 2)
    kube.statefulset("default", "db", 2)
    world = World({"cmp-web": "web", "cmp-db": {"watch": "statefulset/db"}}, kube=kube)
    world.kanata.wait_health("cmp-web", "ok")
    wait(lambda: world.kanata.component("cmp-db")["cause"] == "forbidden", 20, "the cause")
    world.outage("web", "cmp-web")
    world.recovery("web", "cmp-web")
    watch = {watch["resource"]: watch for watch in world.kanata.show("watches")["watches"]}
    equal((watch["statefulsets"]["state"], watch["deployments"]["state"], watch["pods"]["state"]),
          ("forbidden", "watching", "watching"), "states of watches")
    assert "cannot list" in watch["statefulsets"]["error"] or \
        "cannot watch" in watch["statefulsets"]["error"], watch["statefulsets"]["error"]
    equal(len(re.findall(r"(?m)statefulsets in default: HTTP 403.*next try in \d+ s$",
                         world.kanata.log())), 1, "lines about statefulsets")
    kube.allow()
    world.wait_all(limit=130)
    world.page.assert_one_outage("cmp-web")


@limit(200)
def test_only_pods_of_a_namespace_by_rbac():
    """The same with a real API server: a Role with pods, nothing else."""
    kube = RealKube.get()
    ns = kube.namespace("scope-pods")
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}"
    kube.client.call("POST", f"{rbac}/roles", {
        "kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "pods"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]})
    kube.client.call("POST", f"{rbac}/rolebindings", {
        "kind": "RoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "pods"},
        "subjects": [{"kind": "User", "name": "stranger",
                      "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "Role", "name": "pods", "apiGroup": "rbac.authorization.k8s.io"}})
    kube.deployment(ns, "web")
    kube.workload("statefulsets", ns, "db")
    page = Page({"cmp-web": "W", "cmp-db": "D"})
    kanata = Kanata({"key": KEY, "ns": ns, "instatus": {"url": page.url},
                     "clusters": [{"name": "real", "kubeconfig": kube.by_token(ns, NOBODY)}],
                     "defaults": dict(QUICK), "components": {"cmp-web": "web", "cmp-db": "db"}},
                    secrets=(KEY, NOBODY))
    for id, name in (("cmp-web", "web"), ("cmp-db", "db")):
        kanata.wait_health(id, "ok")
        kube.crash(ns, name)
        page.wait_status(id, "MAJOROUTAGE", limit=40)
        kube.heal(ns, name)
        page.wait_status(id, "OPERATIONAL", limit=40)
    states = {watch["resource"]: watch["state"] for watch in kanata.show("watches")["watches"]}
    equal({state for resource, state in states.items() if resource != "pods"}, {"forbidden"},
          f"states {states}")
    equal(states["pods"], "watching", "pods")
    kanata.assert_no_restarts()

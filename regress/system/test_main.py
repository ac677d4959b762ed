"""The main job on the simulators: from pods to the page and back."""

import re

from etcd import Etcd
from harness import equal, wait, write
from kanata import QUICK, Kanata
from world import HOOK, KEY, TOKEN, Kube, Page, World


def outage_of(make, workload="api", **watch):
    """One whole outage of what make(kube) makes."""
    kube = Kube()
    make(kube)
    world = World({"cmp-api": {"watch": "api", **watch} if watch else "api"}, kube=kube)
    world.wait_all()
    incident = world.outage(workload, "cmp-api")
    equal([c["id"] for c in incident["components"]], ["cmp-api"], "components of the incident")
    world.recovery(workload, "cmp-api")
    world.wait_all()
    world.page.assert_one_outage("cmp-api")
    equal(len(world.page.created()), 1, "requests that create an incident")
    world.kanata.end()
    return world


def test_deployment():
    """FIELD.md 72: from a pod to the page and back."""
    world = outage_of(lambda kube: kube.deployment("default", "api", 3))
    text = world.page.texts()
    assert "Name of cmp-api" in text, f"the component is not named in: {text}"
    for internal in ("default", "registry", "node-", "127.0.0.1", "10.244", "sim", "api-"):
        assert internal not in text.replace("cmp-api", ""), f"{internal!r} is public in: {text}"


def test_statefulset():
    outage_of(lambda kube: kube.statefulset("default", "api", 2))


def test_daemonset():
    outage_of(lambda kube: kube.daemonset("default", "api"))


def test_bare_pod():
    outage_of(lambda kube: kube.pod("default", "api"))


def test_named_kind():
    def make(kube):
        kube.deployment("default", "api", 1)
        kube.statefulset("default", "other", 1)
    outage_of(make, watch="deployment/api")


def test_label_selector():
    outage_of(lambda kube: kube.deployment("default", "api", 2, labels={"tier": "front"}),
              watch={"selector": "tier=front"})


def test_two_workloads_one_component():
    kube = Kube()
    kube.deployment("default", "front", 1)
    kube.deployment("default", "back", 1)
    world = World({"cmp": {"watch": ["deployment/front", "deployment/back"]}}, kube=kube)
    world.wait_all()
    kube.crash("default", "front")
    world.page.wait_open(1)
    kube.crash("default", "back")
    world.page.wait_status("cmp", "MAJOROUTAGE")
    kube.heal("default", "front")
    kube.heal("default", "back")
    world.page.wait_open(0)
    world.page.assert_one_outage("cmp")


def test_worsens_and_improves():
    kube = Kube()
    kube.deployment("default", "api", 4)
    world = World({"cmp": {"watch": "deployment/api"}}, kube=kube)
    world.wait_all()
    ill = kube.crash("default", "api", "NotReady", count=1)
    world.page.wait_status("cmp", "DEGRADEDPERFORMANCE")
    ill += kube.crash("default", "api", "NotReady", count=3)
    world.page.wait_status("cmp", "PARTIALOUTAGE")
    ill += kube.crash("default", "api", "NotReady")
    world.page.wait_status("cmp", "MAJOROUTAGE")
    equal(len(set(ill)), 4, "pods that fell ill")
    # One after the other, as they would.
    for pod in ill[:2]:
        kube.heal("default", pod, kind="Pod")
    world.page.wait_status("cmp", "DEGRADEDPERFORMANCE")
    equal(len(world.page.incidents(open_only=True)), 1, "open incidents")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def test_texts():
    """Templates, with internals that are asked for and without; another after a
    reload."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.deployment("default", "web", 1)
    world = World({"cmp": {"watch": "deployment/api"},
                   "cmp-web": {"watch": "web", "texts": {"name": "Web: {workload}"}}},
                  names={"cmp": "The API"}, kube=kube,
                  texts={"name": "{{{component}}} {status}", "down": "Since {started}\n\n{list}",
                         "private": "seen: {workload} {detail}"})
    world.wait_all()
    incident = world.outage("api", "cmp")
    equal(incident["name"], "{The API} major outage", "its name")
    message = incident["updates"][0]["message"]
    assert re.fullmatch(r"Since 20\d\d-\d\d-\d\d \d\d:\d\d UTC\n\n- The API: major outage",
                        message), f"the message is {message!r}"
    world.kanata.wait_log("incident .*: seen: deployment/api pod api-.*exit code")
    world.kanata.configure({**world.config, "texts": {"resolved": "{ready}/{desired} {cause}"}})
    world.kanata.reload().expect(0)
    world.recovery("api", "cmp")
    equal(world.page.incidents()[0]["updates"][-1]["message"], "2/2 none", "the last message")
    equal(world.outage("web", "cmp-web")["name"], "Web: web", "a name of its own")


def test_escalates():
    kube = Kube()
    kube.deployment("default", "api", 4)
    world = World({"cmp": {"watch": "deployment/api", "escalate_after": "4s"}}, kube=kube)
    world.wait_all()
    kube.crash("default", "api", "NotReady", count=1)
    world.page.wait_status("cmp", "MAJOROUTAGE")
    equal(world.kanata.health("cmp"), "degraded", "the health, which is what it was")
    assert "degraded performance" in world.page.texts(), "it was major from the start"
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def test_rollout_is_maintenance():
    kube = Kube()
    kube.deployment("default", "api", 2, max_unavailable=1, max_surge=0)
    world = World({"cmp": {"watch": "deployment/api"}}, kube=kube)
    world.wait_all()
    kube.rollout("default", "api", duration=6)
    world.page.wait_status("cmp", "UNDERMAINTENANCE")
    world.page.wait_status("cmp", "OPERATIONAL")
    world.wait_all()
    equal(world.page.incidents(), [], "incidents")


def test_rollout_quiet():
    kube = Kube()
    kube.deployment("default", "api", 2, max_unavailable=1, max_surge=0)
    world = World({"cmp": {"watch": "deployment/api", "rollout": "quiet"}}, kube=kube)
    world.wait_all()
    kube.rollout("default", "api", duration=4)
    world.kanata.wait_health("cmp", "rolling")
    world.kanata.wait_health("cmp", "ok")
    equal(world.page.incidents(), [], "incidents")
    equal(world.page.requests("PUT"), [], "changes of a component")


def test_rollout_that_is_stuck():
    """FIELD.md 8: the old pods serve, and it is said that the new ones do not."""
    kube = Kube()
    kube.deployment("default", "api", 2, max_unavailable=0, max_surge=1)
    world = World({"cmp": {"watch": "deployment/api"}}, kube=kube)
    world.wait_all()
    kube.rollout("default", "api", crash_new=True, deadline=2)
    incident = world.page.wait_open(1)[0]
    equal([c["id"] for c in incident["components"]], ["cmp"], "components of the incident")
    kube.rollout("default", "api", duration=0)
    world.page.wait_open(0)
    world.page.assert_one_outage("cmp")


def test_idle_is_no_outage():
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.deployment("default", "other", 1)
    world = World({"cmp": "api", "cmp-other": "other"}, kube=kube)
    world.wait_all()
    kube.scale("default", "api", 0)
    world.kanata.wait_health("cmp", "idle")
    # A whole outage of another component passes: this one had its time.
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    kube.scale("default", "api", 2)
    world.wait_all()
    world.page.assert_one_outage("cmp-other")
    equal(world.page.component_status("cmp"), "OPERATIONAL", "the idle one")


def test_deleted_on_purpose():
    kube = Kube(termination=1)
    for name, replicas in (("api", 3), ("gone", 2), ("other", 1)):
        kube.deployment("default", name, replicas)
    world = World({"cmp": "api", "cmp-gone": "gone", "cmp-other": "other"}, kube=kube)
    world.wait_all()
    for _ in range(3):
        kube.delete_pod("default", "api")
    kube.delete("Deployment", "default", "gone")
    world.kanata.wait_health("cmp-gone", "unknown")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.page.assert_one_outage("cmp-other")
    world.kanata.wait_health("cmp", "ok")
    equal(world.kanata.health("cmp-gone"), "unknown", "what was deleted")
    equal(world.page.component_status("cmp-gone"), "OPERATIONAL", "what was deleted, on the page")


def test_never_ready_is_silent():
    kube = Kube()
    kube.deployment("default", "new", 1, crash="ImagePullBackOff")
    kube.deployment("default", "other", 1)
    world = World({"cmp-new": "new", "cmp-other": "other"}, kube=kube)
    world.kanata.wait_health("cmp-other", "ok")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.page.assert_one_outage("cmp-other")
    kube.heal("default", "new")
    world.wait_all()
    world.outage("new", "cmp-new")


def test_not_available_yet_is_silent():
    """Just made, ready, but not for minReadySeconds: it was never available."""
    kube = Kube()
    kube.deployment("default", "other", 1)
    kube.deployment("default", "new", 2, min_ready=6)
    world = World({"cmp-new": "new", "cmp-other": "other"}, kube=kube)
    world.kanata.wait_health("cmp-other", "ok")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.wait_all()
    world.page.assert_one_outage("cmp-other")


def test_never_ready_for_long():
    kube = Kube()
    kube.deployment("default", "new", 1, crash="ImagePullBackOff", age=3600)
    world = World({"cmp": {"watch": "new", "first_ready_within": "1s"}}, kube=kube)
    world.page.wait_status("cmp", "MAJOROUTAGE")
    world.page.wait_open(1)
    world.recovery("new", "cmp")
    world.page.assert_one_outage("cmp")


def test_paused():
    kube = Kube()
    kube.deployment("default", "api", 1)
    kube.deployment("default", "other", 1)
    world = World({"cmp": "api", "cmp-other": "other"}, kube=kube)
    world.wait_all()
    kube.annotate("Deployment", "default", "api", "kanata/paused", "")
    wait(lambda: world.kanata.component("cmp")["paused"], 20, "the pause to be seen")
    kube.crash("default", "api")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.page.assert_one_outage("cmp-other")
    kube.annotate("Deployment", "default", "api", "kanata/paused")
    world.page.wait_status("cmp", "MAJOROUTAGE")


def test_group_shares_an_incident():
    kube = Kube()
    kube.deployment("default", "a", 1)
    kube.deployment("default", "b", 1)
    world = World({"cmp-a": {"watch": "a", "group": "edge"},
                   "cmp-b": {"watch": "b", "group": "edge"}}, kube=kube)
    world.wait_all()
    kube.crash("default", "a")
    kube.crash("default", "b")
    world.page.wait_status("cmp-a", "MAJOROUTAGE")
    world.page.wait_status("cmp-b", "MAJOROUTAGE")
    kube.heal("default", "a")
    kube.heal("default", "b")
    world.page.wait_status("cmp-a", "OPERATIONAL")
    world.page.wait_status("cmp-b", "OPERATIONAL")
    world.page.wait_open(0)
    world.page.assert_one_outage("cmp-a", "cmp-b")


def test_name_follows():
    """An incident is called after what is in it, until a human calls it something."""
    kube = Kube()
    for name in "abc":
        kube.deployment("default", name, 1)
    world = World({f"cmp-{name}": {"watch": name, "group": "edge"} for name in "abc"},
                  names={f"cmp-{name}": name.upper() for name in "abc"}, kube=kube)
    world.wait_all()
    page = world.page
    equal(world.outage("a", "cmp-a")["name"], "A is down", "its name")
    kube.crash("default", "b")
    page.wait_status("cmp-b", "MAJOROUTAGE")
    incident = page.wait_open(1)[0]
    equal(incident["name"], "A and B are affected", "its name")
    page.api("PUT", f"/v1/{page.page()['id']}/incidents/{incident['id']}", {
        "name": "By hand", "started": incident["started"], "status": incident["status"],
        "components": [c["id"] for c in incident["components"]]})
    kube.crash("default", "c")
    page.wait_status("cmp-c", "MAJOROUTAGE")
    for name in "abc":
        kube.heal("default", name)
    page.wait_open(0)
    equal([i["name"] for i in page.incidents()], ["By hand"], "names of incidents")
    page.assert_one_outage("cmp-a", "cmp-b", "cmp-c")


def test_two_clusters():
    one, two = Kube(), Kube(token="second-secret-9920")
    one.deployment("default", "api", 1)
    two.deployment("default", "api", 1)
    page = Page({"cmp-one": "One", "cmp-two": "Two"})
    world = World({"cmp-one": {"watch": "api", "cluster": "one"},
                   "cmp-two": {"watch": "api", "cluster": "two"}}, kube=one, page=page,
                  clusters=[{"name": "one", "kubeconfig": one.kubeconfig()},
                            {"name": "two", "kubeconfig":
                             two.kubeconfig(token="second-secret-9920")}])
    world.wait_all()
    two.crash("default", "api")
    page.wait_status("cmp-two", "MAJOROUTAGE")
    equal(page.component_status("cmp-one"), "OPERATIONAL", "the other cluster")
    two.heal("default", "api")
    page.wait_open(0)
    page.assert_one_outage("cmp-two")


def test_webhook():
    kube = Kube()
    kube.deployment("default", "a", 1)
    kube.deployment("default", "b", 1)
    page = Page({"cmp-a": "A", "cmp-b": "B"})
    world = World({"cmp-a": "a", "cmp-b": "b"}, kube=kube, page=page,
                  webhook_url=f"{page.url}/v3/integrations/webhook/{HOOK}")
    world.wait_all()
    kube.crash("default", "a")
    page.wait_status("cmp-a", "MAJOROUTAGE")
    kube.crash("default", "b")
    page.wait_status("cmp-b", "MAJOROUTAGE")
    kube.heal("default", "a")
    page.wait_status("cmp-a", "OPERATIONAL")
    kube.heal("default", "b")
    page.wait_status("cmp-b", "OPERATIONAL")
    wait(lambda: page.triggers() == ["down", "up"], 20, "one down and one up")
    equal(page.created(), [], "incidents made by the API")


def test_publish():
    """Only incidents, only the webhook, or everything; another test has the rest."""
    kube = Kube()
    kube.deployment("default", "a", 1)
    page = Page({"cmp": "A"})
    world = World({"cmp": "a"}, kube=kube, page=page, publish=["incidents"],
                  webhook_url=f"{page.url}/v3/integrations/webhook/{HOOK}")
    world.wait_all()
    kube.crash("default", "a")
    page.wait_open(1)
    kube.heal("default", "a")
    page.wait_open(0)
    equal(page.requests("PUT"), [], "changes of a component")
    equal(page.component_status("cmp"), "OPERATIONAL", "the component")
    equal(page.triggers(), [], "triggers")
    for words, incidents in ((["webhook"], 1), (["incidents", "statuses", "webhook"], 2)):
        world.kanata.configure({**world.config, "publish": words})
        world.kanata.reload().expect(0)
        before = len(page.triggers())
        kube.crash("default", "a")
        wait(lambda: page.triggers()[before:] == ["down"], 20, "one down")
        if "incidents" in words:
            page.wait_status("cmp", "MAJOROUTAGE")
        kube.heal("default", "a")
        wait(lambda: page.triggers()[before:] == ["down", "up"], 20, "one up")
        page.wait_open(0)
        page.wait_status("cmp", "OPERATIONAL")
        equal(len(page.created()), 1, "incidents by the API: one, opened again")
        ours = next(i for i in page.incidents() if i["name"] == "A is down")
        updates = [u["status"] for u in ours["updates"]]
        equal(updates.count("RESOLVED"), incidents, "times it was resolved")


def test_human_resolves():
    kube = Kube()
    kube.deployment("default", "api", 1)
    kube.deployment("default", "other", 1)
    world = World({"cmp": "api", "cmp-other": "other"}, kube=kube)
    world.wait_all()
    incident = world.outage("api", "cmp")
    world.page.human_resolve_incident(incident["id"])
    kube.crash("default", "other")
    world.page.wait_status("cmp-other", "MAJOROUTAGE")
    kube.heal("default", "other")
    world.page.wait_status("cmp-other", "OPERATIONAL")
    resolved = [i for i in world.page.incidents() if i["id"] == incident["id"]][0]
    equal(resolved["status"], "RESOLVED", "what a human resolved")
    world.recovery("api", "cmp")
    equal(len(world.page.incidents()), 2, "incidents")


def test_human_maintenance():
    kube = Kube()
    kube.deployment("default", "api", 1)
    kube.deployment("default", "other", 1)
    world = World({"cmp": "api", "cmp-other": "other"}, kube=kube)
    world.wait_all()
    world.page.human_set_component("cmp", "UNDERMAINTENANCE")
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    equal(world.page.component_status("cmp"), "UNDERMAINTENANCE", "what a human set")
    world.page.assert_one_outage("cmp-other")


# The configuration of the original, its values filled in.
SEED = """\
# Returns the webhook URL for Instatus.
# Optional: true
# Default: <not set>
{webhook}

# Returns the Instatus key for retrieving component IDs.
# You can invoke this using `<kanata-bin> list`.
#
# Optional: false
key: {key}

# Returns the namespace to check for.
# Optional: false
ns: {ns}

# Map of component-id -> pod-name to post on what component.
# Optional: false
components:
{components}

# Configuration for etcd.
etcd:
    # Authentication if you enabled it on your etcd cluster.
    auth:{auth}

    # List of nodes to use when connecting
    nodes:
        - {node}
"""
# Ids as Instatus makes them, by which the reverse map is told from the other.
KINDS = {"web": "ckf01fvnxywz50a35nh1qzssm", "db": "ckf01fvnxywz50a35nh1qzsst",
         "agent": "ckf01fvnxywz50a35nh1qzssu", "alone": "ckf01fvnxywz50a35nh1qzssv"}


def seed(reverse, auth):
    """The seed's configuration, with etcd and its authentication as it wanted,
    and kubeconfig found as it was found then."""
    etcd, kube, page = Etcd(), Kube(), Page({id: f"Name of {id}" for id in KINDS.values()})
    etcd.enable_auth("kanata", "etcd-secret-5512")
    kube.deployment("apps", "web", 2)
    kube.statefulset("apps", "db", 2)
    kube.daemonset("apps", "agent")
    kube.pod("apps", "alone")
    pairs = ((b, a) if reverse else (a, b) for b, a in KINDS.items())
    kanata = Kanata(start=False, secrets=(KEY, TOKEN, "etcd-secret-5512"),
                    env={"KUBECONFIG": kube.kubeconfig()})
    text = SEED.format(webhook="", key=KEY, ns="apps", auth=auth, node=etcd.node,
                       components="".join(f"    {a}: {b}\n" for a, b in pairs))
    # What is said below is where the test has its page and socket.
    text += f"instatus: {{url: {page.url}}}\ncontrol: {{socket: {kanata.socket}}}\n" \
            f"defaults: {{down_after: {QUICK['down_after']}, up_after: {QUICK['up_after']}}}\n"
    write(kanata.file, text)
    kanata.start()
    for id in KINDS.values():
        kanata.wait_health(id, "ok")
    for workload, id in KINDS.items():
        kube.crash("apps", workload)
        page.wait_status(id, "MAJOROUTAGE")
    wait(lambda: etcd.prefix(), 20, "state in etcd")
    for workload, id in KINDS.items():
        kube.heal("apps", workload)
        page.wait_status(id, "OPERATIONAL")
    page.wait_open(0)
    return kanata


def test_seed_configuration():
    kanata = seed(False, "\n        user: kanata\n        pass: etcd-secret-5512")
    assert "plain" in kanata.log(), "no warning about etcd in plain text"


def test_seed_configuration_of_the_source():
    """The reverse map and the list form of auth, with a warning each."""
    kanata = seed(True, " [kanata, etcd-secret-5512]")
    for what in ("components", "auth"):
        kanata.wait_log(rf"(?i){what}")


def test_unknown_component_is_named():
    kube = Kube()
    kube.deployment("default", "api", 1)
    page = Page({"cmp": "Known"})
    world = World({"cmp": "api", "cmp-typo-77": "api"}, kube=kube, page=page, start=False)
    world.kanata.start(ready=False)
    world.kanata.wait_log("on no page.*cmp-typo-77")
    world.kanata.wait_ready()
    assert "cmp-typo-77" in str(world.kanata.show("state")), "kanatactl does not show it"
    # The others go on.
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    page.assert_one_outage("cmp")

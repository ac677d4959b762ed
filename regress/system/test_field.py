"""What users of such tools complain about, by its numbers in regress/FIELD.md, on the
simulators."""

from harness import equal, limit, wait
from replicas import Replicas
from world import HOOK, Kube, Page, World

# Longer than what is on its way back takes, also on a slow machine.
PATIENT = {"down_after": "5s", "up_after": "1s"}


@limit(120)
def test_what_is_no_outage():
    """FIELD.md 1, 2, 3, 9: a drain, evictions, scaling, a rollout that keeps its capacity and a
    Job that completes say nothing, while an outage beside them is said."""
    kube = Kube(termination=1)
    for name in ("drained", "evicted", "scaled"):
        kube.deployment("default", name, 3)
    kube.deployment("default", "rolled", 2, max_unavailable=0, max_surge=1)
    kube.job("default", "job", duration=4)
    kube.deployment("default", "other", 1)
    world = World({f"cmp-{name}": name for name in
                   ("drained", "evicted", "scaled", "rolled", "job", "other")},
                  kube=kube, defaults=PATIENT)
    world.wait_all()
    for _ in range(2):
        kube.delete_pod("default", "drained")
    kube.crash("default", "evicted", "Evicted")
    kube.rollout("default", "rolled", duration=2)
    kube.scale("default", "scaled", 1)
    kube.scale("default", "scaled", 4)
    world.outage("other", "cmp-other")
    world.recovery("other", "cmp-other")
    world.wait_all()
    world.page.assert_one_outage("cmp-other")
    changed = {entry["path"].rpartition("/")[2] for entry in world.page.requests("PUT")}
    assert changed <= {"cmp-other"}, f"components that were changed: {changed}"


@limit(120)
def test_lost_node():
    """FIELD.md 4, 71: what goes down together is one incident."""
    names = [f"app-{n}" for n in range(7)]
    kube = Kube()
    for name in names:
        kube.deployment("default", name, 1)
    world = World({f"cmp-{name}": name for name in names}, kube=kube, defaults=PATIENT)
    world.wait_all()
    for name in names:
        kube.crash("default", name, "NodeLost")
    for name in names:
        world.page.wait_status(f"cmp-{name}", "MAJOROUTAGE", limit=60)
    incident = world.page.wait_open(1)[0]
    assert incident["name"].endswith("and 5 others are affected"), incident["name"]
    for name in names:
        kube.heal("default", name)
    world.page.wait_open(0, limit=60)
    world.page.assert_one_outage(*(f"cmp-{name}" for name in names))
    equal(len(world.page.created()), 1, "requests that create an incident")


@limit(120)
def test_flapping():
    """FIELD.md 21, 22, 24, 25, 26: short ones are nothing; one that comes back goes on in the
    incident that it had."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, defaults=PATIENT)
    world.wait_all()
    for _ in range(10):
        kube.crash("default", "api")
        kube.heal("default", "api")
    world.wait_all()
    for _ in range(2):
        world.outage("api", "cmp")
        world.recovery("api", "cmp")
    incidents = world.page.incidents()
    equal(len(incidents), 1, "incidents")
    equal([update["status"] for update in incidents[0]["updates"]],
          ["INVESTIGATING", "RESOLVED"] * 2, "what was said")


@limit(120)
def test_start_says_nothing():
    """FIELD.md 29, 30: neither a first start among many things that exist, nor another one."""
    kube = Kube()
    names = [f"app-{n}" for n in range(30)]
    for name in names:
        kube.deployment("default", name, 2, age=3600)
    kube.crash("default", names[0], "Evicted", count=1)
    kube.bulk_pods("default", "stray", 300)
    world = World({f"cmp-{name}": name for name in names}, kube=kube)
    world.wait_all()
    world.kanata.kill9_tree()
    world.kanata.start()
    world.wait_all()
    world.outage(names[1], f"cmp-{names[1]}")
    equal(len(world.page.requests("POST")), 1, "things that were posted")
    equal(world.page.requests("PUT"), [], "changes of components")


@limit(120)
def test_lists_again_say_nothing():
    """FIELD.md 31: whatever was listed once more is no news."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    world.outage("api", "cmp")
    lists = kube.state()["requests"].get("list pods", 0)
    kube.compact(drop=True)
    wait(lambda: kube.state()["requests"].get("list pods", 0) > lists, 40, "another list")
    wait(lambda: kube.watches() > 0, 30, "another watch")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    equal(len(world.page.incidents()[0]["updates"]), 2, "what was said")


@limit(300)
def test_webhook_that_fails_for_a_while():
    """FIELD.md 36: two replicas and a webhook that answers 503: once it is well, it was told
    once, whoever leads by then."""
    pair = Replicas()
    address = f"{pair.page.url}/v3/integrations/webhook/{HOOK}"
    for daemon in pair.daemons:
        daemon.configure({**daemon.config, "webhook_url": address})
        daemon.reload().expect(0)
    pair.page.fault("status", code=503, match="/webhook/", count=-1)
    pair.kube.crash("default", "api")
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    pair.leader.wait_log("webhook.*503")
    dead = pair.leader
    dead.kill9_tree()
    heir = pair.wait_leader(dead)
    heir.wait_log("webhook.*503", limit=60)
    dead.start()
    dead.wait_health("cmp", "major")
    pair.page.clear()
    wait(pair.page.triggers, 120, "the webhook to be told")
    pair.kube.heal("default", "api")
    wait(lambda: pair.page.triggers()[-1] == "up", 60, "the webhook to be told of the end")
    equal(pair.page.triggers(), ["down", "up"], "what it was told")


@limit(150)
def test_answer_to_resolve_is_lost():
    """FIELD.md 37, 38: what was resolved stays resolved and is not said again, also by
    whoever did not hear the answer and was killed."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    world.outage("api", "cmp")
    world.page.fault("nothing_after", match="/incident-updates", method="POST", count=1)
    kube.heal("default", "api")
    world.page.wait_open(0)
    world.kanata.kill9_tree()
    world.page.clear()
    world.kanata.start()
    world.wait_all()
    world.kanata.wait_log("the update had come through", limit=60)
    world.page.assert_one_outage("cmp")
    equal(world.page.incidents()[0]["updates"][-1]["status"], "RESOLVED", "the last word")


@limit(120)
def test_incident_of_a_human():
    """FIELD.md 67: on the same component, before, during and after one of ours."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    page = world.page
    page.human_create_incident("By hand", message="We know.", components=["cmp"], statuses=[])
    before = page.incidents()[0]
    kube.crash("default", "api")
    page.wait_open(2)
    kube.heal("default", "api")
    page.wait_open(1)
    page.wait_status("cmp", "OPERATIONAL")
    equal([i for i in page.incidents() if i["name"] == "By hand"], [before],
          "the incident of a human")
    ours = [i for i in page.incidents() if i["name"] != "By hand"]
    equal([i["status"] for i in ours], ["RESOLVED"], "ours")


@limit(150)
def test_many_open_incidents():
    """FIELD.md 71: more are open than one list has; ours is found among them, not made twice."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    page = Page({"cmp": "API"})
    for n in range(120):
        page.human_create_incident(f"By hand {n}", components=["cmp"], statuses=[])
    world = World({"cmp": "api"}, kube=kube, page=page)
    world.wait_all()
    page.fault("close_after", match="/incidents", method="POST", count=1)
    kube.crash("default", "api")
    page.wait_status("cmp", "MAJOROUTAGE")
    world.kanata.wait_log("had come through", limit=60)
    kube.heal("default", "api")
    page.wait_status("cmp", "OPERATIONAL", limit=60)
    page.wait_open(120)
    equal(len(page.created()), 1, "requests that create an incident")


@limit(120)
def test_second_outage():
    """FIELD.md 69: after an incident that cannot go on any more there is another one."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": {"watch": "api", "reopen_within": "0s"}}, kube=kube)
    world.wait_all()
    for _ in range(2):
        world.outage("api", "cmp")
        world.recovery("api", "cmp")
    equal([i["status"] for i in world.page.incidents()], ["RESOLVED"] * 2, "incidents")

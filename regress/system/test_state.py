"""What was said on the page is remembered, whatever happens to the daemon."""

from etcd import Etcd
from harness import equal, limit, wait
from world import Kube, World

PASSWORD = "etcd-secret-2f90"


def with_etcd(etcd, auth=None):
    section = {"nodes": [etcd.node]}
    if auth:
        section["auth"] = auth
    return {"etcd": section}


def survive_kill(**extra):
    """kill -9 of all during an outage, recovery while it is down, start again."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, **extra)
    world.wait_all()
    incident = world.outage("api", "cmp")
    # The incident's id is acknowledged when kanatactl shows it.
    wait(lambda: incident["id"] in str(world.kanata.show("incidents")), 20, "the id to be known")
    world.kanata.kill9_tree()
    kube.heal("default", "api")
    equal(world.page.component_status("cmp"), "MAJOROUTAGE", "on the page while it is down")
    world.kanata.start()
    world.page.wait_open(0, limit=60)
    world.page.wait_status("cmp", "OPERATIONAL")
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")
    # And once more from the start: what is closed stays closed.
    world.kanata.kill9_tree()
    world.kanata.start()
    world.wait_all()
    world.page.assert_one_outage("cmp")
    return world


def test_embedded():
    survive_kill()


def test_etcd():
    etcd = Etcd()
    world = survive_kill(**with_etcd(etcd))
    keys = etcd.prefix()
    assert keys and all(key.startswith("/kanata/") for key in keys), f"keys: {keys}"
    for key, value in keys.items():
        for secret in world.kanata.secrets:
            assert secret not in value.encode(), f"a secret in {key}"


def test_etcd_with_authentication():
    etcd = Etcd()
    etcd.enable_auth("kanata", PASSWORD)
    world = survive_kill(**with_etcd(etcd, {"user": "kanata", "pass": PASSWORD}))
    assert PASSWORD not in world.kanata.log(), "the password is in the log"


def test_etcd_wrong_password():
    etcd = Etcd()
    etcd.enable_auth("kanata", PASSWORD)
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp": "api"}, kube=kube,
                  **with_etcd(etcd, {"user": "kanata", "pass": "wrong-secret-0000"}))
    world.kanata.wait_log(r"(?i)etcd.*(auth|password|user)")
    assert "wrong-secret-0000" not in world.kanata.log(), "the password is in the log"
    world.kanata.end()


def test_outage_lasts_over_kill():
    """Down before, during and after: the incident goes on."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    first = world.outage("api", "cmp")
    world.kanata.kill9_tree()
    world.kanata.start()
    world.wait_all("major")
    world.recovery("api", "cmp")
    equal([i["id"] for i in world.page.incidents()], [first["id"]], "incidents")
    world.page.assert_one_outage("cmp")


@limit(120)
def test_etcd_stopped_for_a_while():
    """During an outage and a recovery; then it learns what happened."""
    etcd, kube = Etcd(), Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, **with_etcd(etcd))
    world.wait_all()
    world.outage("api", "cmp")
    wait(etcd.prefix, 20, "state in etcd")
    etcd.stop()
    kube.heal("default", "api")
    # With one replica it keeps speaking.
    world.page.wait_open(0, limit=60)
    world.page.wait_status("cmp", "OPERATIONAL")
    world.kanata.wait_log("(?i)etcd")
    etcd.start()
    wait(lambda: '"RESOLVED"' in str(etcd.prefix()) or not [
        value for value in etcd.prefix().values() if "MAJOROUTAGE" in value], 60,
        "etcd to hear of it")
    world.kanata.kill9_tree()
    world.kanata.start()
    world.wait_all()
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")


@limit(120)
def test_etcd_stopped_before_an_outage():
    etcd, kube = Etcd(), Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, **with_etcd(etcd))
    world.wait_all()
    wait(etcd.prefix, 20, "state in etcd")
    etcd.stop()
    world.outage("api", "cmp")
    etcd.start()
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")


@limit(120)
def test_etcd_not_there_at_start():
    etcd, kube = Etcd(), Kube()
    etcd.stop()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, **with_etcd(etcd))
    world.kanata.wait_log("(?i)etcd")
    etcd.start()
    world.wait_all()
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def test_etcd_that_says_nothing():
    """It accepts and is silent: the daemon goes on and comes back to it."""
    etcd, kube = Etcd(), Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, **with_etcd(etcd))
    world.wait_all()
    wait(etcd.prefix, 20, "state in etcd")
    etcd.freeze()
    try:
        world.kube.crash("default", "api")
        world.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    finally:
        etcd.thaw()
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


@limit(150)
def test_page_gone_during_twenty_changes():
    """What the page missed ends as the one update that matters."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, defaults={"down_after": "0s", "up_after": "0s"})
    world.wait_all()
    world.page.fault("status", code=500, count=-1)
    for _ in range(10):
        kube.crash("default", "api")
        world.kanata.wait_health("cmp", "major")
        kube.heal("default", "api")
        world.kanata.wait_health("cmp", "ok")
    kube.crash("default", "api")
    world.kanata.wait_health("cmp", "major")
    world.page.clear()
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=90)
    world.page.wait_open(1)
    equal(len(world.page.incidents()), 1, "incidents")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def lose_the_answer(fault, **options):
    """The incident was created, but the daemon does not know: it must look."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    world.page.fault(fault, match="/incidents", method="POST", count=1, **options)
    kube.crash("default", "api")
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    world.page.wait_open(1)
    # It waits for the answer first.
    world.recovery("api", "cmp", limit=90)
    world.page.assert_one_outage("cmp")


@limit(120)
def test_answer_to_create_is_lost():
    lose_the_answer("close_after")


@limit(150)
def test_answer_to_create_never_comes():
    lose_the_answer("nothing_after")


@limit(150)
def test_the_page_acts_late():
    """A gateway gives up on the page, which then does what it was asked: a first
    look is too early, and what it does not find is not made again."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    # Later than the first look, which is 5 to 10 s after.
    world.page.fault("late", code=504, seconds=11, match="/incidents", method="POST", count=1)
    kube.crash("default", "api")
    world.page.wait_open(1, limit=60)
    wait(lambda: "had come through" in world.kanata.log(), 60, "it to be found")
    assert "has not come through" in world.kanata.log(), "the first look found it"
    world.recovery("api", "cmp", limit=90)
    equal(len(world.page.created()), 1, "requests that create an incident")
    world.page.assert_one_outage("cmp")


@limit(120)
def test_killed_while_the_page_is_slow():
    """It acts on what it was asked long after who asked was killed: whoever
    comes next does not look too early."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    world.page.fault("slow", seconds=3, match="/incidents", method="POST", count=1)
    kube.crash("default", "api")
    wait(world.page.created, 30, "the incident to be asked for")
    world.kanata.kill9_tree()
    world.kanata.start()
    wait(lambda: world.page.created()[0]["acted"], 30, "the page to act on what is long gone")
    world.wait_all("major")
    world.page.wait_open(1)
    world.recovery("api", "cmp", limit=60)
    world.page.assert_one_outage("cmp")


@limit(120)
def test_killed_between_intent_and_answer():
    """FIELD.md 33: the reply was on its way when all were killed: no second incident."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    world.page.fault("nothing_after", match="/incidents", method="POST", count=1)
    kube.crash("default", "api")
    world.page.wait_open(1)
    world.kanata.kill9_tree()
    world.page.clear()
    world.kanata.start()
    world.wait_all("major")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    equal(len(world.page.created()), 1, "requests that create an incident")

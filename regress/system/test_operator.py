"""What operators ask with kanatactl: silence, maintenance, and why it is as it is."""

import json

from harness import equal, limit, wait
from replicas import Replicas
from world import Kube, World


def world(**extra):
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.deployment("default", "shop", 2)
    made = World({"cmp": "api", "shop-id": {"watch": "shop", "name": "The Shop"}}, kube=kube,
                 **extra)
    made.wait_all()
    return made


def silences(kanata):
    return kanata.show("silences").get("silences", [])


def wait_down(made, id, workload):
    """Down, and long enough for it to be on the page."""
    made.kube.crash("default", workload)
    made.kanata.wait_health(id, "major")
    shop = made.page.component_status("shop-id")
    if id != "shop-id" and shop == "OPERATIONAL":
        # What goes down later is on the page later.
        made.kube.crash("default", "shop")
        made.page.wait_status("shop-id", "MAJOROUTAGE")


def test_silence():
    made = world()
    kanata = made.kanata
    kanata.ctl("silence", "cmp", "1h", "we", "know").expect(
        0, "component cmp: silenced until 20.*by uid [0-9]+")
    found, = silences(kanata)
    equal((found["component"], found["kind"], found["reason"]), ("cmp", "silence", "we know"),
          "the silence")
    wait_down(made, "cmp", "api")
    equal(made.page.component_status("cmp"), "OPERATIONAL", "what is silenced")
    # It is remembered; a name is as good as an id.
    kanata.kill9_tree()
    kanata.start()
    kanata.wait_health("cmp", "major")
    made.page.wait_status("shop-id", "MAJOROUTAGE")
    equal(made.page.component_status("cmp"), "OPERATIONAL", "what is silenced")
    equal([s["component"] for s in silences(kanata)], ["cmp"], "silences after a restart")
    kanata.ctl("silence", "cmp", "off").expect(0, "no longer silenced")
    made.page.wait_status("cmp", "MAJOROUTAGE")
    kanata.ctl("silence", "cmp", "off").expect(1, "component cmp is not silenced")
    reason = "because " * 30 + "of that"
    kanata.ctl("silence", "The Shop", "1m", reason).expect(0, "component shop-id: silenced")
    assert f'"{reason}"' in kanata.ctl("show", "silences").out, "a reason is cut"


def test_silence_ends_by_itself():
    made = world()
    made.kanata.ctl("silence", "cmp", "8s").expect(0)
    wait_down(made, "cmp", "api")
    made.page.wait_status("cmp", "MAJOROUTAGE")
    equal(silences(made.kanata), [], "silences after the end")


def test_maintenance():
    made = world()
    kanata = made.kanata
    kanata.ctl("maintenance", "start", "cmp", "shop-id", "2h", "new", "disks").expect(
        0, "component cmp, shop-id: under maintenance until")
    for id in ("cmp", "shop-id"):
        made.page.wait_status(id, "UNDERMAINTENANCE")
    made.kube.crash("default", "api")
    kanata.wait_health("cmp", "major")
    kanata.kill9_tree()
    kanata.start()
    kanata.wait_health("cmp", "major")
    equal({s["kind"] for s in silences(kanata)}, {"maintenance"}, "what runs")
    kanata.ctl("maintenance", "end", "shop-id").expect(0, "maintenance ended")
    made.page.wait_status("shop-id", "OPERATIONAL")
    equal(made.page.component_status("cmp"), "UNDERMAINTENANCE", "the other one")
    equal(made.page.incidents(), [], "incidents during the maintenance")
    # At the end the truth is shown.
    kanata.ctl("maintenance", "end", "cmp").expect(0)
    made.page.wait_status("cmp", "MAJOROUTAGE")
    made.page.wait_open(1)
    # What is open goes on as maintenance.
    kanata.ctl("maintenance", "start", "cmp").expect(0, "until it is ended")
    made.page.wait_status("cmp", "UNDERMAINTENANCE")
    made.page.wait_open(0)
    assert "continued as maintenance" in made.page.texts(), made.page.texts()


def test_refused():
    made = world()
    kanata = made.kanata
    kanata.ctl("silence", "cmpp", "1h").expect(1, 'no component "cmpp"; near to it: cmp')
    kanata.ctl("silence", "zzzzzzzzzz", "1h").expect(1, "show components. lists them")
    kanata.ctl("silence", "cmp", "400d").expect(1, "at most 366d")
    kanata.ctl("maintenance", "end", "cmp").expect(1, "not under a maintenance")
    kanata.ctl("maintenance", "start", "cmp", "nobody", "1h").expect(1, 'no component "nobody"')
    equal(silences(kanata), [], "silences")
    kanata.ctl("silence", "cmp", "soon").expect(2, "expected a duration")
    kanata.ctl("silence", "cmp").expect(2, "usage")
    kanata.ctl("silence", "cmp", "1h", "x" * 300).expect(2, "longer than 256")
    kanata.ctl("maintenance", "pause", "cmp").expect(2, "usage")
    done = kanata.ctl("-j", "silence", "nope", "1h").expect(1)
    equal(json.loads(done.out)["ok"], False, "the answer as JSON")
    kanata.assert_no_restarts()


@limit(150)
def test_replicas():
    """Given to either, it holds for whoever speaks, and for the heir."""
    pair = Replicas()
    leader, other = pair.leader, pair.other(pair.leader)
    other.ctl("silence", "cmp", "1h", "shared").expect(0)
    wait(lambda: [s["reason"] for s in silences(leader)] == ["shared"], 20,
         "the leader to know of it")
    pair.kube.crash("default", "api")
    for daemon in pair.daemons:
        daemon.wait_health("cmp", "major")
    who, = leader.show("leader")["leader"]
    equal((who["leader"], who["pid"]), ("this", leader.pids()["parent"]), "who leads")
    assert who["left"] > 0, who
    seen, = other.show("leader")["leader"]
    equal((seen["leader"], seen["pid"], seen["host"], seen["since"]),
          ("other", who["pid"], who["host"], who["since"]), "who leads, as the other one says")
    # Its end, given to the other one, is the time to speak.
    equal(pair.page.component_status("cmp"), "OPERATIONAL", "what is silenced")
    other.ctl("silence", "cmp", "off").expect(0)
    pair.page.wait_status("cmp", "MAJOROUTAGE")

    def told(daemon):
        return {(r["kind"], r["to"]) for r in daemon.show("history").get("history", [])}
    # What the leader writes, the other one shows, too.
    wait(lambda: ("page", "MAJOROUTAGE") in told(other), 20, "the history to be shared")
    assert ("silence", "ends") in told(other), told(other)
    other.ctl("explain", "cmp").expect(1, "this kanatad does not speak", "another kanatad leads")
    leader.ctl("maintenance", "start", "cmp").expect(0)
    pair.page.wait_status("cmp", "UNDERMAINTENANCE")
    pair.page.wait_open(0)
    leader.kill9_tree()
    pair.wait_leader(leader)
    equal([s["kind"] for s in silences(other)], ["maintenance"], "what the heir knows")
    assert ("silence", "ends") in told(other), told(other)
    posts = len(pair.page.requests("POST"))
    other.ctl("maintenance", "end", "cmp").expect(0)
    pair.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    equal(len(pair.page.requests("POST")), posts + 1, "posts of the heir")
    # Without etcd it is refused, and says so.
    pair.etcd.stop()
    other.ctl("silence", "cmp", "1h").expect(1, "etcd cannot be used|etcd does not answer")
    # Nor does one that has just begun say that there is nothing to end.
    leader.start()
    leader.ctl("maintenance", "end", "cmp").expect(1, "what there is to end is not known yet")
    leader.ctl("show", "silences").expect(0, "silences: not known yet")


@limit(120)
def test_network_lost_between():
    """What was connected is silent for ever and nobody is told; what the other one
    is given is heard of all the same."""
    pair = Replicas(cut=True)
    for proxy in pair.proxies_of(pair.leader):
        proxy.lose_all()
    pair.other(pair.leader).ctl("silence", "cmp", "1h", "told").expect(0)
    wait(lambda: [s["reason"] for s in silences(pair.leader)] == ["told"], 60,
         "the leader to know of it")


def reasons(kanata, *words, rc=None):
    done = kanata.ctl("-j", *words)
    if rc is not None:
        done.expect(rc)
    return [(r["topic"], r["text"]) for r in json.loads(done.out)["reasons"]]


def has(found, topic, text):
    return any(t == topic and text in said for t, said in found)


def test_explain():
    made = world()
    kanata = made.kanata
    made.page.wait_status("cmp", "OPERATIONAL")
    wait(lambda: has(reasons(kanata, "explain", "cmp", rc=0), "page", "OPERATIONAL"), 20,
         "the page to be read")
    found = reasons(kanata, "explain", "cmp", rc=0)
    assert has(found, "health", "ok, 2 of 2 ready"), found
    assert has(found, "next", "nothing, until its health changes"), found
    kanata.ctl("silence", "cmp", "1h", "known").expect(0)
    made.kube.crash("default", "api")
    kanata.wait_health("cmp", "major")
    found = reasons(kanata, "explain", "cmp", rc=1)
    assert has(found, "health", "major: crash-looping, 0 of 2 ready"), found
    assert has(found, "block", "silenced by uid"), found
    assert has(found, "next", "the silence ends"), found
    kanata.ctl("silence", "cmp", "off").expect(0)
    made.page.wait_status("cmp", "MAJOROUTAGE")
    wait(lambda: has(reasons(kanata, "explain", "cmp"), "page", "MAJOROUTAGE"), 20, "it is shown")
    found = reasons(kanata, "explain", "cmp", rc=1)
    assert has(found, "incident", "INVESTIGATING"), found
    # As text, too; what there is not says what is near.
    kanata.ctl("explain", "shop-id").expect(0, "COMPONENT\n", "WHY\n", "page: OPERATIONAL")
    kanata.ctl("explain", "shopid").expect(1, "near to it: shop-id")


def test_history():
    made = world()
    kanata = made.kanata
    made.outage("api", "cmp")
    kanata.ctl("silence", "shop-id", "1h", "why not").expect(0)

    def days():
        return next(d["days"] for d in kanata.show("days")["days"] if d["component"] == "cmp")
    wait(lambda: days()[0]["major"] > 0, 20, "the outage to be counted")
    made.recovery("api", "cmp")

    def kinds(*words):
        rows = kanata.show("history", *words).get("history", [])
        return [(r["kind"], r["component"], r["to"]) for r in rows]
    wanted = {("health", "cmp", "major"), ("page", "cmp", "MAJOROUTAGE"),
              ("incident", "", "INVESTIGATING"), ("health", "cmp", "ok"),
              ("page", "cmp", "OPERATIONAL"), ("incident", "", "RESOLVED")}
    wait(lambda: wanted <= set(kinds("cmp")), 20, "the history of cmp")
    assert ("silence", "shop-id", "begins") in kinds(), kinds()
    assert ("silence", "shop-id", "begins") not in kinds("cmp"), kinds("cmp")
    incident, = kanata.show("incidents")["incidents"]
    equal([e["to"] for e in incident["timeline"] if e["kind"] == "incident"],
          ["INVESTIGATING", "RESOLVED"], "the timeline of the incident")
    before = kinds()
    counted = days()
    assert counted[0]["major"] >= 1 and counted[0]["partial"] == 0, counted
    # Written a little later, and there after the end of all.
    wait(lambda: {"name": "history", "text": "written"} in kanata.show("state")["state"], 30,
         "the history to be written")
    kanata.end()
    kanata.start()
    equal(kinds(), before, "the history after a restart")
    equal(days(), counted, "the days after a restart")
    kanata.ctl("show", "history", "nobody").expect(1, "there is no component")


def test_leader_alone():
    made = world()
    row, = made.kanata.show("leader")["leader"]
    equal(row["leader"], "embedded", "the leader")

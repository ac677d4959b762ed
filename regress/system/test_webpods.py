"""Pods by kanata-web: all of them, and those that change."""

import json

from harness import equal, limit, wait
from web import Stream, world_with_web
from world import Kube


def world_of_three():
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.statefulset("default", "db", 1)
    return world_with_web(kube=kube, components={"cmp": "api", "cmp-db": "statefulset/db"})


def by_name(pods):
    return {pod["name"]: pod for pod in pods}


def test_pods():
    world, web = world_of_three()
    pods = by_name(web.wait("/v1/pods").json())
    equal(len(pods), 3, f"pods {sorted(pods)}")
    wanted = by_name(world.kanata.show("pods")["pods"])
    equal(pods, wanted, "the same as kanatactl shows")
    equal(pods["db-0"]["components"], ["cmp-db"], "components of db-0")
    equal(web.ask("/v1/pods", "HEAD").body, "", "HEAD")
    # Kept up to date while somebody asks.
    world.kube.crash("default", "db")
    wait(lambda: by_name(web.get("/v1/pods").json())["db-0"]["cause"] == "crash-looping", 20,
         "the crash")
    world.kube.scale("default", "api", 1)
    wait(lambda: len(web.get("/v1/pods").json()) == 2, 20, "one pod less")


def test_not_listed_yet():
    """503 while bootstrapping (KA-16)."""
    kube = Kube()
    kube.deployment("default", "api", 1)
    kube.fault("status", code=500, match="/pods", count=-1)
    _, web = world_with_web(kube=kube)
    answer = web.wait("/v1/pods", 503)
    assert answer.json()["error"] and answer.headers["Retry-After"], answer
    equal(web.get("/v1/pods/watch").status, 503, "the watch")
    kube.clear()
    equal(len(web.wait("/v1/pods").json()), 1, "pods")


@limit(90)
def test_watch():
    """All, then each change; two at a time, of which one goes."""
    world, web = world_of_three()
    web.wait("/v1/pods")
    stream, other = Stream(web), Stream(web)
    equal(stream.response.headers["Content-Type"], "application/x-ndjson", "its type")
    first = stream.until_bookmark()
    equal({event["type"] for event in first}, {"ADDED"}, "the beginning")
    equal(sorted(event["object"]["name"] for event in first),
          sorted(by_name(web.get("/v1/pods").json())), "pods of the beginning")
    other.close()
    world.kube.crash("default", "db")
    event = stream.next("MODIFIED")
    equal((event["object"]["name"], event["object"]["cause"]), ("db-0", "crash-looping"), "crash")
    world.kube.scale("default", "db", 0)
    event = stream.next("DELETED")
    equal(event["object"]["name"], "db-0", "deleted")
    world.kube.scale("default", "db", 1)
    event = stream.next("ADDED")
    equal((event["object"]["name"], event["object"]["components"]), ("db-0", ["cmp-db"]), "added")
    equal(len(web.get("/v1/pods").json()), 3, "pods")
    world.kanata.assert_no_restarts()


def test_watch_as_server_sent_events():
    _, web = world_of_three()
    web.wait("/v1/pods")
    stream = Stream(web, Accept="Text/Event-Stream, */*;q=0.1")
    equal(stream.response.headers["Content-Type"], "text/event-stream", "its type")
    names = []
    for _ in range(3):
        equal(stream.line(), "event: ADDED", "the type")
        data = stream.line()
        assert data.startswith("data: "), data
        names.append(json.loads(data[6:])["name"])
        equal(stream.line(), "", "the end of an event")
    equal(len(set(names)), 3, f"pods {names}")
    equal([stream.line(), stream.line()], ["event: BOOKMARK", "data: {}"], "then a bookmark")


@limit(90)
def test_watcher_starts_again():
    """Who watches is cut off and begins anew; the same pods are there after."""
    world, web = world_of_three()
    before = web.wait("/v1/pods").json()
    stream = Stream(web)
    stream.until_bookmark()
    world.kanata.kill("watcher")
    equal(stream.line(), "", "the end of the stream")
    wait(lambda: web.get("/v1/pods").status == 200 and web.get("/v1/pods").json() == before, 30,
         "the same pods")

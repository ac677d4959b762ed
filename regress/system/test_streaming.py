"""Lists that come as a watch, from an API server that has them and from one that
has not."""

from harness import equal, wait
from world import Kube, World


def world(**options):
    made = World({"cmp": "web"}, kube=Kube(**options), start=False)
    made.kube.deployment("default", "web", 2)
    made.kanata.start()
    made.wait_all()
    return made


def queries(made, resource="pods"):
    return [query["query"] for query in made.kube.state()["queries"]
            if query["path"].endswith("/" + resource)]


def lists(made, resource="pods"):
    """Which way it asked for the list, without what follows from that."""
    return ["streamed" if "sendInitialEvents=true" in query else "page"
            for query in queries(made, resource) if "resourceVersion=" not in query]


def test_streamed():
    made = world(streaming_lists=True)
    for resource in ("pods", "deployments", "replicasets"):
        equal(lists(made, resource), ["streamed"], resource)
    made.outage("web", "cmp")
    made.recovery("web", "cmp")
    # The list and the watch are one request.
    equal(len(queries(made)), 1, "requests for pods")


def test_streamed_after_expiry():
    """What went while nobody looked is gone from the next list, too."""
    made = world(streaming_lists=True)
    for form, replicas in (("http", 1), ("stream", 3)):
        made.kube.scale("default", "web", replicas)
        made.kube.compact(form=form, drop=True)
        wait(lambda: made.kanata.component("cmp")["desired"] == replicas, 30,
             f"{replicas} replicas")
        made.wait_all()
    wait(lambda: len(lists(made)) > 1, 60, "the pods to be listed anew")
    equal(set(lists(made)), {"streamed"}, "lists of pods")


def test_refused():
    made = world()
    # Whichever stream asked first told the others; pods come last.
    equal(lists(made), ["page"], "lists of pods")
    assert "streamed" in [how for resource in ("namespaces", "deployments", "statefulsets")
                          for how in lists(made, resource)]
    made.outage("web", "cmp")
    made.recovery("web", "cmp")

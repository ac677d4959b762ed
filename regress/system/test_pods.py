"""kanatactl show pods: what it says, many of them, and clients that do not read."""

import calendar
import re
import socket
import time

from harness import equal, limit, wait
from test_worker import message_number, pack
from world import Kube, World

SHOW_PODS = 32


def test_pods():
    """Owner, readiness, cause and the components that each belongs to."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.statefulset("default", "db", 1)
    kube.pod("default", "alone")
    kube.pod("other", "unseen")
    world = World({"cmp": "api", "cmp-db": {"watch": "statefulset/db"},
                   "cmp-both": {"watch": {"selector": "app in (api, db)"}}}, kube=kube).wait_all()
    pods = {pod["name"]: pod for pod in world.kanata.show("pods")["pods"]}
    equal(len(pods), 4, f"pods {sorted(pods)}")
    for name, pod in pods.items():
        equal((pod["cluster"], pod["namespace"], pod["ready"], pod["terminating"], pod["cause"]),
              ("sim", "default", True, False, "none"), name)
        since = calendar.timegm(time.strptime(pod["since"], "%Y-%m-%dT%H:%M:%SZ"))
        assert abs(time.time() - since) < 100, f"{name}: since {pod['since']}"
    api = next(pod for name, pod in pods.items() if name.startswith("api-"))
    assert re.fullmatch(r"replicaset/api-\w+", api["owner"]), api["owner"]
    equal(sorted(api["components"]), ["cmp", "cmp-both"], "components of api")
    equal(pods["db-0"]["owner"], "statefulset/db", "owner of db-0")
    equal(sorted(pods["db-0"]["components"]), ["cmp-both", "cmp-db"], "components of db-0")
    equal((pods["alone"]["owner"], pods["alone"]["components"]), ("", []), "alone")
    kube.crash("default", "alone")
    wait(lambda: next(pod for pod in world.kanata.show("pods")["pods"]
                      if pod["name"] == "alone")["cause"] == "crash-looping", 20, "the cause")
    text = world.kanata.ctl("show", "pods").expect(0, r"(?m)^POD$",
                                                   r"default/alone  -  crash-looping  since 20",
                                                   r"default/db-0  statefulset/db  ready  since")
    equal(len(text.out.splitlines()), 5, text.out)
    assert "POD" not in world.kanata.ctl("show").out, "show without a part shows pods"


@limit(150)
def test_many_pods():
    """50,000: all come, once, while somebody else asks and does not read, who costs
    neither the watcher nor the parent anything."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.bulk_pods("default", "idle-with-a-name-of-some-length", 50_000)
    world = World({"cmp": "api"}, kube=kube).wait_all(limit=90)
    clients = []
    for _ in range(3):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.connect(world.kanata.socket)
        client.send(pack(message_number("MSG_CTL_SHOW"), 1, SHOW_PODS))
        clients.append(client)
    began = time.monotonic()
    pods = world.kanata.show("pods")["pods"]
    print(f"{len(pods)} pods in {time.monotonic() - began:.2f} s")
    names = {pod["name"] for pod in pods}
    equal((len(pods), len(names)), (50_002, 50_002), "pods, and their names")
    # Those who do not read are cut off; the others have not felt it.
    world.kanata.wait_log("it does not read", limit=40)
    world.outage("api", "cmp")
    for client in clients:
        client.settimeout(30)
        while read(client):
            pass
    # One that goes in the middle of the answer.
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(world.kanata.socket)
    client.send(pack(message_number("MSG_CTL_SHOW"), 1, SHOW_PODS))
    assert client.recv(65536), "no answer"
    client.close()
    world.recovery("api", "cmp")
    world.kanata.assert_no_restarts()
    equal(len(world.kanata.show("pods")["pods"]), 50_002, "pods at the end")


def read(client):
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""

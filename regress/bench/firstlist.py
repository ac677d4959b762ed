"""The first list of many pods from a simulated API."""

import http.client
import json
import ssl
import subprocess

import harness
import procfs
import reap
import world
from harness import wait

NS, LOAD = "load", "load"
# Makes a bulk pod about 8.5 KB of JSON.
PADDING = 6770
WRITERS = 8


class Simulated:
    title = "simulated API"

    def __init__(self, certificate, ca, count, padding=PADDING):
        self.sim = world.Kube(pod_padding=padding, **certificate)
        self.url, self.ca, self.token = self.sim.url, ca, world.TOKEN
        self.sim.deployment(NS, "api", 2)
        self.sim.bulk_pods(NS, LOAD, count)

    def kubeconfig(self):
        return self.sim.kubeconfig(**{"certificate-authority": self.ca})

    def one_pod(self):
        """As somebody would write it, and its status."""
        _, pod = self.sim.get(f"/api/v1/namespaces/{NS}/pods/{LOAD}-000000", token=self.token)
        meta, spec = pod["metadata"], pod["spec"]
        del spec["nodeName"]
        return {"kind": "Pod", "apiVersion": "v1", "spec": spec, "metadata": {
            key: meta[key] for key in ("labels", "annotations")}}, pod["status"]


def pod_bytes(source):
    """Of a pod in a list, on average."""
    context = ssl.create_default_context(cafile=source.ca)
    host = source.url.removeprefix("https://")
    connection = http.client.HTTPSConnection(host, timeout=60, context=context)
    connection.request("GET", f"/api/v1/namespaces/{NS}/pods?limit=100&labelSelector=app={LOAD}",
                       headers={"Authorization": f"Bearer {source.token}"})
    body = connection.getresponse().read()
    connection.close()
    return len(body) // max(1, len(json.loads(body)["items"]))


def list_is_complete(kanata):
    """In the watcher's own words: it watches from there on."""
    states = [row["state"] for row in kanata.show("watches").get("watches", ())
              if row["resource"] == "pods"]
    return states == ["watching"]


def of_kanata(start, measure_memory):
    """start() is kanatad without waiting; what its list costs, and its memory."""
    made = start()
    wait(lambda: list_is_complete(made.kanata), 300, "the list of pods to be complete", every=0.1)
    watcher = made.kanata.pids()["watcher"]
    cost = {"cpu_seconds": procfs.cpu_seconds(watcher), "peak_kib": procfs.peak_kib(watcher)}
    memory = measure_memory(made.kanata)
    made.kanata.end()
    made.page.stop()
    harness.started.remove(made.kanata)
    harness.started.remove(made.page)
    return cost, memory


def of_informer(program, source):
    child = reap.start([program, "-api", source.url, "-token", source.token, "-ca", source.ca,
                        "-ns", NS], stdout=subprocess.PIPE)
    try:
        line = child.stdout.readline().decode(errors="replace")
        if not line.startswith("READY"):
            raise AssertionError(f"{program} says {line!r}")
        return {"cpu_seconds": procfs.cpu_seconds(child.pid),
                "peak_kib": procfs.peak_kib(child.pid)}
    finally:
        child.terminate()
        reap.wait(child, 10)
        reap.end_group(child)
        child.stdout.close()

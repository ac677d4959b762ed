"""The first list of many pods: from a simulated API, and from a real one."""

import http.client
import json
import ssl
import subprocess
import threading

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

    def __init__(self, certificate, ca, count):
        self.sim = world.Kube(pod_padding=PADDING, **certificate)
        self.url, self.ca, self.token = self.sim.url, ca, world.TOKEN
        self.sim.deployment(NS, "api", 2)
        self.sim.bulk_pods(NS, LOAD, count)

    def kubeconfig(self):
        return self.sim.kubeconfig(**{"certificate-authority": self.ca})

    def one_pod(self):
        """As somebody would write it."""
        _, pod = self.sim.get(f"/api/v1/namespaces/{NS}/pods/{LOAD}-000000", token=self.token)
        meta, spec = pod["metadata"], pod["spec"]
        del spec["nodeName"]
        return {"kind": "Pod", "apiVersion": "v1", "spec": spec, "metadata": {
            key: meta[key] for key in ("labels", "annotations")}}


class Real:
    """A real kube-apiserver; its pods have no status but that they wait for a node,
    for nobody plays the kubelet for so many."""

    title = "real API"

    def __init__(self, pod, count):
        import realkube
        self.kube = realkube.RealKube.get()
        self.kube.kubelet.done.set()
        self.kube.kubelet.join()
        self.url, self.ca = f"https://127.0.0.1:{self.kube.port}", self.kube.ca.crt
        self.token, self.admin = realkube.READER, realkube.ADMIN
        self.kube.namespace(NS)
        self.create(pod, count)

    def kubeconfig(self):
        return self.kube.by_token(NS)

    def create(self, pod, count):
        errors = []

        def write(first):
            try:
                self.create_every(pod, range(first, count, WRITERS))
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(first,), daemon=True)
                   for first in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def create_every(self, pod, numbers):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.kube.port, timeout=60,
            context=ssl.create_default_context(cafile=self.ca))
        for number in numbers:
            body = {**pod, "metadata": {**pod["metadata"], "name": f"{LOAD}-{number:06}"}}
            connection.request("POST", f"/api/v1/namespaces/{NS}/pods", json.dumps(body), {
                "Content-Type": "application/json", "Authorization": f"Bearer {self.admin}"})
            response = connection.getresponse()
            answer = response.read()
            if response.status != 201:
                raise AssertionError(f"POST of a pod: {response.status} {answer[:500]!r}")
        connection.close()


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

"""Against a real kube-apiserver over TLS, side by side: curl, which only decrypts and
throws away, a program on client-go's informer, and the watcher."""

import http.client
import json
import os
import re
import ssl
import subprocess
import threading
import time
from datetime import datetime

import firstlist
import harness
import kanata
import procfs
import realkube
import reap
import world
from firstlist import LOAD, NS, WRITERS
from harness import wait

PROTOBUF = "application/vnd.kubernetes.protobuf"
PODS = f"/api/v1/namespaces/{NS}/pods"
# Components of the run that measures latency, each of one pod.
WATCHED = 20


class Cluster:
    """The servers, and many pods that are all ready; nobody plays the kubelet."""

    def __init__(self, pod, status, count):
        self.kube = realkube.RealKube.get()
        self.kube.kubelet.done.set()
        self.kube.kubelet.join()
        self.url, self.ca = f"https://127.0.0.1:{self.kube.port}", self.kube.ca.crt
        self.token = realkube.ADMIN
        self.pod, self.status, self.count = pod, status, count
        self.kube.namespace(NS)
        self.in_parallel(self.create, count)

    def in_parallel(self, work, count):
        errors = []

        def run(first):
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.kube.port, timeout=60,
                context=ssl.create_default_context(cafile=self.ca))
            try:
                for number in range(first, count, WRITERS):
                    work(connection, number)
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(first,), daemon=True)
                   for first in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def call(self, connection, method, path, body, content_type="application/json"):
        connection.request(method, path, json.dumps(body), {
            "Content-Type": content_type, "Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        answer = response.read()
        if response.status not in (200, 201):
            raise AssertionError(f"{method} {path}: {response.status} {answer[:500]!r}")
        return answer

    def create(self, connection, number):
        pod = {**self.pod, "metadata": {**self.pod["metadata"], "name": f"{LOAD}-{number:06}"},
               "spec": {**self.pod["spec"], "nodeName": "node-a"}}
        pod = json.loads(self.call(connection, "POST", PODS, pod))
        self.call(connection, "PUT", f"{PODS}/{LOAD}-{number:06}/status",
                  {**pod, "status": self.status})

    def flip(self, connection, number, ready):
        """Returns when the request was sent, in ns since 1970."""
        now = time.time_ns()
        self.call(connection, "PATCH", f"{PODS}/{LOAD}-{number:06}/status", {"status": {
            "message": str(now), "conditions": [{
                "type": "Ready", "status": "True" if ready else "False"}]}},
            "application/strategic-merge-patch+json")
        return now

    def events(self, count):
        """So many changes of status, each pod in turn."""
        self.in_parallel(lambda connection, number: self.flip(
            connection, number % self.count, number // self.count % 2), count)
        time.sleep(2)   # for the clients to have read the last of them

    def version(self):
        return self.kube.client.list("pods", NS, "?limit=1")["metadata"]["resourceVersion"]

    def kubeconfig(self):
        return self.kube.by_token(NS, self.token)


# Clients: each has a title, pid, list_cpu, and end().

class Curl:
    def __init__(self, cluster, title, accept):
        self.cluster, self.title, self.accept = cluster, title, accept

    def start(self, path, accept):
        return reap.start(
            ["curl", "-sN", "--http1.1", "-o", "/dev/null", "--cacert", self.cluster.ca, "-H",
             f"Authorization: Bearer {self.cluster.token}", "-H", f"Accept: {accept}",
             self.cluster.url + path], stdout=subprocess.DEVNULL)

    def list(self):
        child, found = self.start(PODS, self.accept), None
        # An ended child's figures can be read until it is waited for.
        while True:
            try:
                peak = procfs.peak_kib(child.pid)
                found = {"cpu_seconds": procfs.cpu_seconds(child.pid), "peak_kib": peak}
            except (KeyError, OSError, ValueError):
                break
            time.sleep(0.005)
        found["cpu_seconds"] = max(found["cpu_seconds"], procfs.cpu_seconds(child.pid))
        harness.equal(reap.wait(child, 10), 0, "curl")
        reap.end_group(child)
        return found

    def watch(self):
        self.child = self.start(f"{PODS}?watch=1&resourceVersion={self.cluster.version()}",
                                f"{self.accept};stream=watch")
        self.pid = self.child.pid

    def end(self):
        self.child.terminate()
        reap.wait(self.child, 10)
        reap.end_group(self.child)


class Informer:
    def __init__(self, cluster, title, program, *args):
        self.cluster, self.title, self.argv = cluster, title, [
            program, *args, "-api", cluster.url, "-token", cluster.token, "-ca", cluster.ca,
            "-ns", NS]
        self.lines = []

    def list(self):
        self.watch()
        found = {"cpu_seconds": procfs.cpu_seconds(self.pid), "peak_kib": procfs.peak_kib(self.pid)}
        self.end()
        return found

    def watch(self):
        self.child = reap.start(self.argv, stdout=subprocess.PIPE)
        self.pid = self.child.pid
        line = self.child.stdout.readline().decode(errors="replace")
        if not line.startswith("READY"):
            raise AssertionError(f"{self.argv[0]} says {line!r}")
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.child.stdout),
                                       daemon=True)
        self.reader.start()

    def end(self):
        self.child.terminate()
        reap.wait(self.child, 10)
        reap.end_group(self.child)
        self.reader.join(10)
        self.child.stdout.close()

    def decisions(self):
        """{time of the change: time of the line}"""
        words = (line.split() for line in self.lines)
        return {int(word[4]): int(word[0]) for word in words if len(word) == 5}


class Quiet(kanata.Kanata):
    def command(self, *args):
        return super().command(*(arg for arg in args if arg != "-v"))


class Watcher:
    def __init__(self, bench, cluster, title, components, verbose=False):
        self.bench, self.cluster, self.title = bench, cluster, title
        self.components, self.kind = components, kanata.Kanata if verbose else Quiet

    def watch(self):
        self.page = world.Page({"cmp": "Component"}, **self.bench.certificate)
        self.kanata = self.kind({
            "key": world.KEY, "ns": NS, "components": self.components,
            "instatus": {"url": self.page.url, "ca_file": self.bench.authority.crt},
            "clusters": [{"name": "real", "kubeconfig": self.cluster.kubeconfig()}],
            "log": {"format": "json"}}, start=False)
        self.kanata.start(ready=False)
        wait(lambda: firstlist.list_is_complete(self.kanata), 300,
             "the list of pods to be complete", every=0.5)
        self.pid = self.kanata.pids()["watcher"]

    def list(self):
        self.watch()
        found = {"cpu_seconds": procfs.cpu_seconds(self.pid), "peak_kib": procfs.peak_kib(self.pid)}
        self.end()
        return found

    def end(self):
        self.kanata.end()
        self.page.stop()
        harness.started.remove(self.kanata)
        harness.started.remove(self.page)

    def decisions(self):
        """[(component, ms since 1970)], when the parent heard of it."""
        lines = [json.loads(line) for line in self.kanata.log().splitlines() if line[0] == "{"]
        found = [(line["time"], re.match(r"(pod-\d+): (?:ok|major)\b", line["text"]))
                 for line in lines]
        return [(match[1], datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() * 1000)
                for at, match in found if match]


def clients(bench, cluster):
    found = [Curl(cluster, "curl, JSON", "application/json"),
             Curl(cluster, "curl, protobuf", PROTOBUF)]
    if bench.args.informer:
        found += [Informer(cluster, "client-go informer, JSON", bench.args.informer),
                  Informer(cluster, "client-go informer, protobuf", bench.args.informer, "-pb")]
    return found + [
        Watcher(bench, cluster, "kanata-watcher, pods of no component",
                {"cmp": {"watch": "deployment/none"}}),
        Watcher(bench, cluster, "kanata-watcher, pods of a component",
                {"cmp": {"watch": {"selector": f"app={LOAD}"}}})]


def lists(bench, cluster):
    """{title: {cpu_seconds, peak_kib}} for each client, one after another."""
    return {client.title: client.list() for client in clients(bench, cluster)}


def events(bench, cluster, count):
    """The same for so many events, all clients at once."""
    all_clients = clients(bench, cluster)
    for client in all_clients:
        client.watch()
    time.sleep(1)
    before = {client.title: procfs.cpu_seconds(client.pid) for client in all_clients}
    cluster.events(count)
    found = {client.title: {
        "cpu_seconds": procfs.cpu_seconds(client.pid) - before[client.title],
        "peak_kib": procfs.peak_kib(client.pid)} for client in all_clients}
    for client in all_clients:
        client.end()
    return found


def latency(bench, cluster, samples):
    """{title: [ms]} from just before a change is asked for to the decision."""
    watcher = Watcher(bench, cluster, "kanata-watcher", {
        f"pod-{number}": {"watch": f"pod/{LOAD}-{number:06}"} for number in range(WATCHED)},
        verbose=True)
    others = [Informer(cluster, "client-go informer, protobuf", bench.args.informer, "-pb")] \
        if bench.args.informer else []
    for client in [watcher, *others]:
        client.watch()
    connection = http.client.HTTPSConnection(
        "127.0.0.1", cluster.kube.port, timeout=60,
        context=ssl.create_default_context(cafile=cluster.ca))
    for number in range(WATCHED):
        cluster.flip(connection, number, True)
    time.sleep(1)
    sent = []
    for sample in range(samples):
        number = sample % WATCHED
        sent.append((f"pod-{number}",
                     cluster.flip(connection, number, sample // WATCHED % 2)))
        time.sleep(0.01)
    time.sleep(1)
    found = {"kanata-watcher": matched(sent, watcher.decisions())}
    for client in [watcher, *others]:
        client.end()
    for client in others:
        lines = client.decisions()
        found[client.title] = [(lines[at] - at) / 1e6 for _, at in sent if at in lines]
    return found


def matched(sent, decided):
    """The first decision about the component after each change."""
    times = []
    for name, at in sent:
        after = [when - at / 1e6 for who, when in decided if who == name and when >= at / 1e6]
        if after:
            times.append(min(after))
    return times


def growth(bench, few, many):
    """Bytes for each further pod of the watcher at its peak, from a simulated API."""
    found = {}
    for title, watch in (("of no component", "deployment/none"),
                         ("of a component", {"selector": f"app={LOAD}"})):
        peaks = []
        for count in (few, many):
            source = firstlist.Simulated(bench.certificate, bench.authority.crt, count, padding=10)
            made = bench.world(source.sim, source.kubeconfig(), NS, watch)
            wait(lambda: firstlist.list_is_complete(made.kanata), 300, "the list", every=0.5)
            peaks.append(procfs.peak_kib(made.kanata.pids()["watcher"]))
            harness.stop_started()
        found[title] = round((peaks[1] - peaks[0]) * 1024 / (many - few))
    return found

"""The clusters of a soak: what their users do, and what goes wrong with them."""

import os
import signal
import ssl
import time

import harness
import realkube
from harness import Authority, equal, temp_dir, write
from proxy import Proxy, http_answer
from world import TOKEN, Kube

ILL = {"CrashLoopBackOff": "crash-looping", "ImagePullBackOff": "image cannot be pulled"}
STATUSES = ((429, "Too Many Requests", None), (429, "Too Many Requests", 1),
            (429, "Too Many Requests", 3), (500, "Internal Server Error", None),
            (503, "Service Unavailable", 1), (504, "Gateway Timeout", None))


class SimCluster:
    """The simulator, with a proxy before it."""

    plurals = ("deployment", "statefulset", "daemonset")

    def __init__(self, dice):
        self.dice, self.token = dice, TOKEN
        self.kube = Kube(bookmark=dice.choice((0.3, 1, 60)), streaming_lists=dice.random() < 0.5,
                         termination=dice.choice((0, 0.5)))
        self.names = ["soak-a", "soak-b"]
        self.proxy = Proxy(self.kube.port, dice.random())
        self.token_file = os.path.join(temp_dir(), "token")
        write(self.token_file, self.token)
        self.count = 0

    def kubeconfig(self):
        return write(os.path.join(temp_dir(), "kubeconfig"), harness.yaml({
            "apiVersion": "v1", "kind": "Config", "current-context": "sim",
            "clusters": [{"name": "sim", "cluster": {
                "server": f"http://127.0.0.1:{self.proxy.port}"}}],
            "users": [{"name": "reader", "user": {"tokenFile": self.token_file}}],
            "contexts": [{"name": "sim", "context": {"cluster": "sim", "user": "reader"}}]}) + "\n")

    # What the cluster's users do. Whatever is not there any more: SimError.

    def create(self, kind, ns, name, replicas, labels):
        if kind == "daemonset":
            self.kube.daemonset(ns, name, nodes=max(replicas, 1), labels=labels)
        else:
            getattr(self.kube, kind)(ns, name, replicas, labels=labels)

    def delete(self, kind, ns, name):
        self.kube.delete(f"{kind}s", ns, name)

    def scale(self, kind, ns, name, replicas):
        self.kube.scale(ns, name, replicas, kind=f"{kind}s")

    def rollout(self, kind, ns, name):
        self.kube.rollout(ns, name, kind=f"{kind}s", duration=self.dice.choice((0, 1)))

    def crash(self, kind, ns, name):
        self.kube.crash(ns, name, self.dice.choice(list(ILL)), kind=f"{kind}s",
                        count=self.dice.choice((None, 1)))

    def heal(self, kind, ns, name):
        self.kube.heal(ns, name, kind=f"{kind}s")

    def delete_pod(self, ns, name):
        self.kube.delete_pod(ns, name)

    def pod(self, ns, name, labels, ill):
        self.kube.pod(ns, name, labels=labels, crash=ill)

    def noise(self):
        self.kube.touch_pods(self.dice.randint(1, 60))

    def burst(self, ns):
        """More than a page of a list at once."""
        self.count += 1
        self.kube.bulk_pods(ns, f"burst{self.count}", self.dice.randint(100, 900))

    # What goes wrong.

    def troubles(self):
        return [self.status, self.bad_answer, self.error_event, self.compact, self.drop,
                self.stand_still, self.rotate]

    def status(self):
        code, _, after = self.dice.choice(STATUSES)
        extra = {} if after is None else {"retry_after": after}
        self.kube.fault("status", code=code, watch=self.dice.choice((None, True, False)),
                        count=self.dice.randint(1, 6), **extra)
        return f"{code} retry-after {after}"

    def bad_answer(self):
        kind = self.dice.choice(("html", "half", "garbage", "close", "slow", "dup", "wrong_kind",
                                 "deep", "badutf8", "no_bookmarks"))
        watch = True if kind in ("dup", "no_bookmarks") else self.dice.choice((True, False))
        extra = {"bytes_per_s": 20000} if kind == "slow" else {}
        self.kube.fault(kind, watch=watch, count=self.dice.randint(1, 3), **extra)
        return f"{kind} watch {watch}"

    def error_event(self):
        code = self.dice.choice((410, 410, 401, 429, 500, 504))
        self.kube.fault("error_event", code=code, watch=True, count=self.dice.randint(1, 4))
        return str(code)

    def compact(self):
        form, drop = self.dice.choice(("http", "stream")), self.dice.random() < 0.7
        self.kube.compact(form=form, drop=drop)
        return f"{form} drop {drop}"

    def drop(self):
        self.kube.drop_watches()

    def stand_still(self):
        seconds = self.dice.choice((0.3, 1, 4))
        self.kube.pause()
        time.sleep(seconds)
        self.kube.resume()
        return f"{seconds} s"

    def rotate(self):
        """The file first, or the server first."""
        self.token = f"{TOKEN}-{self.dice.randrange(10 ** 6)}"
        steps = [lambda: write(self.token_file, self.token), lambda: self.kube.token(self.token)]
        self.dice.shuffle(steps)
        for step in steps:
            step()
        if self.dice.random() < 0.5:
            self.kube.drop_watches()

    def calm(self):
        self.kube.clear()

    # What there is.

    def items(self, plural, ns):
        group = "/api/v1" if plural == "pods" else "/apis/apps/v1"
        status, body = self.kube.get(f"{group}/namespaces/{ns}/{plural}", token=self.token)
        equal(status, 200, f"status of the fresh list of {plural} in {ns}")
        return body["items"]


class RealCluster:
    """A kube-apiserver with its controllers; the proxy passes TLS on as it is, or ends
    it and can answer itself."""

    plurals = ("deployment", "statefulset")

    def __init__(self, dice):
        self.dice = dice
        self.kube = realkube.RealKube.get()
        self.client, self.number = self.kube.client, dice.randrange(10 ** 9)
        self.names = [self.kube.namespace(f"soak-{self.number}-{letter}") for letter in "ab"]
        self.reads = dice.random() < 0.6
        server_tls = client_tls = None
        if self.reads:
            ca = Authority(temp_dir(), "proxy CA")
            self.ca_file = harness.give(ca.crt, 0o644)
            server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server_tls.load_cert_chain(*ca.issue("proxy", "/CN=proxy", "IP:127.0.0.1"))
            client_tls = ssl.create_default_context(cafile=self.kube.ca.crt)
        else:
            self.ca_file = self.kube.ca.crt
        self.proxy = Proxy(self.kube.port, dice.random(), server_tls, client_tls)
        self.count = 0

    def kubeconfig(self):
        return self.kube.kubeconfig({"token": realkube.READER}, f"soak-{self.number}.kubeconfig",
                                    server=f"https://127.0.0.1:{self.proxy.port}",
                                    ca_file=self.ca_file)

    def create(self, kind, ns, name, replicas, labels):
        plural = f"{kind}s"
        template = self.kube.template(name, "img:1")
        template["metadata"]["labels"].update(labels)
        self.client.create(plural, ns, {"metadata": {"name": name}, "spec": {
            "selector": {"matchLabels": {"app": name}}, "template": template,
            "replicas": replicas, **({"serviceName": name} if kind == "statefulset" else {})}})

    def delete(self, kind, ns, name):
        self.client.delete(f"{kind}s", ns, name)

    def scale(self, kind, ns, name, replicas):
        self.kube.scale(f"{kind}s", ns, name, replicas)

    def rollout(self, kind, ns, name):
        self.count += 1
        self.kube.rollout(f"{kind}s", ns, name, image=f"img:{self.count + 1}")

    def crash(self, kind, ns, name):
        self.kube.crash(ns, name, self.dice.choice(list(ILL)))

    def heal(self, kind, ns, name):
        self.kube.heal(ns, name)

    def delete_pod(self, ns, name):
        self.client.delete("pods", ns, name, grace=0)

    def pod(self, ns, name, labels, ill):
        if ill:
            self.kube.crash(ns, name, ill)
        self.client.create("pods", ns, {
            "metadata": {"name": name, "labels": {"app": name, **labels}},
            "spec": self.kube.template(name, "img:1")["spec"]})

    def noise(self):
        for ns in self.names:
            for pod in self.client.list("pods", ns, "?limit=5")["items"]:
                self.client.patch("pods", ns, pod["metadata"]["name"], {"metadata": {
                    "annotations": {"touched": str(self.dice.random())}}})

    def burst(self, ns):
        """Pods without a node's attention, more than a page."""
        self.count += 1
        for i in range(self.dice.randint(20, 60)):
            self.client.create("pods", ns, {
                "metadata": {"name": f"burst{self.count}-{i}", "labels": {"app": "burst"}},
                "spec": {"nodeName": "node-a", "containers": [{"name": "c", "image": "i"}]}})

    def troubles(self):
        return [self.compact, self.stand_still, self.restart,
                *([self.answers] if self.reads else [])]

    def answers(self):
        code, reason, after = self.dice.choice(STATUSES)
        headers = () if after is None else (f"Retry-After: {after}",)
        self.proxy.answers = [http_answer(code, reason, headers)] * self.dice.randint(1, 8)
        self.proxy.cut_all()
        return f"{code} retry-after {after}"

    def compact(self):
        self.kube.etcd.compact()

    def stand_still(self):
        seconds = self.dice.choice((1, 3))
        os.kill(self.kube.server.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.kube.server.pid, signal.SIGCONT)
        return f"{seconds} s"

    def restart(self):
        """kill -9; it comes back with nothing in its memory, and perhaps etcd has
        forgotten what the watches would go on from."""
        compact = self.dice.random() < 0.5
        self.kube.server.kill()
        self.kube.restart_server(self.kube.etcd.compact if compact else lambda: None)
        return f"compact {compact}"

    def calm(self):
        pass

    def items(self, plural, ns):
        return self.client.list(plural, ns)["items"]

"""A real kube-apiserver and kube-controller-manager, and a scripted kubelet.

There is no node: the kubelet here gives pods a node, says that they run and are
ready, or whatever the script says, and lets go of deleted ones. One server is
shared by the tests of a file, each with a namespace of its own.
"""

import base64
import http.client
import itertools
import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request

import reap
from etcd import Etcd
from harness import (Authority, Ended, Skipped, free_port, give, openssl, register, temp_dir,
                     wait, write, yaml)

PREFIX = {"pods": "/api/v1", "namespaces": "/api/v1", "nodes": "/api/v1", "secrets": "/api/v1",
          "resourcequotas": "/api/v1",
          "deployments": "/apis/apps/v1", "replicasets": "/apis/apps/v1",
          "statefulsets": "/apis/apps/v1", "daemonsets": "/apis/apps/v1",
          "jobs": "/apis/batch/v1", "cronjobs": "/apis/batch/v1beta1",
          "clusterroles": "/apis/rbac.authorization.k8s.io/v1",
          "clusterrolebindings": "/apis/rbac.authorization.k8s.io/v1"}
CLUSTER_WIDE = ("namespaces", "nodes", "clusterroles", "clusterrolebindings")
KIND = {"pods": "Pod", "namespaces": "Namespace", "nodes": "Node", "deployments": "Deployment",
        "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "clusterroles": "ClusterRole",
        "clusterrolebindings": "ClusterRoleBinding", "resourcequotas": "ResourceQuota"}
ADMIN, READER, NOBODY = "admin-token-77d1", "reader-token-5e02", "stranger-token-90aa"


class ApiError(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code} {text[:500]}")
        self.code = code


# A server that goes away in the middle of an answer is a way to fail, too.
FAILURES = (ApiError, OSError, http.client.HTTPException)


class Client:
    def __init__(self, port, ca, token):
        self.base, self.token = f"https://127.0.0.1:{port}", token
        self.context = ssl.create_default_context(cafile=ca)

    def call(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(
            self.base + path, None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.context) as reply:
                data = reply.read()
                is_json = "json" in reply.headers.get("Content-Type", "")
                return json.loads(data) if is_json else data.decode()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, error.read().decode(errors="replace"))

    @staticmethod
    def path(plural, ns=None, name=None, sub=None):
        path = PREFIX[plural]
        if ns and plural not in CLUSTER_WIDE:
            path += f"/namespaces/{ns}"
        path += f"/{plural}"
        return path + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")

    def get(self, plural, ns, name):
        return self.call("GET", self.path(plural, ns, name))

    def list(self, plural, ns=None, query=""):
        return self.call("GET", self.path(plural, ns) + query)

    def create(self, plural, ns, obj):
        version = PREFIX[plural].split("/", 2)[2]
        return self.call("POST", self.path(plural, ns),
                         {"kind": KIND[plural], "apiVersion": version, **obj})

    def patch(self, plural, ns, name, body, sub=None):
        return self.call("PATCH", self.path(plural, ns, name, sub), body,
                         "application/strategic-merge-patch+json")

    def delete(self, plural, ns, name, grace=None, orphan=False):
        body = {"kind": "DeleteOptions", "apiVersion": "v1",
                "propagationPolicy": "Orphan" if orphan else "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        return self.call("DELETE", self.path(plural, ns, name), body)


class Kubelet(threading.Thread):
    """Moves every pod of the cluster to where the script wants it."""

    def __init__(self, client, nodes):
        super().__init__(daemon=True)
        self.client, self.turn = client, itertools.cycle(nodes)
        self.ill = {}           # (namespace, app label): reason
        self.done = threading.Event()
        self.errors = []
        self.start()

    def run(self):
        while not self.done.wait(0.15):
            try:
                pods = self.client.list("pods", None, "?resourceVersion=0")["items"]
            except FAILURES as error:
                self.errors.append(str(error))
                continue
            for pod in pods:
                try:
                    self.tend(pod)
                except FAILURES as error:
                    # Gone or changed in the meantime is normal.
                    if getattr(error, "code", None) not in (404, 409):
                        self.errors.append(str(error))

    def tend(self, pod):
        meta, name, ns = pod["metadata"], pod["metadata"]["name"], pod["metadata"]["namespace"]
        state = self.wanted(pod)
        if "deletionTimestamp" in meta:
            self.client.delete("pods", ns, name, grace=0)
        elif "nodeName" not in pod["spec"]:
            if state != "Unschedulable":
                self.client.call("POST", self.client.path("pods", ns, name, "binding"), {
                    "kind": "Binding", "apiVersion": "v1", "metadata": {"name": name},
                    "target": {"kind": "Node", "apiVersion": "v1", "name": self.node_for(pod)}})
        elif pod["status"].get("message") != state:
            self.client.patch("pods", ns, name, {"status": self.status(pod, state)}, "status")

    def wanted(self, pod):
        meta = pod["metadata"]
        app = meta.get("labels", {}).get("app", meta["name"])
        if reason := self.ill.get((meta["namespace"], app)):
            return reason
        # An image can be bad by its name, for rollouts that get stuck.
        image = pod["spec"]["containers"][0]["image"]
        return image.rpartition(":")[2] if image.endswith("BackOff") else "fine"

    def node_for(self, pod):
        affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
        terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
        for term in terms.get("nodeSelectorTerms", ()):
            for field in term.get("matchFields", ()):
                return field["values"][0]
        return next(self.turn)

    @staticmethod
    def status(pod, state):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        fine = state == "fine"
        container = {"name": pod["spec"]["containers"][0]["name"], "image": "x", "imageID": "",
                     "ready": fine, "restartCount": 0 if fine else 3,
                     "state": {"running": {"startedAt": now}, "waiting": None} if fine else
                     {"waiting": {"reason": state, "message": "as told"}, "running": None}}
        is_true = lambda kind, value: {
            "type": kind, "status": "True" if value else "False", "lastTransitionTime": now,
            **({} if value else {"reason": "ContainersNotReady"})}
        # The message tells which state this is, so that it is set only once.
        return {"phase": "Pending" if state == "ImagePullBackOff" else "Running",
                "message": state, "startTime": now, "podIP": "10.0.1.9",
                "conditions": [is_true("PodScheduled", True), is_true("Initialized", True),
                               is_true("ContainersReady", fine), is_true("Ready", fine)],
                "containerStatuses": [container]}


class RealKube:
    """The servers, kubeconfigs for the daemon, a client for the test."""

    instance = None

    @classmethod
    def get(cls):
        """The one of this process."""
        if cls.instance is None:
            cls.instance = cls()
        return cls.instance

    def __init__(self):
        assets = os.environ.get("KUBEBUILDER_ASSETS", "")
        if not os.access(os.path.join(assets, "kube-apiserver"), os.X_OK):
            raise Skipped("KUBEBUILDER_ASSETS names no folder with a kube-apiserver")
        self.assets, self.children, self.kubelet = assets, [], None
        self.folder = temp_dir(in_all_tests=True)
        self.etcd = Etcd(in_all_tests=True)
        self.port = free_port()
        register(self, in_all_tests=True)
        self.make_certificates()
        self.client = Client(self.port, self.ca.crt, ADMIN)
        self.start_server()
        self.make_users()
        self.make_nodes(["node-a", "node-b", "node-c"])
        self.kubelet = Kubelet(self.client, ["node-a", "node-b", "node-c"])

    def make_certificates(self):
        at = lambda name: os.path.join(self.folder, name)
        self.ca = Authority(self.folder, "kanata test cluster")
        self.ca.issue("apiserver", "/CN=kube-apiserver",
                      "IP:127.0.0.1,IP:10.0.0.1,DNS:kubernetes.default.svc,DNS:localhost")
        self.client_crt, self.client_key = self.ca.issue(
            "reader", "/O=readers/CN=kanata-cert", usage="clientAuth")
        openssl("genrsa", "-out", at("sa.key"), 2048)
        openssl("rsa", "-in", at("sa.key"), "-pubout", "-out", at("sa.pub"))
        with open(at("tokens.csv"), "w") as file:
            file.write(f'{ADMIN},admin,1,"system:masters"\n{READER},kanata,2\n'
                       f'{NOBODY},stranger,3\n')
        os.chmod(at("tokens.csv"), 0o600)

    def run(self, program, *args):
        log = open(os.path.join(self.folder, f"{program}.log"), "ab")
        self.children.append(reap.start([os.path.join(self.assets, program), *args], stdout=log))
        return self.children[-1]

    def start_server(self):
        at = lambda name: os.path.join(self.folder, name)
        self.server = self.run(
            "kube-apiserver", f"--etcd-servers={self.etcd.url}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", f"--secure-port={self.port}", "--insecure-port=0",
            f"--tls-cert-file={at('apiserver.crt')}",
            f"--tls-private-key-file={at('apiserver.key')}",
            f"--client-ca-file={self.ca.crt}", f"--token-auth-file={at('tokens.csv')}",
            f"--service-account-key-file={at('sa.pub')}",
            f"--service-account-signing-key-file={at('sa.key')}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount", f"--cert-dir={self.folder}",
            "--endpoint-reconciler-type=none", "--etcd-compaction-interval=0")
        wait(self.ready, 60, "kube-apiserver to be ready", every=0.2)
        admin = self.kubeconfig({"token": ADMIN}, name="admin.kubeconfig")
        self.manager = self.run(
            "kube-controller-manager", f"--kubeconfig={admin}", "--leader-elect=false",
            "--bind-address=127.0.0.1", f"--secure-port={free_port()}", "--port=0",
            "--controllers=deployment,replicaset,job,statefulset,daemonset,namespace,"
            "garbagecollector",
            f"--service-account-private-key-file={at('sa.key')}", f"--cert-dir={self.folder}")

    def restart_server(self, before_start):
        # The server would wait half a minute for its watches to end.
        for child in (self.server, self.manager):
            child.kill()
            reap.end_group(child)
        self.children = []
        before_start()
        self.start_server()

    def ready(self):
        if self.server.poll() is not None:
            raise Ended(f"kube-apiserver ended:\n{self.told()}")
        try:
            return self.client.call("GET", "/readyz") == "ok"
        except ApiError:
            return False

    def stop(self):
        if self.kubelet:
            self.kubelet.done.set()
            self.kubelet.join(10)
        for child in reversed(self.children):
            child.kill()
            reap.end_group(child)
        RealKube.instance = None

    def told(self):
        text = "".join(f"kubelet: {error}\n" for error in
                       (self.kubelet.errors[-5:] if self.kubelet else ()))
        for program in ("kube-apiserver", "kube-controller-manager"):
            path = os.path.join(self.folder, f"{program}.log")
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    text += f"{program}:\n" + "".join(file.readlines()[-12:])
        return text

    # Who may what.

    def make_users(self):
        role = {"metadata": {"name": "kanata"}, "rules": [
            {"apiGroups": [""], "resources": ["pods", "namespaces"],
             "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets",
                                                  "daemonsets"],
             "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"],
             "verbs": ["get", "list", "watch"]}]}
        user = lambda name: {"kind": "User", "name": name,
                             "apiGroup": "rbac.authorization.k8s.io"}
        wait(lambda: self.create_role(role), 30, "RBAC to take a role")
        self.client.create("clusterrolebindings", None, {
            "metadata": {"name": "kanata"}, "subjects": [user("kanata"), user("kanata-cert")],
            "roleRef": {"kind": "ClusterRole", "name": "kanata",
                        "apiGroup": "rbac.authorization.k8s.io"}})

    def create_role(self, role):
        try:
            return self.client.create("clusterroles", None, role)
        except ApiError as error:
            if error.code == 409:
                return True
            raise AssertionError(str(error))

    def kubeconfig(self, user, name, server=None, ns=None, ca_file=None, owner=give):
        """A kubeconfig file; the user section as given."""
        context = {"cluster": "c", "user": "u", **({"namespace": ns} if ns else {})}
        text = yaml({
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "clusters": [{"name": "c", "cluster": {
                "server": server or f"https://127.0.0.1:{self.port}",
                "certificate-authority": ca_file or self.ca.crt}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "main", "context": context}]})
        return write(os.path.join(self.folder, name), text + "\n")

    def readable_copy(self, path):
        """The daemon's user owns secrets that it reads."""
        with open(path, "rb") as file:
            return write(f"{path}.of-user", file.read())

    def by_token(self, ns, token=READER):
        return self.kubeconfig({"token": token}, f"{ns}-token.kubeconfig", ns=ns)

    def by_token_file(self, ns):
        path = write(os.path.join(self.folder, f"{ns}.token"), READER + "\n")
        return self.kubeconfig({"tokenFile": path}, f"{ns}-tokenfile.kubeconfig", ns=ns)

    def by_certificate(self, ns):
        return self.kubeconfig({"client-certificate": self.client_crt,
                                "client-key": self.readable_copy(self.client_key)},
                               f"{ns}-cert.kubeconfig", ns=ns)

    def by_certificate_data(self, ns):
        data = lambda path: base64.b64encode(open(path, "rb").read()).decode()
        return self.kubeconfig({"client-certificate-data": data(self.client_crt),
                                "client-key-data": data(self.client_key)},
                               f"{ns}-data.kubeconfig", ns=ns)

    def service_account_dir(self, ns):
        """The files that a pod has at /var/run/secrets/kubernetes.io/serviceaccount."""
        folder = os.path.join(self.folder, f"{ns}-serviceaccount")
        os.mkdir(folder)
        give(folder, 0o755)
        write(os.path.join(folder, "token"), READER)
        write(os.path.join(folder, "namespace"), ns, 0o644)
        with open(self.ca.crt, "rb") as file:
            write(os.path.join(folder, "ca.crt"), file.read(), 0o644)
        return folder

    # What runs in it.

    def make_nodes(self, names):
        for name in names:
            self.client.create("nodes", None, {"metadata": {"name": name}})
            # Admission taints a new node until a kubelet says that it is well.
            self.client.patch("nodes", None, name, {"spec": {"taints": None}})
            self.client.patch("nodes", None, name, {"status": {"conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"},
                "capacity": {"cpu": "8", "memory": "16Gi", "pods": "110"}}}, "status")

    def namespace(self, name):
        self.client.create("namespaces", None, {"metadata": {"name": name}})
        return name

    @staticmethod
    def template(app, image):
        return {"metadata": {"labels": {"app": app}},
                "spec": {"containers": [{"name": app, "image": image}]}}

    def workload(self, plural, ns, name, replicas=2, image="img:1", **spec):
        spec = {"selector": {"matchLabels": {"app": name}},
                "template": self.template(name, image), **spec}
        if plural != "daemonsets":
            spec["replicas"] = replicas
        if plural == "statefulsets":
            spec["serviceName"] = name
        self.client.create(plural, ns, {"metadata": {"name": name}, "spec": spec})
        self.wait_ready(plural, ns, name)

    def deployment(self, ns, name, **options):
        self.workload("deployments", ns, name, **options)

    def pod(self, ns, name):
        self.client.create("pods", ns, {"metadata": {"name": name, "labels": {"app": name}},
                                        **{"spec": self.template(name, "img:1")["spec"]}})
        wait(lambda: self.client.get("pods", ns, name)["status"].get("message") == "fine", 30,
             f"pod {ns}/{name} to run")

    def wait_ready(self, plural, ns, name):
        def all_ready():
            obj = self.client.get(plural, ns, name)
            status, made = obj["status"], obj["metadata"]["generation"]
            if status.get("observedGeneration", 0) < made:
                return False
            if plural == "daemonsets":
                return status["numberReady"] == status["desiredNumberScheduled"] > 0
            ready = "availableReplicas" if plural == "deployments" else "readyReplicas"
            return status.get(ready, 0) == obj["spec"]["replicas"] == \
                status.get("updatedReplicas", 0) == status.get("replicas", 0)
        wait(all_ready, 40, f"{plural} {ns}/{name} to be ready", every=0.1)

    def crash(self, ns, app, reason="CrashLoopBackOff"):
        self.kubelet.ill[ns, app] = reason

    def heal(self, ns, app):
        self.kubelet.ill.pop((ns, app), None)

    def rollout(self, plural, ns, name, image="img:2"):
        self.client.patch(plural, ns, name, {"spec": {"template": {"spec": {
            "containers": [{"name": name, "image": image}]}}}})

    def scale(self, plural, ns, name, replicas):
        self.client.patch(plural, ns, name, {"spec": {"replicas": replicas}})

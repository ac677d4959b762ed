"""etc/kubernetes: applied to a real API server, what the account may and may not, and
the daemon as that account; without a server, what the manifests promise."""

import os
import re

from harness import TOP, equal, free_port, limit, read, temp_dir, write
from kanata import Kanata
from manifests import command, find, kustomize, objects, tool
from realkube import ADMIN, RealKube
from web import Web
from world import KEY, Page

TOGETHER = True
OVERLAYS = ("overlays/embedded", "overlays/etcd")
ID = "ckf01fvnxywz60a35h0oeqmj5"
ACCOUNT = "system:serviceaccount:kanata:kanata"
WATCHED = ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps",
           "jobs.batch", "cronjobs.batch")


def test_restricted():
    """The Pod Security Standard `restricted`, and what it does not ask for."""
    for folder in OVERLAYS:
        things = objects(kustomize(folder))
        equal(find(things, "Namespace")["metadata"]["labels"][
            "pod-security.kubernetes.io/enforce"], "restricted", "the namespace")
        spec = find(things, "Deployment")["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 65532
        equal(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, "seccomp")
        for key in ("hostNetwork", "hostPID", "hostIPC", "initContainers"):
            assert key not in spec, key
        for volume in spec["volumes"]:
            equal(set(volume) & {"hostPath", "nfs", "iscsi"}, set(), volume["name"])
        assert len(spec["containers"]) == 1
        equal(spec["containers"][0]["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]}}, "the container")
        # What is mounted from outside is read-only but for state and socket.
        equal({mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]
               if not mount.get("readOnly")} - {"/var/lib/kanata"}, {"/run/kanata"}, "writable")


def test_stores():
    embedded, etcd = (objects(kustomize(folder)) for folder in OVERLAYS)
    find(embedded, "PersistentVolumeClaim")
    one, two = find(embedded, "Deployment")["spec"], find(etcd, "Deployment")["spec"]
    equal((one["replicas"], one["strategy"]["type"]), (1, "Recreate"), "embedded")
    equal((two["replicas"], two["strategy"]["type"]), (2, "RollingUpdate"), "with etcd")
    assert "PersistentVolumeClaim" not in {thing["kind"] for thing in etcd}
    ports = lambda things: {port["port"] for rule in find(things, "NetworkPolicy")["spec"]["egress"]
                            for port in rule["ports"]}
    equal((ports(embedded), ports(etcd)), ({53, 443, 6443}, {53, 443, 6443, 2379}), "egress")


def test_version():
    version = re.search(r'KANATA_VERSION\s+"(.*)"', read(TOP + "/common/version.h"))[1]
    for folder in OVERLAYS:
        image = find(objects(kustomize(folder)), "Deployment")["spec"]["template"]["spec"][
            "containers"][0]["image"]
        equal(image, f"kanata:{version}", folder)


def shipped(folder, **places):
    """The overlay's kanata.conf, for a daemon that does not run in a pod."""
    text = read(f"{TOP}/etc/kubernetes/{folder}/kanata.conf")
    key = write(os.path.join(temp_dir(), "key"), KEY + "\n")
    text = text.replace("/etc/kanata/instatus.key", key).replace("/etc/kanata/etcd.pass", key)
    text = text.replace("/etc/kanata/etcd-ca.pem", "/etc/ssl/certs/ca-certificates.crt")
    return text + "".join(f"{line}\n" for line in places.values())


def test_configurations_are_valid():
    for folder in OVERLAYS:
        account = os.path.join(temp_dir(), "account")
        os.mkdir(account)
        os.chmod(account, 0o755)
        for name in ("token", "namespace"):
            write(os.path.join(account, name), "kanata\n", 0o644)
        write(os.path.join(account, "ca.crt"), read("/etc/ssl/certs/ca-certificates.crt"), 0o644)
        text = shipped(folder, cluster=f"clusters: [{{name: in, in_cluster: {account}}}]")
        kanata = Kanata(text=text, start=False, env={"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                                                     "KUBERNETES_SERVICE_PORT": "1"})
        kanata.once("-n").expect(0, "listen: \"0.0.0.0:2934\"", "format: json")


def test_everywhere():
    """The same rights as in one namespace, and to see the namespaces."""
    rules = lambda things, kind: find(things, kind)["rules"]
    one = rules(objects(kustomize("watched")), "Role")
    every = rules(objects(kustomize("everywhere")), "ClusterRole")
    equal(every[0]["resources"], ["pods", "namespaces"], "core")
    equal(every[1:], one[1:], "the rest")


def test_podmonitor():
    """The component, in an overlay of somebody's own."""
    folder = os.path.join(temp_dir(), "mine")
    os.mkdir(folder)
    at = lambda path: os.path.relpath(f"{TOP}/etc/kubernetes/{path}", os.path.realpath(folder))
    with open(folder + "/kustomization.yaml", "w") as file:
        file.write("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
                   f"resources: [{at('overlays/embedded')}]\n"
                   f"components: [{at('components/podmonitor')}]\n")
    things = objects(kustomize(folder))
    monitor = find(things, "PodMonitor")["spec"]
    pod = find(things, "Deployment")["spec"]["template"]
    equal(monitor["selector"]["matchLabels"], pod["metadata"]["labels"], "the pods it finds")
    equal(monitor["podMetricsEndpoints"][0]["port"],
          pod["spec"]["containers"][0]["ports"][0]["name"], "the port")


# -- with a server


class Kubectl:
    def __init__(self, kube):
        self.env = {"KUBECONFIG": kube.kubeconfig({"token": ADMIN}, "kubectl.kubeconfig")}

    def __call__(self, *args, **options):
        return command(tool("kubectl"), *args, env=self.env, **options)

    def may(self, verb, what, ns):
        """Whether the account may, in a namespace or in all."""
        where = ["-n", ns] if ns else ["--all-namespaces"]
        said = self("auth", "can-i", verb, what, f"--as={ACCOUNT}", *where, rc=None).stdout.strip()
        assert said in ("yes", "no"), f"can-i {verb} {what}: {said!r}"
        return said == "yes"

    def rights(self, ns):
        """{"resource" or "resource name": {verbs}} that the account has there and no
        unknown account has."""
        def ask(account):
            text = self("auth", "can-i", "--list", f"--as={account}", "-n", ns).stdout
            rows = re.findall(r"(?m)^(\S+) +\[.*?\] +\[(.*?)\] +\[(.*?)\]", text)
            return {f"{what} {name}".strip(): set(verbs.split()) for what, name, verbs in rows}
        others = ask("system:serviceaccount:kanata:another")
        return {what: verbs for what, verbs in ask(ACCOUNT).items() if what not in others}


def served(kubectl):
    """`apiVersion kind` of all that the server has."""
    text = kubectl("api-resources", "--no-headers").stdout
    return {" ".join(line.split()[-3::2]) for line in text.splitlines()}


def apply(kubectl, folder):
    """Each document that the server knows; a policy as the version before, if that is
    what it has. Says what was left out."""
    known, documents = served(kubectl), []
    for document in kustomize(folder).split("\n---\n"):
        version = re.search(r"(?m)^apiVersion: (.*)$", document)[1]
        kind = re.search(r"(?m)^kind: (.*)$", document)[1]
        if f"{version} {kind}" not in known and version == "policy/v1":
            print(f"{kind}: no {version} here, applied as policy/v1beta1")
            version = "policy/v1beta1"
            document = document.replace("policy/v1\n", version + "\n")
        if not any(line.split()[0] == version and line.split()[-1] == kind for line in known):
            raise AssertionError(f"the server does not know {version} {kind}")
        documents.append(document)
    kubectl("apply", "-f", "-", stdin="\n---\n".join(documents))


def give_secret(kubectl):
    kubectl("create", "namespace", "kanata")
    kubectl("-n", "kanata", "create", "secret", "generic", "kanata",
            f"--from-literal=instatus.key={KEY}")


@limit(200)
def test_apply_rights_and_run():
    kube = RealKube.get()
    kubectl = Kubectl(kube)
    give_secret(kubectl)
    for folder in OVERLAYS:
        apply(kubectl, folder)
        kubectl("-n", "kanata", "rollout", "status", "deployment/kanata", "--timeout=60s")
    rights = {what: {"list", "watch"} for what in WATCHED}
    seen = {"namespaces default": {"list", "watch"}}
    equal(kubectl.rights("default"), {**rights, **seen}, "rights in default")
    equal(kubectl.rights("kanata"), seen, "rights in its own namespace")
    for verb, what, where in (
            ("list", "pods", "default"), ("watch", "deployments.apps", "default"),
            ("watch", "namespaces/default", None)):
        assert kubectl.may(verb, what, where), f"{verb} {what} in {where}"
    for verb, what, where in (
            ("list", "pods", "kanata"), ("list", "pods", None), ("get", "pods", "default"),
            ("delete", "pods", "default"), ("get", "secrets", "kanata"),
            ("create", "pods", "default"), ("list", "namespaces", None), ("list", "nodes", None)):
        assert not kubectl.may(verb, what, where), f"{verb} {what} in {where}"
    run_as_account(kube, kubectl)


def run_as_account(kube, kubectl):
    """The daemon with the overlay's configuration and a token of that account."""
    folder = os.path.join(temp_dir(), "account")
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    token = kube.client.call(
        "POST", "/api/v1/namespaces/kanata/serviceaccounts/kanata/token",
        {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
         "spec": {"expirationSeconds": 600}})["status"]["token"]
    write(folder + "/token", token)
    write(folder + "/namespace", "kanata", 0o644)
    write(folder + "/ca.crt", read(kube.ca.crt), 0o644)
    page = Page({ID: "API"})
    kube.deployment("default", "api")
    text = shipped("overlays/embedded",
                   cluster=f"clusters: [{{name: in, in_cluster: {folder}}}]",
                   page=f"instatus: {{url: \"{page.url}\"}}",
                   waits="defaults: {down_after: 1s, up_after: 1s}")
    kanata = Kanata(start=False, secrets=(KEY, token),
                    env={"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                         "KUBERNETES_SERVICE_PORT": str(kube.port)})
    port = free_port()
    write(kanata.file, text.replace("0.0.0.0:2934", f"127.0.0.1:{port}") + kanata.places())
    kanata.start()
    kanata.wait_health(ID, "ok")
    container = find(objects(kustomize("overlays/embedded")), "Deployment")["spec"]["template"][
        "spec"]["containers"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        Web(port).wait(container[probe]["httpGet"]["path"])
    # By the names of the Service, and no other.
    for name, status in (("kanata", 200), ("kanata.kanata.svc", 200),
                         ("kanata.kanata.svc.cluster.local", 200), ("kanata.example", 421)):
        equal(Web(port).get("/v1/pods", Host=f"{name}:2934").status, status, name)
    assert all(watch["state"] == "watching" for watch in kanata.show("watches")["watches"]), \
        kanata.show("watches")
    kube.crash("default", "api")
    page.wait_status(ID, "MAJOROUTAGE")
    kube.heal("default", "api")
    page.wait_status(ID, "OPERATIONAL")
    kanata.end()

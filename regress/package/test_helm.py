"""The chart, rendered by Helm: what kustomize makes of etc/kubernetes, and its values."""

import json
import os
import re

from harness import TOP, equal, read, temp_dir
from manifests import command, find, kustomize, objects, tool

CHART = os.path.join(TOP, "etc", "helm", "kanata")
ETCD = {"replicaCount": 2, "config": {
    "replicas": 2, "etcd": {"nodes": ["https://etcd.kanata.svc:2379"],
                            "auth": {"user": "kanata", "pass_file": "/etc/kanata/etcd.pass"},
                            "tls": {"ca_file": "/etc/kanata/etcd-ca.pem"}}},
    "networkPolicy": {"ports": [443, 6443, 2379]}}


def render(values=None, rc=0, name="kanata"):
    """The chart as objects; what Helm says when it does not render."""
    file = os.path.join(temp_dir(), "values.json")
    with open(file, "w") as out:
        json.dump(values or {}, out)
    done = command(tool("helm"), "template", name, CHART, "-n", "kanata", "-f", file, rc=rc)
    return objects(done.stdout) if rc == 0 else done.stderr


def lines_of(conf):
    """kanata.conf, parsed as any YAML: by what makes objects of manifests."""
    text = "apiVersion: v1\nkind: Settings\nmetadata: {name: x}\n" + conf
    settings = objects(text)[0]
    return {key: value for key, value in settings.items()
            if key not in ("apiVersion", "kind", "metadata")}


def in_order(thing):
    """Lists whose items have names, by these: a patch puts its own in front."""
    if isinstance(thing, dict):
        return {key: in_order(value) for key, value in thing.items()}
    if not isinstance(thing, list):
        return thing
    return sorted(map(in_order, thing), key=lambda item: item.get("mountPath", item["name"])
                  if isinstance(item, dict) and "name" in item else "")


def plain(thing):
    """Without what only Helm, or only kustomize, adds."""
    # The hash of the configuration, in kustomize's alphabet.
    text = re.sub(r'"kanata-[bcdf24-9ghkmt]{10}"', '"kanata"', json.dumps(thing))
    thing = in_order(json.loads(text))
    parts = [thing["metadata"], thing.get("spec", {}).get("template", {}).get("metadata", {})] \
        if thing["kind"] != "ConfigMap" else [thing["metadata"]]
    for meta in parts:
        labels = meta.get("labels", {})
        for name in ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version"):
            labels.pop(name, None)
        if not labels:
            meta.pop("labels", None)
        meta.get("annotations", {}).pop("checksum/config", None)
        if not meta.get("annotations"):
            meta.pop("annotations", None)
    if thing["kind"] == "ConfigMap":
        thing["metadata"].pop("labels", None)
        thing["data"] = {name: lines_of(text) for name, text in thing["data"].items()}
    return thing


def compare(chart, folder):
    by_name = lambda things: {f"{thing['kind']} {thing['metadata']['name']}": thing
                              for thing in map(plain, things)}
    ours, theirs = by_name(chart), by_name(objects(kustomize(folder)))
    # The namespace is Helm's to make.
    theirs.pop("Namespace kanata")
    equal(sorted(ours), sorted(theirs), "objects of the chart and of kustomize")
    for name in ours:
        equal(json.dumps(ours[name], indent=1, sort_keys=True).split("\n"),
              json.dumps(theirs[name], indent=1, sort_keys=True).split("\n"), name)


def test_lint():
    command(tool("helm"), "lint", "--strict", CHART)


def test_version():
    version = re.search(r'KANATA_VERSION\s+"(.*)"', read(TOP + "/common/version.h"))[1]
    chart = read(CHART + "/Chart.yaml")
    equal(re.findall(r"(?m)^(?:version|appVersion): (.*)$", chart), [version] * 2, "versions")


def test_as_kustomize():
    compare(render(), "overlays/embedded")
    compare(render(ETCD), "overlays/etcd")


def test_everywhere_as_kustomize():
    things = [thing for thing in map(plain, render({"config": {"ns": "*"}}))
              if "Role" in thing["kind"]]
    equal(things, [plain(thing) for thing in objects(kustomize("everywhere"))], "rights in all")


def test_namespaces():
    things = render({"config": {"ns": ["a", "b"]}})
    equal([thing["metadata"]["namespace"] for thing in things if thing["kind"] == "Role"],
          ["a", "b"], "namespaces with a role")
    equal(find(things, "ClusterRole", "kanata-namespaces")["rules"][0]["resourceNames"],
          ["a", "b"], "namespaces that it sees")


def test_values():
    """Each switch, on and off; another release's names."""
    kinds = lambda values: {thing["kind"] for thing in render(values)}
    usual = kinds({})
    for switch, kind in (("networkPolicy", "NetworkPolicy"),
                         ("persistence", "PersistentVolumeClaim"),
                         ("podDisruptionBudget", "PodDisruptionBudget")):
        equal(usual - kinds({switch: {"enabled": False}}), {kind}, switch)
    equal(kinds({"podMonitor": {"enabled": True}}) - usual, {"PodMonitor"}, "podMonitor")
    equal(usual - kinds({"serviceAccount": {"create": False}}), {"ServiceAccount"}, "account")
    equal({kind for kind in usual - kinds({"rbac": {"create": False}})},
          {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}, "rbac")
    other = render({"existingSecret": "mine", "image": {"repository": "r.example/k", "tag": "t"},
                    "podLabels": {"a": "b"}, "nodeSelector": {"disk": "fast"},
                    "tolerations": [{"operator": "Exists"}], "priorityClassName": "high",
                    "imagePullSecrets": [{"name": "pull"}]}, name="blue")
    pod = find(other, "Deployment", "blue-kanata")["spec"]["template"]
    equal(pod["metadata"]["labels"]["a"], "b", "podLabels")
    equal(pod["spec"]["containers"][0]["image"], "r.example/k:t", "image")
    equal(pod["spec"]["volumes"][0]["projected"]["sources"][1], {"secret": {"name": "mine"}}, "key")
    equal((pod["spec"]["nodeSelector"], pod["spec"]["priorityClassName"]),
          ({"disk": "fast"}, "high"), "where it runs")
    binding = find(other, "RoleBinding", "blue-kanata")
    equal(binding["subjects"][0]["name"], "blue-kanata", "the account of the release")


def test_refused():
    said = render({"replicaCount": 2}, rc=1)
    assert "replicaCount above 1 needs config.etcd" in said, said
    for values, complaint in (({"replicas": 2}, "replicas"), ({"replicaCount": "2"}, "replicaCount"),
                              ({"rbac": {"namespace": ["a"]}}, "namespace"),
                              ({"podMonitor": {"enabled": "yes"}}, "enabled")):
        said = render(values, rc=1)
        assert complaint in said, f"{values}: {said}"

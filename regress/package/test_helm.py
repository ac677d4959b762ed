"""The chart, rendered by Helm: what kustomize makes of etc/kubernetes, and its values."""

import json
import os
import re
import shutil

from harness import TOP, equal, read, temp_dir
from manifests import command, find, kustomize, objects, tool

CHART = os.path.join(TOP, "etc", "helm", "kanata")
ETCD = {"replicaCount": 2, "config": {
    "etcd": {"nodes": ["https://etcd.kanata.svc:2379"],
                            "auth": {"user": "kanata", "pass_file": "/etc/kanata/etcd.pass"},
                            "tls": {"ca_file": "/etc/kanata/etcd-ca.pem"}}}}


def render(values=None, rc=0, name="kanata", chart=CHART):
    """The chart as objects; what Helm says when it does not render."""
    file = os.path.join(temp_dir(), "values.json")
    with open(file, "w") as out:
        json.dump(values or {}, out)
    done = command(tool("helm"), "template", name, chart, "-n", "kanata", "-f", file, rc=rc)
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


def conf_of(things, name="kanata"):
    return lines_of(find(things, "ConfigMap", name)["data"]["kanata.conf"])


def test_names_and_additions():
    things = render({"fullnameOverride": "page", "service": {"type": "NodePort", "annotations":
                                                             {"a": "b"}},
                     "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://p:3128"}],
                     "extraVolumes": [{"name": "more", "secret": {"secretName": "more"}}],
                     "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
                     "topologySpreadConstraints": [{"maxSkew": 1}],
                     "affinity": {"nodeAffinity": {}}, "podAnnotations": {"c": "d"},
                     "resources": {"limits": {"memory": "1Gi"}},
                     "serviceAccount": {"annotations": {"e": "f"}}})
    service, template = find(things, "Service", "page"), find(things, "Deployment", "page")[
        "spec"]["template"]
    equal((service["spec"]["type"], service["metadata"]["annotations"]), ("NodePort", {"a": "b"}),
          "the service")
    equal(find(things, "ServiceAccount", "page")["metadata"]["annotations"], {"e": "f"}, "account")
    equal(template["metadata"]["annotations"]["c"], "d", "podAnnotations")
    pod, container = template["spec"], template["spec"]["containers"][0]
    equal(container["env"], [{"name": "HTTPS_PROXY", "value": "http://p:3128"}], "extraEnv")
    equal((pod["volumes"][-1]["name"], container["volumeMounts"][-1]["mountPath"]),
          ("more", "/more"), "extraVolumes")
    equal((pod["topologySpreadConstraints"], pod["affinity"]),
          ([{"maxSkew": 1}], {"nodeAffinity": {}}), "where it runs")
    equal(container["resources"], {"requests": {"cpu": "10m", "memory": "64Mi"},
                                   "limits": {"memory": "1Gi"}}, "resources")
    things = render({"nameOverride": "watch"}, name="blue")
    equal(find(things, "Service", "blue-watch")["spec"]["selector"],
          find(things, "Deployment", "blue-watch")["spec"]["template"]["metadata"]["labels"],
          "labels that the service looks for")


def test_web():
    """The kubelet, Prometheus and the Service ask as the configuration answers."""
    names = ["kanata", "kanata.kanata", "kanata.kanata.svc", "kanata.kanata.svc.cluster.local"]
    plain = render({"podMonitor": {"enabled": True}})
    equal(conf_of(plain)["web"], {"listen": "0.0.0.0:2934", "server_names": names}, "web")
    things = render({"config": {"web": {"listen": "[::]:8443", "tls": {
        "cert_file": "/etc/kanata/tls.crt", "key_file": "/etc/kanata/tls.key"}}},
                     "podMonitor": {"enabled": True, "tlsConfig": {"insecureSkipVerify": True}}})
    assert "server_names" not in conf_of(things)["web"], "TLS says who it is"
    for text, port, scheme, monitor in (
            (plain, 2934, None, {"scheme": None, "tlsConfig": None}),
            (things, 8443, "HTTPS", {"scheme": "https",
                                     "tlsConfig": {"insecureSkipVerify": True}})):
        container = find(text, "Deployment")["spec"]["template"]["spec"]["containers"][0]
        equal(container["ports"][0]["containerPort"], port, "the port")
        for probe in ("livenessProbe", "readinessProbe"):
            equal(container[probe]["httpGet"].get("scheme"), scheme, probe)
        endpoint = find(text, "PodMonitor")["spec"]["podMetricsEndpoints"][0]
        equal({key: endpoint.get(key) for key in monitor}, monitor, "PodMonitor")
    own = render({"config": {"web": {"server_names": ["kanata.example.org"]}}}, name="blue")
    equal(conf_of(own, "blue-kanata")["web"]["server_names"],
          [name.replace("kanata", "blue-kanata", 1) for name in names] + ["kanata.example.org"],
          "the release's names, and those of an Ingress")
    for listen in ("127.0.0.1:2934", "[::1]:2934"):
        said = render({"config": {"web": {"listen": listen}}}, rc=1)
        assert "config.web.listen must be an address that the kubelet can ask" in said, said


def test_notes():
    """What is left to be done is said: the Secret, and what is not kept."""
    # Helm prints them with a cluster alone: here they are the text of an object.
    chart = os.path.join(temp_dir(), "kanata")
    shutil.copytree(CHART, chart)
    with open(chart + "/templates/notes.yaml", "w") as out:
        out.write('{{ define "notes" }}' + read(CHART + "/templates/NOTES.txt") +
                  '{{ end }}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\n'
                  'data: {text: {{ include "notes" . | toJson }}}\n')
    notes = lambda values: find(render(values, chart=chart), "ConfigMap", "notes")["data"]["text"]
    usual = notes({})
    assert "create secret generic kanata --from-file=instatus.key" in usual, usual
    assert "state ends" not in usual and "NetworkPolicy" not in usual, usual
    said = notes({"existingSecret": "mine", "persistence": {"enabled": False},
                  "networkPolicy": {"enabled": False}})
    assert "Secret mine" in said and "create secret" not in said, said
    assert "state ends with the pod" in said and "No NetworkPolicy" in said, said
    assert "state ends" not in notes({**ETCD, "persistence": {"enabled": False}})


def test_refused():
    said = render({"replicaCount": 2}, rc=1)
    assert "replicaCount above 1 needs config.etcd" in said, said
    for values, complaint in (({"replicas": 2}, "replicas"), ({"replicaCount": "2"}, "replicaCount"),
                              ({"rbac": {"namespace": ["a"]}}, "namespace"),
                              ({"networkPolicy": {"port": [1]}}, "port"),
                              ({"networkPolicy": {"ports": ["1"]}}, "ports"),
                              ({"persistence": {"sise": "2Gi"}}, "sise"),
                              ({"podDisruptionBudget": {"minAvailable": 1}}, "minAvailable"),
                              ({"podMonitor": {"intervall": "5s"}}, "intervall"),
                              ({"service": {"type": "External"}}, "type"),
                              ({"podMonitor": {"enabled": "yes"}}, "enabled")):
        said = render(values, rc=1)
        assert complaint in said, f"{values}: {said}"

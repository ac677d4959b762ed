"""Protobuf means what JSON means: the same objects of a real API server, decoded
from both and compared member by member (regress/unit/wire.c compares)."""

import os
import ssl
import subprocess
import urllib.request

import harness
import realkube
from harness import limit, temp_dir, wait

NS = "zoo"
TIME = "2026-01-02T03:04:05Z"
LIST = {"pods": "/api/v1/namespaces/{ns}/pods", "namespaces": "/api/v1/namespaces",
        "deployments": "/apis/apps/v1/namespaces/{ns}/deployments",
        "replicasets": "/apis/apps/v1/namespaces/{ns}/replicasets",
        "statefulsets": "/apis/apps/v1/namespaces/{ns}/statefulsets",
        "daemonsets": "/apis/apps/v1/namespaces/{ns}/daemonsets",
        "jobs": "/apis/batch/v1/namespaces/{ns}/jobs",
        "cronjobs": "/apis/batch/v1beta1/namespaces/{ns}/cronjobs"}
PROTOBUF = "application/vnd.kubernetes.protobuf"
CONTAINERS = {"containers": [{"name": "c", "image": "registry.test/c:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": CONTAINERS}
SELECTOR = {"selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE}


def condition(kind, status, reason="", message=""):
    return {"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": TIME}


def container(name, state, ready=False, restarts=0, last=None):
    return {"name": name, "image": "registry.test/c:1", "imageID": "", "ready": ready,
            "restartCount": restarts, "state": state, "lastState": last or {}}


def ended(code, reason="Error"):
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": TIME,
                           "finishedAt": TIME}}


def waiting(reason, message=""):
    return {"waiting": {"reason": reason, "message": message}}


READY = [condition("PodScheduled", "True"), condition("ContainersReady", "True"),
         condition("Ready", "True")]
UNREADY = [condition("ContainersReady", "False"),
           condition("Ready", "False", "ContainersNotReady", "containers with unready status: [c]")]
PODS = {
    "bare": {},
    "ready": {"phase": "Running", "conditions": READY, "startTime": TIME,
              "containerStatuses": [container("c", {"running": {"startedAt": TIME}}, True)]},
    "crash": {"phase": "Running", "conditions": UNREADY, "startTime": "2026-01-01T00:00:00Z",
              "containerStatuses": [container("c", waiting("CrashLoopBackOff", "back-off 5m0s"),
                                              False, 12, ended(137))]},
    "oom": {"phase": "Running", "conditions": UNREADY, "containerStatuses": [
        container("side", {"running": {"startedAt": TIME}}, True),
        container("c", waiting("CrashLoopBackOff"), False, 3, ended(137, "OOMKilled"))]},
    "again": {"phase": "Running", "conditions": UNREADY, "containerStatuses": [
        container("c", {"running": {"startedAt": TIME}}, False, 2, ended(1))]},
    "image": {"phase": "Pending", "conditions": UNREADY, "containerStatuses": [
        container("c", waiting("ImagePullBackOff", "Back-off pulling image"))]},
    "config": {"phase": "Pending", "conditions": UNREADY, "containerStatuses": [
        container("c", waiting("CreateContainerConfigError", "secret \"größe\" not found – 秘密"))]},
    "init": {"phase": "Pending", "conditions": UNREADY,
             "initContainerStatuses": [container("one", ended(0, "Completed"), True),
                                       container("two", ended(2), False, 4)],
             "containerStatuses": [container("c", waiting("PodInitializing"))]},
    "unschedulable": {"phase": "Pending", "conditions": [
        condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: " * 40)]},
    "evicted": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory"},
    "failed": {"phase": "Failed", "containerStatuses": [container("c", ended(137, "OOMKilled"))]},
    "done": {"phase": "Succeeded", "conditions": UNREADY},
    "lost": {"phase": "Running", "conditions": [
        condition("ContainersReady", "True"), condition("Ready", "False", "", "")]},
    "unknown": {"phase": "Unknown", "reason": "NodeLost"},
    "gated": {"phase": "Running", "conditions": [
        condition("ContainersReady", "True"),
        condition("Ready", "False", "ReadinessGatesNotReady")]},
    "going": {"phase": "Running", "conditions": READY},
}
LABELS = {"app": "zoo", "example.com/tier": "back", "empty": "", "pod-template-hash": "5d9c7"}
OWNERS = [{"apiVersion": "v1", "kind": "Other", "name": "no", "uid": "u-1"},
          {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "zoo-5d9c7", "uid": "u-2",
           "controller": True}]
WORKLOADS = [
    ("deployments", "plain", {"replicas": 0}),
    ("deployments", "percent", {"replicas": 4, "minReadySeconds": 7, "strategy": {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "30%", "maxSurge": 0}}}),
    ("deployments", "counts", {"replicas": 1, "progressDeadlineSeconds": 2147483647, "strategy": {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": "50%"}}}),
    ("deployments", "recreate", {"replicas": 2, "paused": True,
                                 "strategy": {"type": "Recreate"}}),
    ("statefulsets", "plain", {"replicas": 2, "serviceName": "x"}),
    ("statefulsets", "partition", {"replicas": 2, "serviceName": "x", "updateStrategy": {
        "type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}),
    ("statefulsets", "delete", {"serviceName": "x", "updateStrategy": {"type": "OnDelete"}}),
    ("daemonsets", "plain", {}),
    ("daemonsets", "percent", {"minReadySeconds": 3, "updateStrategy": {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}}}),
    ("daemonsets", "delete", {"updateStrategy": {"type": "OnDelete"}}),
]
JOBS = {"open": {"active": 1},
        "complete": {"succeeded": 1, "conditions": [condition("Complete", "True")]},
        "failed": {"failed": 3, "conditions": [condition("Failed", "True", "BackoffLimitExceeded")]}}


def fill(kube):
    client = kube.client
    make = lambda path, body: client.call("POST", path, body)
    for number, (name, status) in enumerate(PODS.items()):
        path = client.path("pods", NS)
        pod = make(path, {"kind": "Pod", "apiVersion": "v1", "metadata": {
            "name": name, "labels": LABELS if number % 2 else {"controller-revision-hash": "db-7"},
            "annotations": {"kanata/paused": ""} if number % 3 == 0 else {},
            "ownerReferences": OWNERS if number % 4 == 1 else []},
            "spec": {**CONTAINERS, **({} if name == "bare" else {"nodeName": "node-a"})}})
        pod["status"] = {**pod["status"], **status}
        client.call("PUT", f"{path}/{name}/status", pod)
    client.delete("pods", NS, "going", grace=3600)
    for plural, name, spec in WORKLOADS:
        client.create(plural, NS, {
            "metadata": {"name": name, "annotations": {"kanata/paused": "yes"}
                         if name == "percent" else {}}, "spec": {**SELECTOR, **spec}})
    template = {"spec": {**CONTAINERS, "restartPolicy": "Never"}}
    for name, status in JOBS.items():
        path = client.path("jobs", NS)
        job = make(path, {"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": name},
                          "spec": {"template": template}})
        wait(lambda: set_status(client, f"{path}/{name}", status), 10, "a Job to take a status")
    for name, suspend in (("nightly", False), ("held", True)):
        make(client.path("cronjobs", NS), {
            "kind": "CronJob", "apiVersion": "batch/v1beta1", "metadata": {"name": name},
            "spec": {"schedule": "0 0 1 1 *", "suspend": suspend,
                     "jobTemplate": {"spec": {"template": template}}}})
    wait(lambda: len(client.list("replicasets", NS)["items"]) == 3, 20, "the ReplicaSets")


def set_status(client, path, status):
    """The controller writes it, too."""
    try:
        job = client.call("GET", path)
        client.call("PUT", f"{path}/status", {**job, "status": {**job["status"], **status}})
        return True
    except realkube.ApiError as error:
        if error.code != 409:
            raise
        return False


def fetch(kube, path, accept):
    request = urllib.request.Request(f"https://127.0.0.1:{kube.port}{path}", headers={
        "Authorization": f"Bearer {realkube.ADMIN}", "Accept": accept})
    context = ssl.create_default_context(cafile=kube.ca.crt)
    with urllib.request.urlopen(request, timeout=20, context=context) as reply:
        harness.equal(reply.headers["Content-Type"].split(";")[0], accept.split(";")[0])
        return reply.read()


def capture(kube, folder):
    """Each list, and each watch from before it, in both encodings: the same
    objects, as the resourceVersion proves."""
    for plural, path in LIST.items():
        path = path.format(ns=NS)
        for what, query, stream in (
                ("list", "?limit=500&resourceVersion=", ""),
                ("watch", "?watch=1&timeoutSeconds=1", ";stream=watch")):
            def both():
                json = fetch(kube, path + query, "application/json" + stream)
                wire = fetch(kube, path + query, PROTOBUF + stream)
                # A watch begins in no particular order.
                again = fetch(kube, path + query, "application/json" + stream)
                return (json, wire) if sorted(json.split(b"\n")) == \
                    sorted(again.split(b"\n")) else None
            json, wire = wait(both, 30, f"{plural} to come to rest")
            for ending, data in (("json", json), ("pb", wire)):
                with open(os.path.join(folder, f"{plural}.{what}.{ending}"), "wb") as file:
                    file.write(data)


@limit(240)
def test_same_as_json():
    kube = realkube.RealKube.get()
    kube.kubelet.done.set()
    kube.kubelet.join()
    kube.namespace(NS)
    fill(kube)
    folder = temp_dir()
    capture(kube, folder)
    programs = [os.path.join(harness.BUILD, folder, "unit", "wire") for folder in ("", "san")]
    program = next((path for path in programs if os.access(path, os.X_OK)), None)
    if not program:
        raise harness.Skipped("unit/wire is not built")
    ran = subprocess.run([program], env={**os.environ, "KANATA_CAPTURES": folder},
                         capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr

"""The scripted kubelet and the controllers of the simulated cluster.

As in the real one, each controller looks at one object at a time, whenever that
object or something that it owns changed, and moves the world one step. All
that can happen at once has happened when a command returns; the rest is timers.
"""

import hashlib
import heapq
import itertools
import json
import math
import random
import threading
import time
import traceback

from kubestore import PLURAL, RESOURCES, Store, api_version
from simhttp import BadCommand, timestamp

# The letters Kubernetes uses in generated names: no vowels, no bad words.
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
REASONS = ("CrashLoopBackOff", "ImagePullBackOff", "OOMKilled", "Error", "Unschedulable",
           "NotReady", "Evicted", "NodeLost")
# A running pod cannot fall into these: it is replaced by one that does.
AT_BIRTH = ("ImagePullBackOff", "Unschedulable")


class Script:
    """How the pods of one revision of one workload behave."""

    def __init__(self, ready_after=0.0):
        self.ready_after = ready_after      # None: never
        self.reason = None                  # why pods are ill
        self.quota = None                   # how many of them; None: all
        self.finish_after = None            # Jobs: seconds until the end
        self.fail = False


def name_hash(value, length=10):
    number = int(hashlib.sha1(json.dumps(value, sort_keys=True).encode()).hexdigest(), 16)
    return "".join(LETTERS[number // 27 ** i % 27] for i in range(length))


def share(value, total, up):
    """An absolute number or a percentage, as maxSurge and maxUnavailable are."""
    if isinstance(value, str) and value.endswith("%"):
        return (math.ceil if up else math.floor)(total * int(value[:-1]) / 100)
    return int(value)


def without_zeros(status, keep=()):
    """Go's omitempty."""
    return {key: value for key, value in status.items() if value or key in keep}


def condition(obj, kind):
    for found in obj.get("status", {}).get("conditions", ()):
        if found["type"] == kind:
            return found
    return None


def is_ready(pod):
    ready = condition(pod, "Ready")
    return bool(ready) and ready["status"] == "True" and not is_leaving(pod)


def is_leaving(pod):
    return "deletionTimestamp" in pod["metadata"]


def is_finished(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def owner_of(obj):
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return reference
    return None


def revision_of(pod):
    labels = pod["metadata"].get("labels", {})
    return next((labels[label] for label in HASH_LABELS if label in labels), "")


class Cluster:
    def __init__(self, padding=0, termination=0.0):
        self.store = Store()
        self.lock = self.store.lock
        self.padding, self.termination = padding, termination
        self.nodes = ["node-1", "node-2", "node-3"]
        self.placed = itertools.count()
        self.ip = itertools.count(2)
        self.scripts = {}           # (workload uid, revision hash): Script
        self.ill = {}               # pod uid: reason
        self.place = {}             # pod uid: the node meant for it
        self.daemon_nodes = {}      # DaemonSet uid: names of nodes
        self.ready_since = {}       # pod uid: monotonic time, finer than timestamps
        self.deadlines = {}         # deployment uid: seconds without progress
        self.progress = {}          # deployment uid: monotonic time of the last
        self.revisions = {}         # uid: last revision hash that was complete
        self.owned = {}             # owner uid: {(plural, ns, name)}
        self.managed = set()        # uids that the controllers look after
        self.queue = {}             # objects to look at, in order, each once
        self.timers, self.order = [], itertools.count()
        self.wake = threading.Condition(self.lock)
        self.store.listeners.append(self.noticed)
        self.controllers = {
            "deployments": self.sync_deployment, "replicasets": self.sync_replicaset,
            "statefulsets": self.sync_statefulset, "daemonsets": self.sync_daemonset,
            "jobs": self.sync_job,
        }
        for ns in ("default", "kube-system"):
            self.need_namespace(ns)
        threading.Thread(target=self.run_timers, daemon=True).start()

    # The machinery.

    def noticed(self, kind, plural, obj):
        meta = obj["metadata"]
        here = (plural, meta.get("namespace", ""), meta["name"])
        if kind == "DELETED":
            self.managed.discard(meta["uid"])
            for facts in (self.ready_since, self.place, self.ill):
                facts.pop(meta["uid"], None)
        elif meta["uid"] in self.managed:
            self.queue[here] = True
        owner = owner_of(obj)
        if owner is None:
            return
        family = self.owned.setdefault(owner["uid"], set())
        (family.discard if kind == "DELETED" else family.add)(here)
        if owner["uid"] in self.managed and owner["kind"] in PLURAL:
            self.queue[PLURAL[owner["kind"]], here[1], owner["name"]] = True

    def settle(self):
        """Runs controllers and due timers until nothing is left to do now."""
        with self.lock:
            while True:
                if self.queue:
                    plural, ns, name = next(iter(self.queue))
                    del self.queue[plural, ns, name]
                    obj = self.store.get(plural, ns, name)
                    if obj and obj["metadata"]["uid"] in self.managed:
                        self.controllers[plural](obj)
                elif self.timers and self.timers[0][0] <= time.monotonic():
                    heapq.heappop(self.timers)[2]()
                else:
                    self.wake.notify_all()
                    return

    def after(self, seconds, action):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), action))

    def run_timers(self):
        with self.lock:
            while True:
                try:
                    self.settle()
                except Exception:
                    traceback.print_exc()
                rest = self.timers[0][0] - time.monotonic() if self.timers else None
                self.wake.wait(None if rest is None else max(rest, 0.001))

    def look_again(self, obj, plural, seconds):
        here = (plural, obj["metadata"]["namespace"], obj["metadata"]["name"])
        self.after(max(seconds, 0) + 0.005, lambda: self.queue.update({here: True}))

    def need_namespace(self, ns):
        if self.store.get("namespaces", "", ns) is None:
            self.store.put("namespaces", {
                "metadata": {"name": ns, "labels": {"kubernetes.io/metadata.name": ns}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})

    def put_status(self, plural, obj, status):
        meta = obj["metadata"]
        current = self.store.get(plural, meta["namespace"], meta["name"])
        return self.store.put(plural, {**current, "status": status})

    def family(self, obj, plural):
        """What an object owns, by name."""
        found = (self.store.get(*key) for key in sorted(self.owned.get(obj["metadata"]["uid"], ()))
                 if key[0] == plural)
        return [member for member in found if member]

    def script(self, workload_uid, revision):
        return self.scripts.setdefault((workload_uid, revision), Script())

    # Building objects.

    def template(self, name, labels, image="registry.example/%s:1"):
        container = {
            "name": name, "image": image.replace("%s", name),
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}
        if self.padding:
            container["env"] = [{"name": f"SETTING_{i}", "value": "x" * 40}
                                for i in range(self.padding // 200)]
        return {"metadata": {"creationTimestamp": None, "labels": dict(labels)},
                "spec": {"containers": [container], "restartPolicy": "Always",
                         "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                         "securityContext": {}, "schedulerName": "default-scheduler"}}

    def padded(self, meta):
        if not self.padding:
            return meta
        third = self.padding // 3
        return {**meta,
                "annotations": {**meta.get("annotations", {}),
                                "example.com/last-applied": "a" * third},
                "managedFields": [{"manager": "kube-controller-manager", "operation": "Update",
                                   "apiVersion": "v1", "fieldsType": "FieldsV1",
                                   "fieldsV1": {f"f:field{i:04}": {".": {}, "f:value": {}}
                                                for i in range(third // 40)}}]}

    def reference(self, obj, plural):
        return {"apiVersion": api_version(plural), "kind": RESOURCES[plural].kind,
                "name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"],
                "controller": True, "blockOwnerDeletion": True}

    def make_workload(self, plural, ns, name, spec, labels, script, age=0, owner=None,
                      nodes=None):
        self.need_namespace(ns)
        old = self.store.get(plural, ns, name)
        if old is None:
            meta = {"name": name, "namespace": ns, "labels": dict(labels),
                    "creationTimestamp": timestamp(time.time() - age)}
            if owner:
                meta["ownerReferences"] = [owner]
            obj = self.store.put(plural, {"metadata": meta, "spec": spec, "status": {}})
        else:
            obj = self.store.put(plural, {**old, "spec": spec})
        uid = obj["metadata"]["uid"]
        self.scripts[uid, name_hash(spec["template"])] = script
        if nodes is not None:
            self.daemon_nodes[uid] = nodes
        self.managed.add(uid)
        self.queue[plural, ns, name] = True
        self.settle()
        return obj

    # The kubelet.

    def make_pod(self, ns, name, template, labels=None, owner=None, script=None, node=None,
                 reason=None, age=0):
        meta = {"name": name, "namespace": ns,
                "labels": {**template["metadata"].get("labels", {}), **(labels or {})},
                "creationTimestamp": timestamp(time.time() - age)}
        if owner:
            meta["generateName"] = name[:name.rindex("-") + 1]
            meta["ownerReferences"] = [owner]
        pod = self.store.put("pods", {
            "metadata": self.padded(meta), "spec": dict(template["spec"]),
            "status": {"phase": "Pending", "qosClass": "Burstable"}})
        uid, script = pod["metadata"]["uid"], script or Script()
        self.place[uid] = node or self.nodes[next(self.placed) % len(self.nodes)]
        if reason:
            self.sicken(pod, reason)
            return
        self.set_state(pod, "creating")
        if script.ready_after == 0:
            self.become_ready(ns, name, uid)
        else:
            self.set_state(self.store.get("pods", ns, name), "starting")
            if script.ready_after is not None:
                self.after(script.ready_after, lambda: self.become_ready(ns, name, uid))
        if script.finish_after is not None:
            end = "failed" if script.fail else "succeeded"
            self.after((script.ready_after or 0) + script.finish_after,
                       lambda: self.finish(ns, name, uid, end))

    def current_pod(self, ns, name, uid):
        pod = self.store.get("pods", ns, name)
        good = pod and pod["metadata"]["uid"] == uid and not is_leaving(pod)
        return pod if good and not is_finished(pod) else None

    def become_ready(self, ns, name, uid):
        pod = self.current_pod(ns, name, uid)
        if pod and uid not in self.ill:
            self.set_state(pod, "ready")

    def finish(self, ns, name, uid, state):
        pod = self.current_pod(ns, name, uid)
        if pod:
            self.set_state(pod, state)

    def sicken(self, pod, reason, ago=0):
        self.ill[pod["metadata"]["uid"]] = reason
        if reason in ("OOMKilled", "CrashLoopBackOff"):
            # The container's end is seen before the kubelet backs off.
            self.set_state(pod, "OOMKilled ended" if reason == "OOMKilled" else "Error", ago)
            pod = self.store.get("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        self.set_state(pod, reason, ago)

    def set_state(self, pod, state, ago=0):
        uid, spec = pod["metadata"]["uid"], pod["spec"]
        if state != "Unschedulable" and "nodeName" not in spec:
            pod = {**pod, "spec": {**spec, "nodeName": self.place.get(uid, self.nodes[0])}}
        status = pod_status(pod, state, time.time() - ago, f"10.244.0.{next(self.ip) % 250 + 2}")
        if state == "ready":
            self.ready_since.setdefault(uid, time.monotonic())
        else:
            self.ready_since.pop(uid, None)
        return self.store.put("pods", {**pod, "status": status})

    def remove_pod(self, pod):
        """Deletion as a client sees it: marked first, gone later."""
        meta = pod["metadata"]
        ns, name, uid = meta["namespace"], meta["name"], meta["uid"]
        if is_leaving(pod):
            return
        self.store.put("pods", {**pod, "metadata": {
            **meta, "deletionTimestamp": timestamp(time.time() + 30),
            "deletionGracePeriodSeconds": 30}})
        self.ill.pop(uid, None)
        if self.termination:
            self.after(self.termination, lambda: self.forget_pod(ns, name, uid))
        else:
            self.forget_pod(ns, name, uid)

    def forget_pod(self, ns, name, uid):
        pod = self.store.get("pods", ns, name)
        if pod and pod["metadata"]["uid"] == uid:
            self.store.delete("pods", ns, name)

    def birth_reason(self, script, siblings):
        """Whether the next pod beside these falls ill, and of what."""
        if script.reason is None:
            return None
        sick = sum(self.ill.get(pod["metadata"]["uid"]) == script.reason for pod in siblings)
        return script.reason if script.quota is None or sick < script.quota else None

    def available(self, pod, min_ready, plural, workload):
        """Ready for minReadySeconds; looks again when that time comes."""
        if not is_ready(pod):
            return False
        since = self.ready_since.get(pod["metadata"]["uid"])
        left = 0 if since is None else since + min_ready - time.monotonic()
        if min_ready and left > 0:
            self.look_again(workload, plural, left)
            return False
        return True

    # The controllers.

    def sync_replicaset(self, rs):
        meta, spec = rs["metadata"], rs["spec"]
        pods = self.family(rs, "pods")
        active = [pod for pod in pods if not is_leaving(pod) and not is_finished(pod)]
        owner = owner_of(rs)
        script = self.script(owner["uid"] if owner else meta["uid"],
                             meta["labels"].get("pod-template-hash")
                             or name_hash(spec["template"]))
        for _ in range(spec["replicas"] - len(active)):
            name = f"{meta['name']}-{''.join(random.choices(LETTERS, k=5))}"
            self.make_pod(meta["namespace"], name, spec["template"],
                          owner=self.reference(rs, "replicasets"), script=script,
                          reason=self.birth_reason(script, self.family(rs, "pods")))
        # The least useful go first.
        active.sort(key=lambda pod: (is_ready(pod), pod["metadata"]["name"]))
        for pod in active[:max(len(active) - spec["replicas"], 0)]:
            self.remove_pod(pod)
        pods = [pod for pod in self.family(rs, "pods")
                if not is_leaving(pod) and not is_finished(pod)]
        ready = sum(map(is_ready, pods))
        usable = sum(self.available(pod, spec.get("minReadySeconds", 0), "replicasets", rs)
                     for pod in pods)
        self.put_status("replicasets", rs, without_zeros({
            "replicas": len(pods), "fullyLabeledReplicas": len(pods), "readyReplicas": ready,
            "availableReplicas": usable, "observedGeneration": meta["generation"]},
            keep=("replicas",)))

    def sync_deployment(self, deployment):
        spec = deployment["spec"]
        wanted = spec["replicas"]
        new, old = self.replicasets_of(deployment)
        created = new is None
        if created:
            new = self.make_replicaset(deployment)
        recreate = spec["strategy"]["type"] == "Recreate"
        surge, missing = self.rolling_limits(deployment)
        size = lambda rs: rs["spec"]["replicas"]
        usable = lambda rs: rs.get("status", {}).get("availableReplicas", 0)
        total = size(new) + sum(map(size, old))

        if recreate:
            for rs in old:
                self.resize(rs, 0)
            if not any(self.family(rs, "pods") for rs in old):
                self.resize(new, wanted)
        else:
            if size(new) > wanted:
                self.resize(new, wanted)
            elif size(new) < wanted and total < wanted + surge:
                self.resize(new, size(new) + min(wanted + surge - total, wanted - size(new)))
            elif old:
                self.shrink_old(old, size, usable, total - (wanted - missing)
                                - max(size(new) - usable(new), 0), wanted - missing, new)
        new, old = self.replicasets_of(deployment)
        self.report_deployment(deployment, new, [new] + old, wanted - missing, created)

    def rolling_limits(self, deployment):
        spec, rolling = deployment["spec"], deployment["spec"]["strategy"].get("rollingUpdate")
        if not rolling:
            return 0, spec["replicas"]
        surge = share(rolling["maxSurge"], spec["replicas"], up=True)
        missing = share(rolling["maxUnavailable"], spec["replicas"], up=False)
        return surge, min(missing if surge or missing else 1, spec["replicas"])

    def replicasets_of(self, deployment):
        revision = name_hash(deployment["spec"]["template"])
        sets = self.family(deployment, "replicasets")
        of_now = lambda rs: rs["metadata"]["labels"]["pod-template-hash"] == revision
        return next(filter(of_now, sets), None), [rs for rs in sets if not of_now(rs)]

    def make_replicaset(self, deployment):
        meta, spec = deployment["metadata"], deployment["spec"]
        revision = name_hash(spec["template"])
        labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": revision}
        number = len(self.family(deployment, "replicasets")) + 1
        rs_spec = {"replicas": 0, "selector": {"matchLabels": {
                       **spec["selector"]["matchLabels"], "pod-template-hash": revision}},
                   "template": {**spec["template"], "metadata": {
                       **spec["template"]["metadata"], "labels": labels}}}
        if spec.get("minReadySeconds"):
            rs_spec["minReadySeconds"] = spec["minReadySeconds"]
        rs = self.store.put("replicasets", {
            "metadata": {"name": f"{meta['name']}-{revision}", "namespace": meta["namespace"],
                         "labels": labels, "creationTimestamp": timestamp(),
                         "annotations": {"deployment.kubernetes.io/revision": str(number)},
                         "ownerReferences": [self.reference(deployment, "deployments")]},
            "spec": rs_spec, "status": {"replicas": 0}})
        self.managed.add(rs["metadata"]["uid"])
        return rs

    def resize(self, rs, replicas):
        if rs["spec"]["replicas"] != replicas:
            self.store.put("replicasets", {**rs, "spec": {**rs["spec"], "replicas": replicas}})

    def shrink_old(self, old, size, usable, room, minimum, new):
        """Broken old pods first, then working ones as far as the minimum allows."""
        spare = usable(new) + sum(map(usable, old)) - minimum
        for rs in old:
            broken = min(size(rs) - usable(rs), max(room, 0))
            working = min(usable(rs), max(min(spare, room - broken), 0))
            room, spare = room - broken - working, spare - working
            self.resize(rs, size(rs) - broken - working)

    def report_deployment(self, deployment, new, sets, minimum, created):
        meta, wanted = deployment["metadata"], deployment["spec"]["replicas"]
        was = deployment.get("status", {})
        add = lambda field: sum(rs.get("status", {}).get(field, 0) for rs in sets)
        total, usable = add("replicas"), add("availableReplicas")
        status = {
            "observedGeneration": meta["generation"], "replicas": total,
            "updatedReplicas": new.get("status", {}).get("replicas", 0),
            "readyReplicas": add("readyReplicas"), "availableReplicas": usable,
            "unavailableReplicas": max(max(total, wanted) - usable, 0)}
        if usable >= minimum:
            available = ("Available", "True", "MinimumReplicasAvailable",
                         "Deployment has minimum availability.")
        else:
            available = ("Available", "False", "MinimumReplicasUnavailable",
                         "Deployment does not have minimum availability.")
        progressing = self.progress_of(deployment, new, status, was, created)
        status["conditions"] = workload_conditions(was, [available, progressing])
        self.put_status("deployments", deployment, without_zeros(status))

    def progress_of(self, deployment, new, status, was, created):
        uid, rs = deployment["metadata"]["uid"], new["metadata"]["name"]
        wanted = deployment["spec"]["replicas"]
        old = condition(deployment, "Progressing") or {"reason": None}
        complete = (status["updatedReplicas"] == status["replicas"]
                    == status["availableReplicas"] == wanted)
        behind = lambda s: s.get("replicas", 0) - s.get("updatedReplicas", 0)
        moved = (any(status[field] > was.get(field, 0) for field in
                     ("updatedReplicas", "readyReplicas", "availableReplicas"))
                 or behind(status) < behind(was))
        done = ("Progressing", "True", "NewReplicaSetAvailable",
                f'ReplicaSet "{rs}" has successfully progressed.')
        going = ("Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{rs}" is progressing.')
        if created:
            self.progress[uid] = time.monotonic()
            return ("Progressing", "True", "NewReplicaSetCreated",
                    f'Created new replica set "{rs}"')
        if complete or (old["reason"] == done[2] and rs in old["message"]):
            # Once complete it stays so: pods that fail later are no rollout.
            return done
        if moved or old["reason"] == done[2]:
            self.progress[uid] = time.monotonic()
        deadline = self.deadlines.get(uid, 600)
        left = self.progress.setdefault(uid, time.monotonic()) + deadline - time.monotonic()
        if left <= 0 or (old["reason"] == "ProgressDeadlineExceeded" and not moved):
            return ("Progressing", "False", "ProgressDeadlineExceeded",
                    f'ReplicaSet "{rs}" has timed out progressing.')
        self.look_again(deployment, "deployments", left)
        if old["reason"] == "NewReplicaSetCreated" and not moved:
            return ("Progressing", old["status"], old["reason"], old["message"])
        return going

    def sync_statefulset(self, sts):
        meta, spec = sts["metadata"], sts["spec"]
        ns, name, wanted = meta["namespace"], meta["name"], spec["replicas"]
        revision = name_hash(spec["template"])
        script, full = self.script(meta["uid"], revision), f"{name}-{revision}"
        pods = {int(pod["metadata"]["name"].rsplit("-", 1)[1]): pod
                for pod in self.family(sts, "pods")}
        usable = {i: self.available(pod, spec.get("minReadySeconds", 0), "statefulsets", sts)
                  for i, pod in pods.items()}
        ordered = spec["podManagementPolicy"] == "OrderedReady"
        for i in range(wanted):
            if i not in pods:
                self.make_pod(ns, f"{name}-{i}", spec["template"], script=script,
                              labels={"controller-revision-hash": full,
                                      "statefulset.kubernetes.io/pod-name": f"{name}-{i}",
                                      "apps.kubernetes.io/pod-index": str(i)},
                              owner=self.reference(sts, "statefulsets"),
                              reason=self.birth_reason(script, pods.values()))
                return      # its events bring us back
            if is_finished(pods[i]):
                self.remove_pod(pods[i])
                return
            if ordered and not usable[i]:
                break
        else:
            for i in sorted(pods, reverse=True):
                if i >= wanted:
                    self.remove_pod(pods[i])
                    return
                if revision_of(pods[i]) != full:
                    self.remove_pod(pods[i])
                    return
                if not usable[i]:
                    break
        pods = self.family(sts, "pods")
        updated = sum(revision_of(pod) == full for pod in pods)
        current = self.revisions.setdefault(meta["uid"], full)
        if updated == len(pods) == wanted and all(map(is_ready, pods)):
            current = self.revisions[meta["uid"]] = full
        self.put_status("statefulsets", sts, without_zeros({
            "observedGeneration": meta["generation"], "replicas": len(pods),
            "readyReplicas": sum(map(is_ready, pods)),
            "availableReplicas": sum(usable.values()),
            "currentReplicas": sum(revision_of(pod) == current for pod in pods),
            "updatedReplicas": updated, "currentRevision": current, "updateRevision": full,
            "collisionCount": 0}, keep=("replicas", "availableReplicas", "collisionCount")))

    def sync_daemonset(self, ds):
        meta, spec = ds["metadata"], ds["spec"]
        nodes = self.daemon_nodes[meta["uid"]]
        revision = name_hash(spec["template"])
        script = self.script(meta["uid"], revision)
        by_node = {}
        for pod in self.family(ds, "pods"):
            if is_finished(pod) or self.place.get(pod["metadata"]["uid"]) not in nodes:
                self.remove_pod(pod)
            else:
                by_node[self.place[pod["metadata"]["uid"]]] = pod
        for node in nodes:
            if node not in by_node:
                self.make_pod(meta["namespace"],
                              f"{meta['name']}-{''.join(random.choices(LETTERS, k=5))}",
                              spec["template"], owner=self.reference(ds, "daemonsets"),
                              script=script, node=node,
                              labels={"controller-revision-hash": revision,
                                      "pod-template-generation": str(meta["generation"])},
                              reason=self.birth_reason(script, by_node.values()))
                return      # its events bring us back
        pods = self.family(ds, "pods")
        usable = [pod for pod in pods if self.available(
            pod, spec.get("minReadySeconds", 0), "daemonsets", ds)]
        old = [pod for pod in pods if revision_of(pod) != revision and not is_leaving(pod)]
        limit = share(spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"], len(nodes), True)
        old.sort(key=lambda pod: pod in usable)
        if old and (old[0] not in usable or len(nodes) - len(usable) < max(limit, 1)):
            self.remove_pod(old[0])
            return
        ready = sum(map(is_ready, pods))
        self.put_status("daemonsets", ds, without_zeros({
            "currentNumberScheduled": len(pods), "numberMisscheduled": 0,
            "desiredNumberScheduled": len(nodes), "numberReady": ready,
            "observedGeneration": meta["generation"],
            "updatedNumberScheduled": sum(revision_of(pod) == revision for pod in pods),
            "numberAvailable": len(usable), "numberUnavailable": len(nodes) - len(usable)},
            keep=("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled",
                  "numberReady")))

    def sync_job(self, job):
        meta, spec, was = job["metadata"], job["spec"], job.get("status", {})
        if was.get("conditions"):
            return      # over
        script = self.script(meta["uid"], name_hash(spec["template"]))
        pods = self.family(job, "pods")
        phases = [pod["status"]["phase"] for pod in pods]
        succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
        active = len(pods) - succeeded - failed
        over = succeeded >= spec["completions"] or failed > spec["backoffLimit"]
        if not over and active < min(spec["parallelism"], spec["completions"] - succeeded):
            self.make_pod(meta["namespace"],
                          f"{meta['name']}-{''.join(random.choices(LETTERS, k=5))}",
                          spec["template"], owner=self.reference(job, "jobs"), script=script,
                          labels={"batch.kubernetes.io/job-name": meta["name"],
                                  "job-name": meta["name"]},
                          reason=self.birth_reason(script, pods))
            return          # its events bring us back
        status = {"startTime": was.get("startTime", timestamp()), "active": active,
                  "ready": sum(map(is_ready, pods)), "succeeded": succeeded, "failed": failed,
                  "uncountedTerminatedPods": {}}
        if over and succeeded >= spec["completions"]:
            status["completionTime"] = timestamp()
            status["conditions"] = [job_condition("Complete", "CompletionsReached",
                                                  "Reached expected number of succeeded pods")]
        elif over:
            status["conditions"] = [job_condition("Failed", "BackoffLimitExceeded",
                                                  "Job has reached the specified backoff limit")]
        self.put_status("jobs", job, without_zeros(
            status, keep=("ready", "uncountedTerminatedPods")))


def job_condition(kind, reason, message):
    return {"type": kind, "status": "True", "lastProbeTime": timestamp(),
            "lastTransitionTime": timestamp(), "reason": reason, "message": message}


def workload_conditions(was, wanted):
    """The old condition as it is when it says the same; a time for each change."""
    old = {found["type"]: found for found in was.get("conditions", ())}
    result = []
    for kind, status, reason, message in wanted:
        before = old.get(kind, {})
        if (before.get("status"), before.get("reason")) == (status, reason):
            result.append(before)
            continue
        same = before.get("status") == status
        result.append({"type": kind, "status": status, "reason": reason, "message": message,
                       "lastUpdateTime": timestamp(),
                       "lastTransitionTime": before["lastTransitionTime"] if same
                       else timestamp()})
    return result


def pod_status(pod, state, when, ip):
    """The status of a one-container pod in a given state, as a kubelet writes it."""
    was = pod.get("status", {})
    now = timestamp(when)
    container = pod["spec"]["containers"][0]
    name = container["name"]
    before = (was.get("containerStatuses") or [{}])[0]
    started = before.get("state", {}).get("running", {}).get("startedAt", now)
    restarts = before.get("restartCount", 0)
    where = f"{name} in pod {pod['metadata']['name']}_{pod['metadata'].get('namespace', '')}"

    def ended(reason, code):
        return {"terminated": {"exitCode": code, "reason": reason, "startedAt": started,
                               "finishedAt": now,
                               "containerID": f"containerd://{'0' * 60}{restarts:04}"}}

    def waiting(reason, message):
        return {"waiting": without_zeros({"reason": reason, "message": message})}

    running = {"running": {"startedAt": started}}
    backoff = waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=" + where)
    phase, ready, extra, last = "Running", False, {}, before.get("lastState", {})
    never = pod["spec"].get("restartPolicy") == "Never"
    if state == "Unschedulable":
        return {"phase": "Pending", "qosClass": "Burstable", "conditions": pod_conditions(was, [
            ("PodScheduled", "False", "Unschedulable",
             "0/3 nodes are available: 3 Insufficient cpu.")], now)}
    if state == "creating":
        phase, current = "Pending", waiting("ContainerCreating", "")
    elif state == "starting" or state == "NotReady":
        current = running
    elif state == "ready":
        # A container that had ended starts anew.
        restarts += "terminated" in before.get("state", {})
        current, ready = (running if "running" in before.get("state", {})
                          else {"running": {"startedAt": now}}), True
    elif state == "CrashLoopBackOff":
        current, last, restarts = backoff, before.get("state") or ended("Error", 1), restarts + 1
    elif state == "OOMKilled ended":
        current = ended("OOMKilled", 137)
    elif state == "OOMKilled":
        current, restarts = backoff, restarts + 1
        last = before.get("state") or ended("OOMKilled", 137)
    elif state == "ImagePullBackOff":
        phase = "Pending"
        current = waiting("ImagePullBackOff",
                          f'Back-off pulling image "{container["image"]}"')
    elif state == "Error":
        phase, current = "Failed" if never else "Running", ended("Error", 1)
    elif state == "NodeLost":
        # The kubelet is silent: what it last said stands, the rest is the node
        # controller's doing.
        current = before.get("state") or running
        extra = {"reason": "NodeLost", "message": "Node which was running pod is unresponsive"}
    elif state == "Evicted":
        return {"phase": "Failed", "reason": "Evicted", "startTime": was.get("startTime", now),
                "message": "The node was low on resource: memory. ",
                "conditions": pod_conditions(was, [
                    ("PodScheduled", "True", None, None), ("Initialized", "True", None, None),
                    ("ContainersReady", "False", "PodFailed", None),
                    ("Ready", "False", "PodFailed", None)], now)}
    elif state == "succeeded":
        phase, current = "Succeeded", ended("Completed", 0)
    elif state == "failed":
        phase, current = "Failed", ended("Error", 1)
    else:
        raise BadCommand(f"no pod state {state!r}")

    if ready:
        verdict = ("True", None, None)
    elif phase == "Succeeded":
        verdict = ("False", "PodCompleted", None)
    elif phase == "Failed":
        verdict = ("False", "PodFailed", None)
    elif state == "NodeLost":
        verdict = ("False", None, None)
    else:
        verdict = ("False", "ContainersNotReady", f"containers with unready status: [{name}]")
    return {
        "phase": phase, **extra,
        "conditions": pod_conditions(was, [
            ("PodReadyToStartContainers", "True", None, None),
            ("Initialized", "True", None, None), ("Ready", *verdict),
            ("ContainersReady", *verdict), ("PodScheduled", "True", None, None)], now),
        "hostIP": "192.0.2.10", "podIP": was.get("podIP", ip),
        "startTime": was.get("startTime", now),
        "containerStatuses": [{
            "name": name, "state": current, "lastState": last, "ready": ready,
            "restartCount": restarts, "image": container["image"],
            "imageID": "" if phase == "Pending" else "registry.example/image@sha256:" + "0" * 64,
            "started": "running" in current}],
        "qosClass": "Burstable"}


def pod_conditions(was, wanted, now):
    """lastTransitionTime moves only when the status of a condition does."""
    old = {found["type"]: found for found in was.get("conditions", ())}
    result = []
    for kind, status, reason, message in wanted:
        before = old.get(kind, {})
        result.append({key: value for key, value in {
            "type": kind, "status": status, "lastProbeTime": None, "reason": reason,
            "message": message, "lastTransitionTime": before["lastTransitionTime"]
            if before.get("status") == status else now}.items()
            if value is not None or key == "lastProbeTime"})
    return result

#!/usr/bin/env python3
"""A Kubernetes API server for tests: list and watch over a scripted cluster.

Everything under /sim/ is the test's own control of it: POST /sim/<command> calls
the method sim_<command> of Kube with the JSON object's members as arguments.
"""

import base64
import json
import os
import ssl
import threading
import time
from collections import Counter, deque

import simhttp
from kubecluster import (AT_BIRTH, REASONS, Cluster, Script, is_finished, name_hash,
                         owner_of, pod_status)
from kubestore import PLURAL, RESOURCES, Expired, api_version, parse_label_selector
from simhttp import BadCommand, Fault, Faults, Hangup, SimHandler

FAULTS = {"status", "html", "half", "huge", "garbage", "freeze", "close", "slow", "dup",
          "error_event", "no_bookmarks", "wrong_kind", "deep", "badutf8"}
BEFORE_ANSWER = ("status", "html", "close", "freeze")
IN_LIST = ("half", "huge", "garbage", "slow", "wrong_kind", "deep", "badutf8")
IN_WATCH = ("half", "huge", "garbage", "freeze", "close", "slow", "error_event", "wrong_kind",
            "deep", "badutf8", "dup")

REASON_OF_CODE = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
                  405: "MethodNotAllowed", 406: "NotAcceptable", 410: "Expired", 422: "Invalid",
                  429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable",
                  504: "Timeout"}
TOO_OLD = "The provided continue parameter is too old to display a consistent list result."


def status_object(code, message, details=None):
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
              "message": message, "reason": REASON_OF_CODE.get(code, "Unknown"), "code": code}
    if details:
        status["details"] = details
    return status


class ApiError(Exception):
    def __init__(self, code, message, details=None, headers=()):
        super().__init__(message)
        self.code, self.headers = code, headers
        self.status = status_object(code, message, details)


class Kube:
    """The simulator: a cluster, who may read it, and what goes wrong."""

    def __init__(self, args):
        self.cluster = Cluster(args.pod_padding, args.termination)
        self.store = self.cluster.store
        self.token, self.client_ca = args.token, args.client_ca
        self.bookmark_every, self.streaming_lists = args.bookmark, args.streaming_lists
        self.faults = Faults(FAULTS)
        self.forbidden = {}         # resource: set of namespaces, None for all
        self.expired_form = "http"
        self.requests, self.queries = Counter(), deque(maxlen=200)
        self.watches = {}           # handler: resource
        self.lock = threading.Lock()

    # Control: workloads.

    def sim_apply(self, object, managed=False):
        plural = PLURAL.get(object.get("kind"))
        if plural is None:
            raise BadCommand(f"no kind {object.get('kind')!r}")
        meta = dict(object["metadata"])
        if RESOURCES[plural].namespaced:
            meta.setdefault("namespace", "default")
        with self.store.lock:
            if RESOURCES[plural].namespaced:
                self.cluster.need_namespace(meta["namespace"])
            put = self.store.put(plural, {**object, "metadata": meta})
            # The controllers leave a raw object as it is, unless told.
            (self.cluster.managed.add if managed else
             self.cluster.managed.discard)(put["metadata"]["uid"])
            self.cluster.settle()
        return put

    def sim_delete(self, kind, name, ns=""):
        plural = plural_of(kind)
        with self.store.lock:
            obj = self.need(plural, ns, name)
            if plural == "namespaces":
                for other in RESOURCES:
                    for version in self.store.list(other, name):
                        self.store.delete(other, name, version.object["metadata"]["name"])
                self.store.delete(plural, "", name)
            elif plural == "pods":
                self.cluster.remove_pod(obj)
            else:
                self.delete_with_family(plural, obj)
            self.cluster.settle()

    def delete_with_family(self, plural, obj):
        """Background garbage collection: owner first, then what it owned."""
        meta = obj["metadata"]
        self.store.delete(plural, meta.get("namespace", ""), meta["name"])
        for owned, ns, name in sorted(self.cluster.owned.get(meta["uid"], ())):
            child = self.store.get(owned, ns, name)
            if owned == "pods":
                self.cluster.remove_pod(child)
            else:
                self.delete_with_family(owned, child)

    def sim_deployment(self, ns, name, replicas=1, labels=None, max_unavailable="25%",
                       max_surge="25%", min_ready=0, ready_after=0, deadline=600, age=0,
                       strategy="RollingUpdate", crash=None):
        rolling = {"rollingUpdate": {"maxUnavailable": max_unavailable, "maxSurge": max_surge}}
        spec = {"replicas": replicas, "strategy": {
                    "type": strategy, **(rolling if strategy == "RollingUpdate" else {})},
                "revisionHistoryLimit": 10, "progressDeadlineSeconds": max(1, round(deadline)),
                **self.selecting(name, labels, min_ready)}
        with self.store.lock:
            obj = self.make("deployments", ns, name, spec, labels, ready_after, age, crash)
            self.cluster.deadlines[obj["metadata"]["uid"]] = deadline
            self.cluster.queue["deployments", ns, name] = True
            self.cluster.settle()
            return names(obj)

    def sim_replicaset(self, ns, name, replicas=1, labels=None, min_ready=0, ready_after=0,
                       age=0, crash=None):
        spec = {"replicas": replicas, **self.selecting(name, labels, min_ready)}
        return names(self.make("replicasets", ns, name, spec, labels, ready_after, age, crash))

    def sim_statefulset(self, ns, name, replicas=1, labels=None, min_ready=0, ready_after=0,
                        parallel=False, age=0, crash=None):
        spec = {"replicas": replicas, "serviceName": name,
                "podManagementPolicy": "Parallel" if parallel else "OrderedReady",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "revisionHistoryLimit": 10, **self.selecting(name, labels, min_ready)}
        return names(self.make("statefulsets", ns, name, spec, labels, ready_after, age, crash))

    def sim_daemonset(self, ns, name, nodes=3, labels=None, max_unavailable=1, min_ready=0,
                      ready_after=0, age=0, crash=None):
        spec = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {
                    "maxUnavailable": max_unavailable, "maxSurge": 0}},
                "revisionHistoryLimit": 10, **self.selecting(name, labels, min_ready)}
        with self.store.lock:
            # The controller needs to know the nodes before it first looks.
            nodes = [f"node-{i + 1}" for i in range(nodes)]
            return names(self.make("daemonsets", ns, name, spec, labels, ready_after, age, crash,
                                   nodes))

    def sim_pod(self, ns, name, labels=None, ready_after=0, age=0, restart="Always", crash=None):
        with self.store.lock:
            self.cluster.need_namespace(ns)
            template = self.cluster.template(name, {"app": name, **(labels or {})})
            template["spec"]["restartPolicy"] = restart
            self.cluster.make_pod(ns, name, template, script=Script(ready_after), reason=crash,
                                  age=age)
            self.cluster.settle()

    def sim_job(self, ns, name, completions=1, parallelism=1, duration=0, fail=False,
                backoff_limit=0, labels=None, cronjob=None):
        template = self.cluster.template(name, {"app": name, "job-name": name, **(labels or {})})
        template["spec"]["restartPolicy"] = "Never"
        script = Script()
        script.finish_after, script.fail = duration, fail
        with self.store.lock:
            spec = {"parallelism": parallelism, "completions": completions,
                    "backoffLimit": backoff_limit, "completionMode": "NonIndexed",
                    "suspend": False, "template": template}
            owner = self.need("cronjobs", ns, cronjob) if cronjob else None
            return names(self.cluster.make_workload(
                "jobs", ns, name, spec, {"app": name, **(labels or {})}, script,
                owner=owner and self.cluster.reference(owner, "cronjobs")))

    def sim_cronjob(self, ns, name, schedule="*/5 * * * *", suspend=False):
        with self.store.lock:
            self.cluster.need_namespace(ns)
            self.store.put("cronjobs", {
                "metadata": {"name": name, "namespace": ns, "labels": {"app": name}},
                "spec": {"schedule": schedule, "concurrencyPolicy": "Forbid", "suspend": suspend,
                         "jobTemplate": {"metadata": {}, "spec": {
                             "template": self.cluster.template(name, {"app": name})}}},
                "status": {}})

    def selecting(self, name, labels, min_ready):
        spec = {"selector": {"matchLabels": {"app": name}},
                "template": self.cluster.template(name, {"app": name, **(labels or {})})}
        return {**spec, "minReadySeconds": min_ready} if min_ready else spec

    def make(self, plural, ns, name, spec, labels, ready_after, age, crash, nodes=None):
        script = Script(ready_after)
        script.reason = checked_reason(crash) if crash else None
        return self.cluster.make_workload(plural, ns, name, spec, {"app": name, **(labels or {})},
                                          script, age, nodes=nodes)

    # Control: what happens to them.

    def sim_crash(self, ns, name, reason="CrashLoopBackOff", count=None, kind=None, ago=0):
        """Ready pods fall ill until `count` are (all, without it), and their
        replacements too, until healed or rolled over. `ago` antedates it."""
        checked_reason(reason)
        with self.store.lock:
            plural, obj, pods = self.find(ns, name, kind)
            pods = [pod for pod in pods if not is_finished(pod)]
            if plural != "pods" and reason != "Evicted":
                # An evicted pod's replacement goes elsewhere and is well.
                script = self.current_script(obj)
                script.reason, script.quota = reason, count
            ill = self.cluster.ill
            sick = sum(pod["metadata"]["uid"] in ill for pod in pods)
            well = [pod for pod in pods if pod["metadata"]["uid"] not in ill]
            if count is not None:
                well = well[:max(count - sick, 0)]
            for pod in well:
                if reason in AT_BIRTH and plural != "pods" and owner_of(pod):
                    self.cluster.remove_pod(pod)
                else:
                    self.cluster.sicken(pod, reason, ago)
            self.cluster.settle()
            return {"pods": [pod["metadata"]["name"] for pod in well]}

    def sim_heal(self, ns, name, kind=None):
        with self.store.lock:
            plural, obj, pods = self.find(ns, name, kind)
            uid = obj["metadata"]["uid"]
            for (workload, _), script in self.cluster.scripts.items():
                if workload == uid:
                    script.reason = script.quota = None
                    if script.ready_after is None:
                        script.ready_after = 0
            for pod in pods:
                self.cluster.ill.pop(pod["metadata"]["uid"], None)
                if is_finished(pod):
                    if plural not in ("pods", "jobs"):
                        self.cluster.remove_pod(pod)
                    elif plural == "pods":
                        self.cluster.set_state(pod, "ready")
                else:
                    self.cluster.set_state(pod, "ready")
            self.cluster.settle()

    def sim_rollout(self, ns, name, duration=0, stuck=False, crash_new=False,
                    reason="CrashLoopBackOff", deadline=2.0, kind=None):
        """A new revision. `duration` is about how long it takes; `stuck` pods
        never become ready; for those two the deadline is shortened."""
        with self.store.lock:
            plural, obj, _ = self.find(ns, name, kind)
            if plural not in ("deployments", "statefulsets", "daemonsets"):
                raise BadCommand(f"{plural} have no rollout")
            spec, template = obj["spec"], obj["spec"]["template"]
            container = template["spec"]["containers"][0]
            image, _, tag = container["image"].rpartition(":")
            container = {**container, "image": f"{image}:{int(tag) + 1}"}
            template = {**template, "spec": {**template["spec"], "containers": [container]}}
            script = Script(None if stuck else duration / self.rollout_steps(plural, obj))
            script.reason = checked_reason(reason) if crash_new else None
            uid = obj["metadata"]["uid"]
            if plural == "deployments":
                limit = deadline if stuck or crash_new else 600
                self.cluster.deadlines[uid] = limit
                spec = {**spec, "progressDeadlineSeconds": max(1, round(limit))}
            self.cluster.scripts[uid, name_hash(template)] = script
            self.store.put(plural, {**obj, "spec": {**spec, "template": template}})
            self.cluster.settle()

    def rollout_steps(self, plural, obj):
        if plural == "deployments":
            replicas = obj["spec"]["replicas"]
            surge, missing = self.cluster.rolling_limits(obj)
            return max(1, -(-replicas // max(1, surge + missing)))
        if plural == "statefulsets":
            return max(1, obj["spec"]["replicas"])
        return max(1, len(self.cluster.daemon_nodes[obj["metadata"]["uid"]]))

    def sim_scale(self, ns, name, replicas, kind=None):
        with self.store.lock:
            plural, obj, _ = self.find(ns, name, kind)
            if "replicas" not in obj["spec"]:
                raise BadCommand(f"{plural} cannot be scaled")
            self.store.put(plural, {**obj, "spec": {**obj["spec"], "replicas": replicas}})
            self.cluster.settle()

    def sim_delete_pod(self, ns, name):
        """One pod by its name, or one pod of a workload."""
        with self.store.lock:
            _, _, pods = self.find(ns, name)
            if not pods:
                raise BadCommand(f"{ns}/{name} has no pod")
            self.cluster.remove_pod(pods[0])
            self.cluster.settle()
            return {"pod": pods[0]["metadata"]["name"]}

    def sim_annotate(self, kind, name, key, value=None, ns=""):
        plural = plural_of(kind)
        with self.store.lock:
            obj = self.need(plural, ns, name)
            annotations = {**obj["metadata"].get("annotations", {}), key: value}
            if value is None:
                del annotations[key]
            self.store.put(plural, {**obj, "metadata": {
                **obj["metadata"], "annotations": annotations}})
            self.cluster.settle()

    def sim_bulk_pods(self, ns, prefix, count, labels=None):
        """Ready pods, each with one event only."""
        with self.store.lock:
            self.cluster.need_namespace(ns)
            template = self.cluster.template(prefix, {"app": prefix, **(labels or {})})
            meta = self.cluster.padded({"namespace": ns,
                                        "labels": template["metadata"]["labels"]})
            made = None
            for i in range(count):
                pod = {"metadata": {**meta, "name": f"{prefix}-{i:06}"},
                       "spec": {**template["spec"], "nodeName": f"node-{i % 3 + 1}"}}
                made = made or pod_status(pod, "ready", time.time(), "10.244.0.2")
                self.store.put("pods", {**pod, "status": made})

    def sim_touch_pods(self, count, ns=None, prefix=""):
        """MODIFIED for that many pods, going round when there are fewer."""
        with self.store.lock:
            keys = [key for key in sorted(self.store.objects["pods"])
                    if ns in (None, key[0]) and key[1].startswith(prefix)]
            if not keys:
                raise BadCommand("no such pods")
            for i in range(count):
                pod = self.store.get("pods", *keys[i % len(keys)])
                annotations = {**pod["metadata"].get("annotations", {}),
                               "sim/touched": str(self.store.revision)}
                self.store.put("pods", {**pod, "metadata": {
                    **pod["metadata"], "annotations": annotations}})

    # Control: the API server itself.

    def sim_compact(self, form="http", drop=False):
        if form not in ("http", "stream"):
            raise BadCommand("form is http or stream")
        with self.store.lock:
            self.expired_form = form
            self.store.compact()
            if drop:
                self.sim_drop_watches()

    def sim_drop_watches(self):
        with self.lock:
            watches = list(self.watches)
        for handler in watches:
            handler.hang_up(reset=True)
        with self.store.lock:
            self.store.changed.notify_all()
        return {"dropped": len(watches)}

    def sim_token(self, token=None):
        self.token = token

    def sim_forbid(self, resource, ns=None):
        if resource not in RESOURCES:
            raise BadCommand(f"no resource {resource!r}")
        self.forbidden.setdefault(resource, set()).add(ns)

    def sim_allow(self, resource=None):
        if resource is None:
            self.forbidden.clear()
        else:
            self.forbidden.pop(resource, None)

    def sim_fault(self, kind, **options):
        if kind == "no_bookmarks":
            options.setdefault("count", -1)
        self.faults.add(kind, **options)
        with self.store.lock:
            self.store.changed.notify_all()

    def sim_clear(self):
        self.faults.clear()

    def sim_state(self):
        with self.store.lock, self.lock:
            return {
                "revision": self.store.revision,
                "requests": dict(self.requests),
                "watches": dict(Counter(self.watches.values())),
                "queries": list(self.queries),
                "objects": {plural: [f"{ns}/{name}" if ns else name for ns, name in sorted(found)]
                            for plural, found in self.store.objects.items()}}

    def sim_reset_counts(self):
        with self.lock:
            self.requests.clear()
            self.queries.clear()

    # Finding things.

    def need(self, plural, ns, name):
        obj = self.store.get(plural, ns, name)
        if obj is None:
            raise BadCommand(f"no {plural} {ns}/{name}")
        return obj

    def find(self, ns, name, kind=None):
        """A workload or pod by name, and its pods."""
        kinds = [plural_of(kind)] if kind else ["deployments", "statefulsets", "daemonsets",
                                                "replicasets", "jobs", "pods"]
        for plural in kinds:
            obj = self.store.get(plural, ns, name)
            if obj:
                return plural, obj, self.pods_of(plural, obj)
        raise BadCommand(f"nothing called {ns}/{name}")

    def pods_of(self, plural, obj):
        if plural == "pods":
            return [obj]
        family = self.cluster.family
        if plural == "deployments":
            return [pod for rs in family(obj, "replicasets") for pod in family(rs, "pods")]
        return family(obj, "pods")

    def current_script(self, obj):
        return self.cluster.script(obj["metadata"]["uid"], name_hash(obj["spec"]["template"]))


def names(obj):
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}


def plural_of(kind):
    plural = PLURAL.get(kind, kind)
    if plural not in RESOURCES:
        raise BadCommand(f"no kind {kind!r}")
    return plural


def checked_reason(reason):
    if reason not in REASONS:
        raise BadCommand(f"no reason {reason!r}; there are {', '.join(REASONS)}")
    return reason


class KubeHandler(SimHandler):
    server_version = "kubesim"

    def answer_request(self):
        kube = self.server.sim
        if self.command != "GET":
            self.count("write", self.url_path)
            return self.send_status(ApiError(405, "the server does not allow this method on the "
                                                  "requested resource"))
        try:
            target = self.path
            watching = self.query.get("watch") in ("1", "true")
            plural, ns, name = self.parse_path()
            verb = "get" if name else "watch" if watching else "list"
            self.count(verb, plural or self.url_path)
            fault = kube.faults.take(BEFORE_ANSWER if not watching else BEFORE_ANSWER[:3],
                                     target, self.command, watching)
            if fault and self.misbehave(fault):
                return
            if self.url_path in ("/readyz", "/livez", "/healthz"):
                return self.send_body(200, "text/plain", b"ok")
            self.authenticate()
            if self.url_path == "/version":
                return self.send_json(200, {"major": "1", "minor": "36",
                                            "gitVersion": "v1.36.0-sim", "platform": "linux/amd64"})
            if plural is None:
                return self.send_body(404, "text/plain", b"404 page not found\n")
            self.authorize(verb, plural, ns)
            self.negotiate()
            if name:
                self.answer_get(plural, ns, name)
            elif watching:
                self.answer_watch(plural, ns)
            else:
                self.answer_list(plural, ns)
        except ApiError as error:
            self.send_status(error)

    def parse_path(self):
        """(resource, namespace or None, name or None); all None when unknown."""
        parts = self.url_path.strip("/").split("/")
        if parts[:2] == ["api", "v1"]:
            version, rest = "v1", parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            version, rest = "/".join(parts[1:3]), parts[3:]
        else:
            return None, None, None
        ns = None
        if rest and rest[0] == "namespaces" and len(rest) > 2:
            ns, rest = rest[1], rest[2:]
        if not rest or len(rest) > 2 or rest[0] not in RESOURCES or api_version(rest[0]) != version:
            return None, None, None
        return rest[0], ns, rest[1] if len(rest) == 2 else None

    def count(self, verb, what):
        kube = self.server.sim
        with kube.lock:
            kube.requests[f"{verb} {what}"] += 1
            kube.queries.append({"verb": verb, "path": self.url_path, "query": self.query_string,
                                 "accept": self.headers.get("Accept", ""),
                                 "user_agent": self.headers.get("User-Agent", "")})

    # Who asks, and what they may.

    def authenticate(self):
        kube = self.server.sim
        if kube.token is None and not kube.client_ca:
            return
        if kube.token and self.headers.get("Authorization") == f"Bearer {kube.token}":
            return
        if (kube.client_ca and isinstance(self.connection, ssl.SSLSocket)
                and self.connection.getpeercert()):
            return
        raise ApiError(401, "Unauthorized")

    def authorize(self, verb, plural, ns):
        banned = self.server.sim.forbidden.get(plural, ())
        if None not in banned and ns not in banned:
            return
        scope = f'in the namespace "{ns}"' if ns else "at the cluster scope"
        group = RESOURCES[plural].group
        raise ApiError(403, f'{plural} is forbidden: User "system:serviceaccount:kanata:kanata" '
                            f'cannot {verb} resource "{plural}" in API group "{group}" {scope}',
                       {"group": group, "kind": plural})

    def negotiate(self):
        accept = self.headers.get("Accept") or "*/*"
        for choice in accept.split(","):
            kind = choice.split(";")[0].strip()
            if kind in ("*/*", "application/*", "application/json") and ";as=" not in choice:
                return
        raise ApiError(406, "only the following media types are accepted: application/json")

    # Get and list.

    def answer_get(self, plural, ns, name):
        version = self.server.sim.store.objects[plural].get((ns or "", name))
        if version is None:
            raise ApiError(404, f'{plural} "{name}" not found', {"name": name, "kind": plural})
        self.send_body(200, "application/json", version.whole)

    def wanted(self, ns):
        """A test for objects, from namespace and selectors."""
        fields = {}
        for term in filter(None, self.query.get("fieldSelector", "").split(",")):
            key, equals, value = term.partition("=")
            if not equals or key not in ("metadata.name", "metadata.namespace"):
                raise ApiError(400, f"field label not supported: {key}")
            fields[key] = value.lstrip("=")
        try:
            labels = parse_label_selector(self.query.get("labelSelector", ""))
        except ValueError as error:
            raise ApiError(400, str(error))

        def test(obj):
            meta = obj["metadata"]
            return (ns in (None, meta.get("namespace", ""))
                    and fields.get("metadata.name", meta["name"]) == meta["name"]
                    and fields.get("metadata.namespace", meta.get("namespace", ""))
                    == meta.get("namespace", "")
                    and labels(meta.get("labels", {})))
        return test

    def number(self, name):
        text = self.query.get(name, "")
        if text and not text.isdigit():
            raise ApiError(400, f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text or 0)

    def check_not_ahead(self, revision):
        if revision > self.server.sim.store.revision:
            raise ApiError(504, f"Too large resource version: {revision}, current: "
                                f"{self.server.sim.store.revision}",
                           {"causes": [{"reason": "ResourceVersionTooLarge",
                                        "message": "Too large resource version"}],
                            "retryAfterSeconds": 1}, [("Retry-After", "1")])

    def answer_list(self, plural, ns):
        kube = self.server.sim
        revision, limit = self.number("resourceVersion"), self.number("limit")
        match, token = self.query.get("resourceVersionMatch"), self.query.get("continue")
        wanted = self.wanted(ns)
        if "sendInitialEvents" in self.query:
            raise ApiError(422, "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: "
                                "Forbidden: sendInitialEvents is forbidden for list")
        if match and not self.query.get("resourceVersion"):
            raise ApiError(422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: "
                                "Forbidden: resourceVersionMatch is forbidden unless "
                                "resourceVersion is provided")
        if token and revision:
            raise ApiError(400, "specifying resource version is not allowed when using continue")
        self.check_not_ahead(revision)
        start = None
        try:
            if token:
                revision, start = self.read_token(token)
                revision, versions = kube.store.snapshot(plural, revision)
            elif match == "Exact" or (limit and revision and not match):
                if revision < kube.store.compacted:
                    raise Expired
                revision, versions = self.as_of(plural, revision)
            else:
                revision, versions = kube.store.snapshot(plural)
        except Expired:
            raise ApiError(410, TOO_OLD if token else
                           f"The resourceVersion for the provided list is too old: {revision}")
        items = [version for version in versions if wanted(version.object)]
        if start is not None:
            items = [version for version in items if place(version) > start]
        meta = {"resourceVersion": str(revision)}
        if limit and len(items) > limit:
            meta["continue"] = self.make_token(revision, items[limit - 1])
            if not self.query.get("labelSelector") and not self.query.get("fieldSelector"):
                meta["remainingItemCount"] = len(items) - limit
            items = items[:limit]
        head = json.dumps({"kind": RESOURCES[plural].kind + "List",
                           "apiVersion": api_version(plural), "metadata": meta})
        body = b'%b,"items":[%b]}\n' % (head[:-1].encode(), b",".join(v.item for v in items))
        fault = kube.faults.take(IN_LIST, self.path, self.command, False)
        if fault:
            return self.send_bad_list(fault, plural, body)
        self.send_body(200, "application/json", body)

    def as_of(self, plural, revision):
        """The list at an old revision, by undoing what happened since."""
        store = self.server.sim.store
        with store.lock:
            found = dict(store.objects[plural])
            for event in reversed(store.events_after(plural, revision)):
                meta = event.version.object["metadata"]
                key = (meta.get("namespace", ""), meta["name"])
                if event.previous is None:
                    found.pop(key, None)
                else:
                    found[key] = event.previous
            versions = [found[key] for key in sorted(found)]
            store.snapshots[plural, revision] = versions
            return revision, versions

    @staticmethod
    def make_token(revision, version):
        return base64.urlsafe_b64encode(json.dumps(
            {"v": "meta.k8s.io/v1", "rv": revision, "start": place(version)}).encode()).decode()

    @staticmethod
    def read_token(token):
        try:
            parts = json.loads(base64.urlsafe_b64decode(token))
            return parts["rv"], tuple(parts["start"])
        except (ValueError, KeyError, TypeError):
            raise ApiError(400, "continue key is not valid: " + token[:60])

    # Watch.

    def answer_watch(self, plural, ns):
        kube = self.server.sim
        text, revision = self.query.get("resourceVersion", ""), self.number("resourceVersion")
        wanted, limit = self.wanted(ns), self.number("timeoutSeconds")
        initial = self.query.get("sendInitialEvents")
        if initial is not None:
            self.check_streaming(initial)
        self.check_not_ahead(revision)
        if revision and revision < kube.store.compacted and not initial:
            message = f"too old resource version: {revision} ({kube.store.compacted})"
            if kube.expired_form == "http":
                raise ApiError(410, message)
            self.start_chunks()
            self.send_events([json.dumps({"type": "ERROR", "object": status_object(410, message)})
                              .encode()])
            return self.end_chunks()
        with kube.store.lock:
            synthetic = []
            if text in ("", "0") and initial != "false" or initial == "true":
                revision = kube.store.revision
                synthetic = [version for version in kube.store.list(plural, ns)
                             if wanted(version.object)]
            with kube.lock:
                kube.watches[self] = plural
        try:
            self.start_chunks()
            Watch(self, plural, wanted, revision, limit).run(synthetic, initial == "true")
        finally:
            with kube.lock:
                kube.watches.pop(self, None)

    def check_streaming(self, initial):
        prefix = 'ListOptions.meta.k8s.io "" is invalid: '
        if not self.server.sim.streaming_lists:
            raise ApiError(422, prefix + "sendInitialEvents: Forbidden: sendInitialEvents is "
                                         "forbidden for watch unless the WatchList feature gate "
                                         "is enabled")
        if self.query.get("resourceVersionMatch") != "NotOlderThan":
            raise ApiError(422, prefix + "resourceVersionMatch: Forbidden: sendInitialEvents "
                                         "requires setting resourceVersionMatch to NotOlderThan")
        if initial == "true" and self.query.get("allowWatchBookmarks") not in ("1", "true"):
            raise ApiError(422, prefix + "allowWatchBookmarks: Forbidden: sendInitialEvents "
                                         "requires allowWatchBookmarks")

    def send_events(self, lines):
        if lines:
            self.wfile.write(b"".join(self.chunk(line + b"\n") for line in lines))

    def end_chunks(self):
        self.wfile.write(b"0\r\n\r\n")

    # Errors and faults.

    def send_status(self, error):
        self.send_json(error.code, error.status, error.headers)

    def misbehave(self, fault):
        """True when that was the answer."""
        if fault.kind == "close":
            raise Hangup
        if fault.kind == "freeze":
            self.server.sim.faults.until_cleared(fault.get("seconds", 3600))
            return False
        if fault.kind == "html":
            self.send_body(200, "text/html; charset=utf-8",
                           b"<!DOCTYPE html><title>Sign in</title><h1>Sign in to continue</h1>")
            return True
        code = fault.get("code", 500)
        headers = []
        if fault.get("retry_after", None) is not None:
            headers.append(("Retry-After", str(fault.get("retry_after", 1))))
        body = fault.get("body", None)
        if body is None:
            self.send_json(code, status_object(code, "simulated failure"), headers)
        else:
            self.send_body(code, "text/plain", str(body).encode(), headers)
        return True

    def send_bad_list(self, fault, plural, body):
        if fault.kind == "half":
            self.send_body(200, "application/json", body[:len(body) // 2], length=len(body))
            raise Hangup
        if fault.kind == "slow":
            self.send_body(200, "application/json", b"", length=len(body))
            return self.drip(body, fault)
        if fault.kind == "wrong_kind":
            kind = fault.get("as", "Table")
            kind = "Table" if kind == "Table" else "PartialObjectMetadataList"
            body = json.dumps({"kind": kind, "apiVersion": "meta.k8s.io/v1",
                               "metadata": {"resourceVersion": "1"},
                               **({"columnDefinitions": [], "rows": []} if kind == "Table"
                                  else {"items": []})}).encode()
        else:
            body = b'{"kind":"%b","apiVersion":"%b","metadata":{"resourceVersion":"1"},' \
                   b'"items":[%b]}' % ((RESOURCES[plural].kind + "List").encode(),
                                       api_version(plural).encode(), bad_value(fault))
            if fault.kind == "garbage":
                body = bad_value(fault)
        self.send_body(200, "application/json", body)

    def drip(self, data, fault):
        rate = max(1, int(fault.get("bytes_per_s", 1000)))
        step = max(1, rate // 20)
        for at in range(0, len(data), step):
            self.wfile.write(data[at:at + step])
            if self.server.sim.faults.until_cleared(step / rate):
                self.wfile.write(data[at + step:])
                return


class Watch:
    """One open watch, in its connection's thread."""

    def __init__(self, handler, plural, wanted, revision, limit):
        self.handler, self.kube, self.store = handler, handler.server.sim, handler.server.sim.store
        self.plural, self.wanted, self.revision = plural, wanted, revision
        self.end = time.monotonic() + limit if limit else float("inf")
        self.bookmarks = handler.query.get("allowWatchBookmarks") in ("1", "true")
        self.repeat = self.wrong_kind = self.slow = None

    def run(self, synthetic, mark_end):
        every = self.kube.bookmark_every
        self.handler.send_events([event_line("ADDED", version.whole) for version in synthetic])
        if mark_end:
            self.handler.send_events([self.bookmark(
                {"annotations": {"k8s.io/initial-events-end": "true"}})])
        next_bookmark = time.monotonic() + every
        while True:
            with self.store.lock:
                fault = self.take_fault()
                try:
                    events = [] if fault else self.store.events_after(self.plural, self.revision)
                except Expired:
                    fault, events = Fault("error_event", code=410), []
                now = time.monotonic()
                if not (fault or events or now >= min(self.end, next_bookmark)):
                    # Wakes now and then to notice a client that has gone.
                    self.store.changed.wait(min(self.end, next_bookmark, now + 1) - now)
                    if self.handler.client_is_gone():
                        raise Hangup
                    continue
                if not fault:
                    self.revision = events[-1].revision if events else self.store.revision
            if fault:
                self.misbehave(fault)
                if fault.kind not in ("freeze", "slow", "dup", "wrong_kind"):
                    return
                continue
            self.send(filter(None, map(self.line, events)))
            now = time.monotonic()
            if now >= self.end:
                return self.handler.end_chunks()
            if now >= next_bookmark:
                next_bookmark = now + every
                if self.bookmarks and not self.kube.faults.take(
                        ("no_bookmarks",), self.handler.path, "GET", True):
                    self.send([self.bookmark()])

    def line(self, event):
        """An event as this watch sees it: a selector may turn a change into a
        coming or a going."""
        before = event.previous is not None and self.wanted(event.previous.object)
        now = event.type != "DELETED" and self.wanted(event.version.object)
        if not before and not now:
            return None
        kind = "MODIFIED" if before and now else "ADDED" if now else "DELETED"
        whole = event.version.whole
        if self.wrong_kind:
            kind_was, self.wrong_kind = self.wrong_kind, None
            meta = event.version.object["metadata"]
            whole = json.dumps({"kind": kind_was, "apiVersion": "meta.k8s.io/v1",
                                "metadata": meta}).encode()
        return event_line(kind, whole)

    def bookmark(self, extra=None):
        empty = {"containers": None}
        if self.plural != "pods":
            empty = {"selector": None, "template": {"metadata": {"creationTimestamp": None},
                                                    "spec": empty}}
        if self.plural == "namespaces":
            empty = {}
        return json.dumps({"type": "BOOKMARK", "object": {
            "kind": RESOURCES[self.plural].kind, "apiVersion": api_version(self.plural),
            "metadata": {"resourceVersion": str(self.revision), "creationTimestamp": None,
                         **(extra or {})}, "spec": empty, "status": {}}}).encode()

    def send(self, lines):
        lines = list(lines)
        if lines and self.repeat:
            lines, self.repeat = lines[:1] + lines, None
        if lines and self.slow:
            for line in lines:
                self.handler.drip(self.handler.chunk(line + b"\n"), self.slow)
            self.slow = None
            return
        self.handler.send_events(lines)

    def take_fault(self):
        # A request-time kind may be meant for opening watches: see misbehave there.
        return self.kube.faults.take(IN_WATCH, self.handler.path, "GET", True)

    def sample(self):
        """Some line that could come next, to be cut."""
        with self.store.lock:
            for version in self.store.objects[self.plural].values():
                return event_line("MODIFIED", version.whole)
        return self.bookmark()

    def misbehave(self, fault):
        kind, handler = fault.kind, self.handler
        if kind == "close":
            raise Hangup
        if kind == "freeze":
            self.kube.faults.until_cleared(fault.get("seconds", 3600))
        elif kind == "dup":
            self.repeat = True
        elif kind == "slow":
            self.slow = fault
        elif kind == "wrong_kind":
            self.wrong_kind = fault.get("as", "Table")
        elif kind == "half":
            line = self.sample()
            handler.wfile.write(handler.chunk(line[:len(line) // 2]))
            raise Hangup
        elif kind == "error_event":
            code = fault.get("code", 500)
            handler.send_events([json.dumps({"type": "ERROR", "object": status_object(
                code, fault.get("message", "simulated failure"))}).encode()])
            handler.end_chunks()
        elif kind == "garbage":
            handler.send_events([bad_value(fault)])
            handler.end_chunks()
        else:
            handler.send_events([event_line("MODIFIED", bad_value(fault))])
            handler.end_chunks()


def bad_value(fault):
    """What stands where an object should."""
    if fault.kind == "garbage":
        return os.urandom(int(fault.get("bytes", 4096)))
    if fault.kind == "huge":
        inside = b'"' + b"a" * int(fault.get("bytes", 100e6)) + b'"'
    elif fault.kind == "deep":
        depth = int(fault.get("depth", 100_000))
        inside = b"[" * depth + b"]" * depth
    else:
        inside = b'"\xff\xfe\xc0\xaf\xed\xa0\x80"'
    return (b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"bad","namespace":"default",'
            b'"uid":"bad","resourceVersion":"1","annotations":{"a":%b}},"spec":{},"status":{}}'
            % inside)


def event_line(kind, whole):
    return b'{"type":"%b","object":%b}' % (kind.encode(), whole)


def place(version):
    meta = version.object["metadata"]
    return (meta.get("namespace", ""), meta["name"])


def main():
    parser = simhttp.common_arguments(__doc__.split("\n")[0])
    parser.add_argument("--client-ca", help="PEM; certificates it signed may read")
    parser.add_argument("--token", help="bearer token wanted from everybody else")
    parser.add_argument("--bookmark", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--streaming-lists", action="store_true", help="allow sendInitialEvents")
    parser.add_argument("--pod-padding", type=int, default=0, metavar="BYTES")
    parser.add_argument("--termination", type=float, default=0, metavar="SECONDS",
                        help="how long a deleted pod is still there")
    args = parser.parse_args()
    simhttp.serve(args, KubeHandler, Kube(args), args.client_ca)


if __name__ == "__main__":
    main()

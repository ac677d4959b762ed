"""The objects of the simulated cluster, with the history that watches replay."""

import bisect
import json
import re
import threading
import uuid
from collections import defaultdict, namedtuple

from simhttp import timestamp

Resource = namedtuple("Resource", "group version kind namespaced")

RESOURCES = {
    "pods": Resource("", "v1", "Pod", True),
    "namespaces": Resource("", "v1", "Namespace", False),
    "deployments": Resource("apps", "v1", "Deployment", True),
    "replicasets": Resource("apps", "v1", "ReplicaSet", True),
    "statefulsets": Resource("apps", "v1", "StatefulSet", True),
    "daemonsets": Resource("apps", "v1", "DaemonSet", True),
    "jobs": Resource("batch", "v1", "Job", True),
    "cronjobs": Resource("batch", "v1", "CronJob", True),
}
PLURAL = {resource.kind: plural for plural, resource in RESOURCES.items()}


def api_version(plural):
    resource = RESOURCES[plural]
    return f"{resource.group}/{resource.version}" if resource.group else resource.version


class Expired(Exception):
    """What was asked for has been compacted away: 410."""


class Version:
    """One version of an object. Never changed once stored, so its JSON is made
    once and snapshots are lists of references."""

    __slots__ = ("plural", "object", "revision", "_json")

    def __init__(self, plural, obj, revision):
        self.plural, self.object, self.revision, self._json = plural, obj, revision, None

    @property
    def item(self):
        """As inside a list, where a real server leaves kind and apiVersion out."""
        if self._json is None:
            self._json = json.dumps(self.object, separators=(",", ":")).encode()
        return self._json

    @property
    def whole(self):
        return b'{"kind":"%b","apiVersion":"%b",%b' % (
            RESOURCES[self.plural].kind.encode(), api_version(self.plural).encode(),
            self.item[1:])


Event = namedtuple("Event", "revision type version previous")


class Store:
    HISTORY = 400_000   # events kept for each resource

    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.revision = 1000
        self.objects = {plural: {} for plural in RESOURCES}
        self.history = {plural: [] for plural in RESOURCES}
        self.lost = defaultdict(int)    # revision of the last event forgotten
        self.compacted = 0
        self.snapshots = {}
        self.listeners = []

    def get(self, plural, ns, name):
        version = self.objects[plural].get((ns, name))
        return version.object if version else None

    def put(self, plural, obj):
        """Creates or replaces. An update that changes nothing is no event."""
        with self.lock:
            obj = {key: obj[key] for key in obj if key not in ("kind", "apiVersion")}
            meta = dict(obj["metadata"])
            key = (meta.get("namespace", ""), meta["name"])
            old = self.objects[plural].get(key)
            if old:
                was = old.object["metadata"]
                meta["uid"], meta["creationTimestamp"] = was["uid"], was["creationTimestamp"]
                meta["resourceVersion"] = was["resourceVersion"]
                if "generation" in was:
                    same = obj.get("spec") == old.object.get("spec")
                    meta["generation"] = was["generation"] + (not same)
                if {**obj, "metadata": meta} == old.object:
                    return old.object
            else:
                meta.setdefault("uid", str(uuid.uuid4()))
                meta.setdefault("creationTimestamp", timestamp())
                if plural not in ("pods", "namespaces"):
                    meta["generation"] = 1
            self.revision += 1
            meta["resourceVersion"] = str(self.revision)
            version = Version(plural, {**obj, "metadata": meta}, self.revision)
            self.objects[plural][key] = version
            self._record("MODIFIED" if old else "ADDED", version, old)
            return version.object

    def delete(self, plural, ns, name):
        with self.lock:
            old = self.objects[plural].pop((ns, name), None)
            if old is None:
                return None
            self.revision += 1
            meta = {**old.object["metadata"], "resourceVersion": str(self.revision)}
            version = Version(plural, {**old.object, "metadata": meta}, self.revision)
            self._record("DELETED", version, old)
            return version.object

    def _record(self, kind, version, previous):
        history = self.history[version.plural]
        history.append(Event(self.revision, kind, version, previous))
        if len(history) > self.HISTORY:
            self.lost[version.plural] = history[self.HISTORY // 2 - 1].revision
            del history[:self.HISTORY // 2]
        for listener in self.listeners:
            listener(kind, version.plural, version.object)
        self.changed.notify_all()

    def list(self, plural, ns=None):
        with self.lock:
            versions = self.objects[plural]
            return [versions[key] for key in sorted(versions) if ns in (None, key[0])]

    def snapshot(self, plural, revision=None):
        """The whole resource as it was when its first page was read."""
        with self.lock:
            if revision is None:
                key = (plural, self.revision)
                if key not in self.snapshots:
                    self.snapshots[key] = self.list(plural)
                    while len(self.snapshots) > 32:
                        del self.snapshots[next(iter(self.snapshots))]
                return self.revision, self.snapshots[key]
            if (plural, revision) not in self.snapshots:
                raise Expired
            return revision, self.snapshots[plural, revision]

    def events_after(self, plural, revision):
        """Call with the lock held."""
        if revision < self.lost[plural]:
            raise Expired
        history = self.history[plural]
        return history[bisect.bisect_right(history, revision, key=lambda e: e.revision):]

    def compact(self):
        """Forgets the past. Open watches that have seen everything go on."""
        with self.lock:
            for plural, history in self.history.items():
                if history:
                    self.lost[plural] = history[-1].revision
                    history.clear()
            self.snapshots.clear()
            # So that no version that a client has seen is still good.
            self.revision += 10
            self.compacted = self.revision


REQUIREMENT = re.compile(
    r"\s*(?:(?P<key>[^\s=!,()]+)\s*(?P<op>==|=|!=|\s+in|\s+notin)\s*"
    r"(?:\((?P<set>[^)]*)\)|(?P<value>[^\s,()]*))"
    r"|(?P<absent>!)?\s*(?P<exists>[^\s=!,()]+))\s*(?:,|$)")


def parse_label_selector(text):
    """A function of a label dictionary; ValueError when it cannot be read."""
    tests, at = [], 0
    while at < len(text):
        found = REQUIREMENT.match(text, at)
        if not found or found.end() == at:
            raise ValueError(f"unable to parse requirement: {text[at:]!r}")
        at = found.end()
        tests.append(requirement(found))
    return lambda labels: all(test(labels) for test in tests)


def requirement(found):
    if name := found["exists"]:
        wanted = not found["absent"]
        return lambda labels: (name in labels) == wanted
    key, op = found["key"], found["op"].strip()
    if (op in ("in", "notin")) != (found["set"] is not None):
        raise ValueError(f"unable to parse requirement: {found[0]!r}")
    values = ({value.strip() for value in found["set"].split(",")}
              if found["set"] is not None else {found["value"]})
    if op in ("!=", "notin"):
        return lambda labels: labels.get(key) not in values
    return lambda labels: labels.get(key) in values

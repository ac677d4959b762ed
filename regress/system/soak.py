#!/usr/bin/python3
"""A soak: a cluster changes at random while its API server and the network between
fail in every way there is; when that ends, what the watcher knows must be what a
fresh list says, all of it.

    regress/system/soak.py [--real] [--seconds N] [--seed N]

The seed decides what is done, in which order; when it happens is up to the machine.
KANATA_SOAK_SEED and KANATA_SOAK_SECONDS say the same; KANATA_SOAK_LOG names a file
for the whole log of a run that failed.
"""

import collections
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    sys.path[:0] = [os.path.dirname(HERE), HERE]
    sys.dont_write_bytecode = True

import harness  # noqa: E402
import realkube  # noqa: E402
from harness import wait  # noqa: E402
from kanata import QUICK, Kanata  # noqa: E402
from soakcluster import ILL, RealCluster, SimCluster  # noqa: E402
from world import KEY, Page, client  # noqa: E402

ROUND = 20              # seconds of storm between two comparisons
SETTLE = 75             # seconds; backoff is up to 60
LONG = 300              # seconds of storm, from which on it is silent for minutes, too
SETTLE_LONG = 400       # a watch that is silent is given up after 305 at the latest
WORKLOADS = 6           # in each namespace
SELECTOR = "tier in (front, back),!hidden"


class Soak:
    def __init__(self, cluster, seed, seconds):
        self.seed, self.seconds, self.dice = seed, seconds, random.Random(seed)
        self.cluster = cluster(self.dice)
        self.actions = collections.deque(maxlen=60)
        self.count = collections.Counter()
        self.errors = (OSError, client.SimError, realkube.ApiError)
        self.places = [(ns, f"w{i}") for ns in self.cluster.names for i in range(WORKLOADS)]
        self.known = {}         # (ns, name): kind, of workloads that there are
        self.pods = set()       # bare ones
        harness.register(self)
        for ns, name in self.places[::2]:
            self.new_workload(ns, name)
        self.start()

    def start(self):
        components = {f"c-{ns}-{name}": {"watch": name, "ns": ns} for ns, name in self.places}
        for ns in self.cluster.names:
            components[f"s-{ns}"] = {"watch": {"selector": SELECTOR}, "ns": ns}
        self.page = Page({id: id for id in components})
        wide = self.dice.random() < 0.5
        self.kanata = Kanata({
            "key": KEY, "instatus": {"url": self.page.url}, "defaults": dict(QUICK),
            "clusters": [{"name": "soak", "kubeconfig": self.cluster.kubeconfig(),
                          "namespaces": ["*"] if wide else self.cluster.names}],
            "components": components})

    def stop(self):
        pass

    def told(self):
        return f"seed {self.seed}\n" + "\n".join(self.actions)

    # The storm.

    def note(self, what):
        self.actions.append(f"{time.monotonic() - self.began:7.2f} {what}")
        self.count[what.split()[0]] += 1

    def labels(self):
        return self.dice.choice(({}, {"tier": "front"}, {"tier": "back"}, {"tier": "other"},
                                 {"tier": "front", "hidden": "yes"}))

    def new_workload(self, ns, name):
        kind = self.dice.choice(self.cluster.plurals)
        self.cluster.create(kind, ns, name, self.dice.randint(0, 4), self.labels())
        self.known[ns, name] = kind
        return kind

    def change(self):
        """Something that a user of the cluster does."""
        ns, name = self.dice.choice(self.places)
        kind = self.known.get((ns, name))
        what = self.dice.choice(("workload", "workload", "workload", "pod", "pod", "noise",
                                 "burst"))
        if what == "noise":
            self.cluster.noise()
        elif what == "burst":
            if self.dice.random() > 0.15:
                return
            self.cluster.burst(ns)
        elif what == "pod":
            what = self.change_pod(ns)
        elif kind is None:
            what = f"create {self.new_workload(ns, name)} {ns}/{name}"
        else:
            verb = self.dice.choice(("delete", "scale", "scale", "rollout", "crash", "heal"))
            if kind == "daemonset" and verb == "scale":
                verb = "rollout"
            what = f"{verb} {kind} {ns}/{name}"
            if verb == "delete":
                del self.known[ns, name]
            extra = (self.dice.randint(0, 5),) if verb == "scale" else ()
            getattr(self.cluster, verb)(kind, ns, name, *extra)
        self.note(what)

    def change_pod(self, ns):
        mine = sorted(name for place, name in self.pods if place == ns)
        if mine and self.dice.random() < 0.5:
            name = self.dice.choice(mine)
            self.pods.discard((ns, name))
            self.cluster.delete_pod(ns, name)
            return f"delete_pod {ns}/{name}"
        # Names come back.
        name = f"alone{self.dice.randrange(12)}"
        if (ns, name) in self.pods:
            self.pods.discard((ns, name))
            self.cluster.delete_pod(ns, name)
        ill = self.dice.choice((None, None, *ILL))
        self.cluster.pod(ns, name, self.labels(), ill)
        self.pods.add((ns, name))
        return f"pod {ns}/{name} {ill}"

    def trouble(self):
        act = self.dice.choice([*self.cluster.troubles(), self.cut_all, self.cut_at_random,
                                self.refuse, self.freeze,
                                *([self.lose_all] if self.seconds >= LONG else [])])
        self.note(f"{act.__name__} {act() or ''}")

    def cut_all(self):
        self.cluster.proxy.cut_all()

    def lose_all(self):
        self.cluster.proxy.lose_all()

    def cut_at_random(self):
        """Each connection from now on, at some byte of what comes back."""
        self.cluster.proxy.cut_within = self.dice.choice((0, 300, 3000, 100_000))
        return f"within {self.cluster.proxy.cut_within} bytes"

    def refuse(self):
        seconds = self.dice.choice((0.2, 1, 3))
        self.cluster.proxy.refuse()
        self.busy(seconds)
        self.cluster.proxy.allow()
        return f"{seconds} s"

    def freeze(self):
        seconds = self.dice.choice((0.5, 2, 5, *((150,) if self.seconds >= LONG else ())))
        self.cluster.proxy.frozen.set()
        self.busy(seconds)
        if self.dice.random() < 0.5:
            self.cluster.proxy.cut_all()
        self.cluster.proxy.frozen.clear()
        return f"{seconds} s"

    def busy(self, seconds):
        """The cluster goes on while nobody can see it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.try_change()
            time.sleep(self.dice.random() * 0.2)

    def try_change(self):
        try:
            self.change()
        except self.errors as error:
            self.note(f"refused: {error}"[:160])

    def storm(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.busy(self.dice.random() * 1.5)
            try:
                self.trouble()
            except self.errors as error:
                self.note(f"refused: {error}"[:160])

    # Afterwards.

    def calm(self):
        self.cluster.proxy.calm()
        self.cluster.calm()
        self.note("calm")
        for (ns, name), kind in list(self.known.items()):
            try:
                self.cluster.heal(kind, ns, name)
            except self.errors as error:
                self.note(f"refused: {error}"[:160])

    def fresh(self):
        """What a list says now, as `show pods` and `show components` should."""
        pods, components = {}, {}
        for ns in self.cluster.names:
            sets = {item["metadata"]["name"]: owner_of(item)
                    for item in self.cluster.items("replicasets", ns)}
            for item in self.cluster.items("pods", ns):
                owner = owner_of(item)
                top = sets.get(owner.partition("/")[2], owner) if owner else ""
                pods[ns, item["metadata"]["name"]] = self.pod_of(ns, item, owner, top)
        for ns, name in self.places:
            components[f"c-{ns}-{name}"] = ("unknown", 0, 0)
        for plural in (f"{kind}s" for kind in self.cluster.plurals):
            for ns in self.cluster.names:
                for item in self.cluster.items(plural, ns):
                    wanted = item["status"].get("desiredNumberScheduled", 0) \
                        if plural == "daemonsets" else item["spec"]["replicas"]
                    components[f"c-{ns}-{item['metadata']['name']}"] = (
                        "ok" if wanted else "idle", wanted, wanted)
        return pods, components

    def pod_of(self, ns, item, owner, top):
        meta, status = item["metadata"], item.get("status", {})
        ready = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
        waiting = [c["state"]["waiting"].get("reason") for c in
                   status.get("containerStatuses", ()) if c["state"].get("waiting")]
        labels = meta.get("labels", {})
        members = {f"c-{ns}-{top.partition('/')[2]}"} if top else set()
        if labels.get("tier") in ("front", "back") and "hidden" not in labels:
            members.add(f"s-{ns}")
        return {"owner": owner, "ready": ready.get("status") == "True",
                "terminating": "deletionTimestamp" in meta,
                "since": ready.get("lastTransitionTime") or meta["creationTimestamp"],
                "cause": "none" if ready.get("status") == "True" else
                ILL.get(next(iter(waiting), None)),
                "components": sorted(members)}

    def seen(self):
        pods = {(pod["namespace"], pod["name"]): pod
                for pod in self.kanata.show("pods").get("pods", ())
                if pod["namespace"] in self.cluster.names}
        components = {c["id"]: (c["health"], c["ready"], c["desired"])
                      for c in self.kanata.show("components")["components"]}
        return pods, components

    def differences(self):
        pods, components = self.fresh()
        seen_pods, seen_components = self.seen()
        found = [f"pod {'/'.join(key)} is not seen" for key in sorted(pods.keys() - seen_pods)]
        found += [f"pod {'/'.join(key)} is seen and not there"
                  for key in sorted(seen_pods.keys() - pods)]
        for key in sorted(pods.keys() & seen_pods):
            for field, value in pods[key].items():
                got = seen_pods[key][field]
                got = sorted(got) if field == "components" else got
                if got != value and not (field == "cause" and value is None):
                    found.append(f"pod {'/'.join(key)}: {field} is {value!r}, seen as {got!r}")
        for id, value in components.items():
            if seen_components.get(id) != value:
                found.append(f"component {id}: {value}, seen as {seen_components.get(id)}")
        return found

    def compare(self):
        began = time.monotonic()
        last = []

        def same():
            last[:] = self.differences()
            assert not last, f"{len(last)} differences"
            return True
        try:
            wait(same, SETTLE if self.seconds < LONG else SETTLE_LONG, "the watcher's view to be that of a fresh list", every=0.3)
        except AssertionError:
            print("\n".join(f"    {line}" for line in last[:60]))
            print(self.kanata.ctl("show", "watches").out)
            raise
        pods, _ = self.fresh()
        print(f"the same after {time.monotonic() - began:.1f} s: {len(pods)} pods, "
              f"{len(self.known)} workloads")
        self.note("compared")

    def run(self):
        self.began = time.monotonic()
        try:
            while (left := self.seconds - (time.monotonic() - self.began)) > 0:
                self.storm(min(ROUND, max(left, 5)))
                self.calm()
                self.compare()
            self.kanata.assert_no_restarts()
            self.kanata.check_log()
        except BaseException:
            print(f"FAILED with seed {self.seed}; the last actions:")
            print("\n".join(f"    {line}" for line in self.actions))
            if keep := os.environ.get("KANATA_SOAK_LOG"):
                shutil.copy(self.kanata.log_file, keep)
            raise
        print(f"seed {self.seed}: {sum(self.count.values())} actions, {self.cluster.proxy.told()}; "
              + ", ".join(f"{what} {n}" for what, n in sorted(self.count.items())))


def owner_of(item):
    """As kanatactl says it."""
    for ref in item["metadata"].get("ownerReferences", ()):
        if ref.get("controller"):
            return f"{ref['kind'].lower()}/{ref['name']}"
    return ""


def seed_and_seconds():
    seed = os.environ.get("KANATA_SOAK_SEED")
    seed = int(seed) if seed else random.SystemRandom().randrange(10 ** 9)
    seconds = float(os.environ.get("KANATA_SOAK_SECONDS") or 40)
    print(f"KANATA_SOAK_SEED={seed} KANATA_SOAK_SECONDS={seconds:g}")
    return seed, seconds


def main():
    import argparse
    import reap
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--real", action="store_true", help="with KUBEBUILDER_ASSETS")
    parser.add_argument("--seconds", help="of storm")
    parser.add_argument("--seed", help="of one that failed")
    args = parser.parse_args()
    for name in ("seconds", "seed"):
        if getattr(args, name):
            os.environ[f"KANATA_SOAK_{name.upper()}"] = getattr(args, name)
    reap.adopt_orphans()
    sys.stdout.reconfigure(line_buffering=True)
    seed, seconds = seed_and_seconds()
    try:
        Soak(RealCluster if args.real else SimCluster, seed, seconds).run()
    except harness.Skipped as why:
        sys.exit(f"skipped: {why}")
    except BaseException:
        harness.show_state()
        raise
    finally:
        harness.stop_started()
        harness.close_shared()
        reap.end_everything()


if __name__ == "__main__":
    main()

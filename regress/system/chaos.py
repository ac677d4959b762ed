#!/usr/bin/python3
"""A run of accidents: outages, recoveries and rollouts of some components, a page
that fails and loses answers, and kill -9 of any process or of all at once. When
it is over, all that the page was ever asked to do is compared with the outages
that there were.

    regress/system/chaos.py

does the long run with each store (`make chaos`): KANATA_CHAOS_KILLS kills each,
in KANATA_CHAOS_SECONDS at the most; KANATA_CHAOS_SEED says which run.
"""

import os
import random
import signal
import sys
import time

if __name__ == "__main__":
    HERE = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "sim")]
    sys.dont_write_bytecode = True

import reap
from etcd import Etcd
from harness import Ended, equal, wait
from kanata import alive
from world import Kube, World

COMPONENTS = [f"cmp-{name}" for name in "abcdef"]
SHOWN = 90              # seconds within which the page must say what lasts
LATE = 10 ** 9 * 12     # ns after its end that an outage may still be posted
NAMED_KILLS = 3         # of one worker; then all, since the parent waits longer
                        # each time that a worker dies


def seed_of_environment():
    return int(os.environ.get("KANATA_CHAOS_SEED") or random.SystemRandom().getrandbits(32))


# What was done to the components.

class Outage:
    def __init__(self, component, patient):
        self.component, self.begin, self.end = component, time.time_ns(), None
        self.patient = patient          # until it is on the page
        self.openings = 0

    def __repr__(self):
        end = f"{(self.end - self.begin) / 1e9:.1f} s" if self.end else "to the end"
        return f"{self.component} from {clock(self.begin)}, {end}"


def clock(ns):
    return time.strftime("%H:%M:%S", time.localtime(ns / 1e9)) + f".{ns // 10**6 % 1000:03d}"


class Component:
    """One workload and what is done to it, one thing after the other."""

    def __init__(self, run, id):
        self.run, self.id, self.workload = run, id, id.removeprefix("cmp-")
        self.outage, self.until, self.limit, self.outages = None, 0, None, []
        self.what = "well"

    def rest(self, least, most):
        self.until = time.monotonic() + self.run.random.uniform(least, most)

    def shown(self):
        return self.run.shown[self.id]

    def waits_for_page(self, done, what):
        """True when there is nothing to wait for any more."""
        if not done:
            assert time.monotonic() < self.limit, f"{SHOWN} s and {self.id} is not {what} " \
                f"on the page: {self.outages[-3:]}, it shows {self.shown()}"
        return done

    def step(self):
        if time.monotonic() >= self.until:
            getattr(self, "step_" + self.what)()

    def step_well(self):
        chance = self.run.random.random()
        self.limit = time.monotonic() + SHOWN
        if chance < 0.15:
            self.run.kube.rollout("default", self.workload, duration=1)
            self.what = "rolling"
            self.rest(2, 3)
        else:
            self.crash(patient=chance > 0.5)

    def crash(self, patient):
        random = self.run.random
        self.outage = Outage(self.id, patient)
        self.outages.append(self.outage)
        self.run.kube.crash("default", self.workload, random.choice(("CrashLoopBackOff", "NotReady")),
                            count=None if patient else random.choice((None, None, 1)))
        self.what = "down"
        self.rest(*(1, 2) if patient else (0.1, 4))

    def step_down(self):
        if self.outage.patient and not self.waits_for_page(self.shown() == "MAJOROUTAGE", "down"):
            return
        self.heal()
        self.rest(*(0.5, 2) if self.outage.patient else (0.3, 2))
        self.what = "back" if self.outage.patient else "well"

    def heal(self):
        self.run.kube.heal("default", self.workload)
        self.outage.end = time.time_ns()
        self.limit = time.monotonic() + SHOWN

    def step_back(self):
        if self.waits_for_page(self.shown() == "OPERATIONAL", "up again"):
            self.what = "well"
            self.rest(0, 1)

    def step_rolling(self):
        self.what = "well"

    def finish(self):
        """Half of them end down, so that the page has something to say."""
        if self.what == "down" and self.run.random.random() < 0.5:
            self.heal()
        elif self.what in ("well", "back") and self.run.random.random() < 0.3:
            self.crash(patient=True)
        elif self.what == "down":
            # Perhaps only one of its pods was.
            self.run.kube.crash("default", self.workload)

    def truth(self):
        return "OPERATIONAL" if not self.outages or self.outage.end else "MAJOROUTAGE"


# The whole run.

class Chaos:
    def __init__(self, seed, etcd=False, seconds=0, kills=0):
        print(f"chaos: KANATA_CHAOS_SEED={seed}, {'etcd' if etcd else 'embedded store'}", flush=True)
        self.random = random.Random(seed)
        self.end = time.monotonic() + seconds
        self.wanted_kills, self.kills, self.named = kills, 0, {}
        self.kube = Kube()
        for id in COMPONENTS:
            self.kube.deployment("default", id.removeprefix("cmp-"), 2, max_unavailable=1,
                                 max_surge=0)
        self.etcd = Etcd() if etcd else None
        # What etcd does not have is forgotten by a kill: it must hold.
        extra = {"etcd": {"nodes": [self.etcd.node]}, "on_loss": "hold"} if etcd else {}
        self.world = World(
            {id: id.removeprefix("cmp-") for id in COMPONENTS}, kube=self.kube,
            instatus={}, group_wait="1s", defaults={
                "down_after": "1s", "up_after": "1s",
                "reopen_within": self.random.choice(("1s", "1s", "1h"))}, start=False, **extra)
        self.page, self.kanata = self.world.page, self.world.kanata
        self.kanata.configure({**self.world.config, "instatus": {
            "url": self.page.url, "rate_per_minute": 6000}})
        self.kanata.start()
        self.world.wait_all()
        self.components = [Component(self, id) for id in COMPONENTS]
        self.look()
        self.next_kill, self.next_fault, self.clear_at = 0, 0, None

    def look(self):
        page = next(iter(self.page.command("state", requests=False)["pages"].values()))
        self.shown = {id: page["components"][id]["status"] for id in COMPONENTS}
        self.open = [i for i in page["incidents"] if i["status"] != "RESOLVED"]

    def over(self):
        return self.kills >= self.wanted_kills > 0 or time.monotonic() > self.end

    def run(self):
        while not self.over():
            self.look()
            for component in self.components:
                component.step()
            now = time.monotonic()
            if now >= self.next_fault:
                self.break_page(now)
            if now >= self.next_kill:
                self.kill()
                self.next_kill = now + self.random.uniform(0.2, 2.5)
            time.sleep(0.05)
        self.settle()
        self.judge()
        print(f"chaos: {self.kills} kills, {sum(len(c.outages) for c in self.components)} outages, "
              f"{len(self.page.incidents())} incidents", flush=True)

    # The page's accidents.

    def break_page(self, now):
        """One fault after the other; each ends before the backoff gets long."""
        random = self.random
        if self.clear_at is not None:
            self.page.clear()
            self.clear_at = None
            self.next_fault = now + random.uniform(0.1, 1)
            return
        if random.random() < 0.7:
            self.lose_something()
            most = 5
        else:
            self.storm()
            most = 2
        self.clear_at = self.next_fault = now + random.uniform(0.5, most)

    def lose_something(self):
        """Of one or two requests, mostly of those that must not be said twice."""
        kind = self.random.choice(("close_before", "close_after", "close_after", "nothing_after",
                                   "slow", "slow_after_act"))
        options = {"seconds": self.random.uniform(0.1, 1.5)} if kind.startswith("slow") else {}
        method = self.random.choice(("POST", "POST", "POST", "PUT", None))
        self.page.fault(kind, match="/incidents" if method == "POST" else "/v1/", method=method,
                        count=self.random.choice((1, 1, 2)), **options)

    def storm(self):
        self.random.choice((
            lambda: self.page.fault("status", code=429, retry_after=1, count=-1, match="/v1/"),
            lambda: self.page.fault("status", code=self.random.choice((500, 502, 503)), count=-1,
                                    match="/v1/"),
            lambda: self.page.rate(self.random.choice((1, 3)))))()

    # Ours.

    def kill(self):
        if self.kanata.child.poll() is not None:
            raise Ended(f"kanatad ended by itself with {self.kanata.child.returncode}")
        pids = self.kanata.pids()
        names = [name for name in sorted(pids) if name != "parent"]
        self.kills += 1
        if self.random.random() < 0.2 or not names:
            return self.kill_all(pids)
        name = self.random.choice(names)
        self.named[name] = self.named.get(name, 0) + 1
        if self.named[name] > NAMED_KILLS:
            return self.kill_all(pids)
        try:
            os.kill(pids[name], signal.SIGKILL)
        except ProcessLookupError:
            pass

    def kill_all(self, pids):
        self.named = {}
        if self.random.random() < 0.5:
            # The parent alone: the others see that it is gone and end.
            child, self.kanata.child = self.kanata.child, None
            os.kill(child.pid, signal.SIGKILL)
            wait(lambda: not any(alive(pid) for pid in pids.values()), 20,
                 "the workers to end with the parent")
            reap.end_group(child)
        else:
            self.kanata.kill9_tree()
        self.kanata.start(ready=False)

    # The end of it.

    def settle(self):
        self.page.clear()
        for component in self.components:
            component.finish()
        self.kill_all(self.kanata.pids())
        self.settled("with some down")
        for component in self.components:
            if component.truth() != "OPERATIONAL":
                component.heal()
        self.settled("with all well")
        equal(self.open, [], "open incidents at the end")

    def settled(self, what):
        """The page is right and stays right."""
        truth = {c.id: c.truth() for c in self.components}
        down = sorted(id for id, status in truth.items() if status != "OPERATIONAL")

        def right():
            self.look()
            named = sorted(c["id"] for i in self.open for c in i["components"]
                           if c["status"] != "OPERATIONAL")
            equal(self.shown, truth, "the page")
            equal(named, down, "components of open incidents")
            assert down or not self.open, f"still open: {self.open}"
            return True
        wait(right, SHOWN, f"the page to agree, {what}", 0.2)
        acts = len(self.acts())
        time.sleep(1.5)
        right()
        equal(len(self.acts()), acts, f"changes of the page, once it was right {what}")

    # The judgement.

    def acts(self):
        """What the page did for us, in that order."""
        found = [entry for entry in self.page.requests() if entry["acted"]
                 and entry["method"] in ("POST", "PUT")]
        return sorted(found, key=lambda entry: entry["acted"]["time"])

    def judge(self):
        openings, trouble, resolved, said = [], {}, set(), set()
        for entry in self.acts():
            part, body, when = entry["path"].split("/"), entry["body"], entry["acted"]["time"]
            if part[3] != "incidents":
                continue
            id = part[4] if len(part) > 4 else entry["acted"]["id"]
            if entry["method"] == "POST":
                # A create by its name and time, an update by its incident too.
                mark = (part[4] if len(part) > 4 else body["name"], body["started"])
                assert mark not in said, f"posted twice: {entry}"
                said.add(mark)
                assert (body["status"] == "RESOLVED") <= (id not in resolved), \
                    f"resolved twice: {entry}"
                (resolved.add if body["status"] == "RESOLVED" else resolved.discard)(id)
            for item in body.get("statuses", ()):
                bad = item["status"] not in ("OPERATIONAL", "UNDERMAINTENANCE")
                holder = trouble.get(item["id"])
                if not bad and holder == id:
                    del trouble[item["id"]]
                elif bad and holder != id:
                    assert holder is None, f"{item['id']} is in two incidents: {holder}, {entry}"
                    trouble[item["id"]] = id
                    openings.append((when, item["id"], id))
        equal(trouble, {}, "what was never said to be well again")
        self.match(openings)

    def match(self, openings):
        """Each opening has an outage of its own, and each outage that was seen
        on the page has one. The oldest that is not over for long is taken:
        that finds a match for all if there is one."""
        outages = [outage for c in self.components for outage in c.outages]
        for when, id, incident in openings:
            fit = [o for o in outages if o.component == id and o.begin <= when
                   and when <= o.end + LATE and not o.openings]
            mine = [o for o in outages if o.component == id]
            assert fit, f"incident {incident} opened at {clock(when)} for {id}: false or twice; " \
                f"its outages: {mine}; openings: " \
                f"{[(clock(w), i) for w, c, i in openings if c == id]}"
            fit[0].openings += 1


def main():
    import harness
    import pytests
    reap.adopt_orphans()
    seed = seed_of_environment()
    seconds = int(os.environ.get("KANATA_CHAOS_SECONDS") or 3600)
    kills = int(os.environ.get("KANATA_CHAOS_KILLS") or 500)
    failed = False
    for etcd in (False, True):
        def test(etcd=etcd):
            chaos = Chaos(seed, etcd, seconds, kills)
            chaos.run()
            assert chaos.kills >= kills, f"{chaos.kills} of {kills} kills in {seconds} s"
        test.limit = seconds + 400
        report = pytests.run_one(harness, test)
        print(f"{report['status']} chaos/{'etcd' if etcd else 'embedded'} {report['reason']} "
              f"{report['seconds']:.0f}s", flush=True)
        failed |= report["status"] == "FAIL"
    reap.end_everything()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

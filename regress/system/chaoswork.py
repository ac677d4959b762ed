"""What a run of accidents does to the components, and the judgement: all that the
page was ever asked to do is compared with the outages that there were."""

import subprocess
import time

from harness import equal, wait

PATIENCE = 20           # seconds that a component waits for the page in any weather
SHOWN = 90              # ... and then in calm weather
UNSURE = 20             # ... that an order without an answer may still be carried out: longer
                        # than a process stands still
LATE = 10 ** 9 * 12     # ns after its end that an outage may still be posted


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
        self.outage, self.until, self.outages = None, 0, []
        self.what, self.waits_since = "well", None
        self.accepted, self.refused_by, self.maintenances = False, set(), 0
        self.unsure, self.unsure_until = None, 0

    def rest(self, least, most):
        self.until = time.monotonic() + self.run.random.uniform(least, most)

    def shown(self):
        return self.run.shown[self.id]

    def waits_for_page(self, done, what):
        """True when there is nothing to wait for any more."""
        if done:
            self.waits_since = None
        elif self.waits_since is None:
            self.waits_since = time.monotonic()
        else:
            assert self.waited() < PATIENCE + SHOWN, \
                f"{self.waited():.0f} s, {SHOWN} of them calm, and {self.id} is not {what} on " \
                f"the page: {self.outages[-3:]}, it shows {self.shown()}"
        return done

    def waited(self):
        return time.monotonic() - self.waits_since if self.waits_since is not None else 0

    def step(self):
        if self.what == "maintained":
            self.assert_maintained()
        if time.monotonic() >= self.until:
            getattr(self, "step_" + self.what)()

    def step_well(self):
        chance = self.run.random.random()
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

    def step_back(self):
        if self.waits_for_page(self.shown() == "OPERATIONAL", "up again"):
            self.what = "well" if self.run.random.random() < 0.6 else "announced"
            self.accepted = False
            self.rest(0, 1)

    # An operator's maintenance: what goes down meanwhile is nobody's business.

    def told(self, verb):
        """Whichever daemon is asked may be dead, stand still, or have no etcd: it is
        asked again. That there is nothing to end, all of them must say. The contrary
        of what may still be done is not asked for."""
        if self.unsure != verb and time.monotonic() < self.unsure_until:
            return False
        daemon = self.run.random.choice(self.run.daemons)
        try:
            done = daemon.ctl("maintenance", verb, self.id, timeout=2)
        except subprocess.TimeoutExpired:
            self.unsure, self.unsure_until = verb, time.monotonic() + UNSURE
            return False
        if "is not under a maintenance" in done.err:
            self.refused_by.add(daemon)
        return done.rc == 0 or len(self.refused_by) == len(self.run.daemons)

    def step_announced(self):
        self.accepted = self.accepted or self.told("start")
        self.rest(0.1, 0.3)
        if self.waits_for_page(self.accepted and self.shown() == "UNDERMAINTENANCE",
                               "under maintenance"):
            self.what, self.maintenances = "maintained", self.maintenances + 1
            if self.run.random.random() < 0.7:
                self.crash(patient=False)
                self.what = "maintained"

    def assert_maintained(self):
        equal(self.shown(), "UNDERMAINTENANCE", f"what is shown of {self.id}")
        named = {c["id"] for i in self.run.open for c in i["components"]
                 if c["status"] not in ("OPERATIONAL", "UNDERMAINTENANCE")}
        assert self.id not in named, f"{self.id} is under maintenance and in an incident"

    def step_maintained(self):
        if self.outages and not self.outages[-1].end:
            self.heal()
        self.what, self.accepted, self.refused_by = "ending", False, set()
        self.rest(0.2, 1)

    def step_ending(self):
        self.accepted = self.accepted or self.told("end")
        self.rest(0.1, 0.3)
        if self.waits_for_page(self.accepted, "told of the end of its maintenance"):
            self.what = "back"

    def step_rolling(self):
        self.what = "well"

    def finish(self):
        """Half of them end down, so that the page has something to say."""
        if self.what in ("announced", "maintained"):
            self.step_maintained()
        if self.what == "ending":
            wait(lambda: self.told("end"), SHOWN, f"the maintenance of {self.id} to end", 0.2)
            self.what = "back"
        if self.what == "down" and self.run.random.random() < 0.5:
            self.heal()
        elif self.what in ("well", "back") and self.run.random.random() < 0.3:
            self.crash(patient=True)
        elif self.what == "down":
            # Perhaps only one of its pods was.
            self.run.kube.crash("default", self.workload)

    def truth(self):
        return "OPERATIONAL" if not self.outages or self.outage.end else "MAJOROUTAGE"


def judge(acts, outages):
    """acts: what the page did for us, in that order."""
    openings, trouble, resolved, said = [], {}, set(), set()
    for entry in acts:
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
    match(openings, outages)


def match(openings, outages):
    """Each opening has an outage of its own, and each outage that was seen on the
    page has one. The oldest that is not over for long is taken: that finds a match
    for all if there is one."""
    for when, id, incident in openings:
        fit = [o for o in outages if o.component == id and o.begin <= when
               and (o.end is None or when <= o.end + LATE) and not o.openings]
        mine = [o for o in outages if o.component == id]
        assert fit, f"incident {incident} opened at {clock(when)} for {id}: false or twice; " \
            f"its outages: {mine}; openings: " \
            f"{[(clock(w), i) for w, c, i in openings if c == id]}"
        fit[0].openings += 1

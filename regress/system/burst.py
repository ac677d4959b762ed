"""Very many components that go down in one moment, and a page that lets in few
requests: for a short test and for a long measurement."""

import time

from harness import equal, wait
from world import Kube, Page, World

STATUS = {"api": "MAJOROUTAGE", "web": "DEGRADEDPERFORMANCE"}


class Burst:
    """One in `worse` watches a workload that dies, the others one that loses a
    pod. each: a group for each so many of one kind, 0: none. asks: times the
    page's rate that the daemon believes in."""

    def __init__(self, count, per_second, worse=10, each=0, limit=60, asks=1, **extra):
        self.limit = limit
        self.kube = Kube()
        self.kube.deployment("default", "api", 2)
        self.kube.deployment("default", "web", 4)
        self.watched = {f"cmp-{n:04}": "web" if n % worse else "api" for n in range(count)}
        components, seen = {}, {"api": 0, "web": 0}
        for id, workload in self.watched.items():
            components[id] = {"watch": f"deployment/{workload}"}
            if each:
                components[id]["group"] = f"{workload}-{seen[workload] // each}"
            seen[workload] += 1
        self.page = Page({id: f"Component {id[4:]}" for id in components})
        self.world = World(components, kube=self.kube, page=self.page,
                           instatus={"url": self.page.url,
                                     "rate_per_minute": int(60 * per_second * asks)}, **extra)
        self.world.wait_all(limit=limit)
        wait(lambda: "components" in self.state("pages") and "on no page" not in
             self.state("pages"), limit, "the page to be read")
        self.page.rate(per_second, burst=max(1, int(per_second)))
        self.asked = len(self.page.state()["requests"])

    def state(self, name):
        return next((row["text"] for row in self.world.kanata.show("state")["state"]
                     if row["name"] == name), "")

    def go_down(self):
        """Seconds until the page shows all of it."""
        began = time.monotonic()
        self.kube.crash("default", "api")
        self.kube.crash("default", "web", count=1)
        wait(lambda: self.shown() == {id: STATUS[w] for id, w in self.watched.items()},
             self.limit, "every component to be shown as it is")
        return time.monotonic() - began

    def come_back(self):
        began = time.monotonic()
        for workload in STATUS:
            self.kube.heal("default", workload)
        wait(lambda: set(self.shown().values()) == {"OPERATIONAL"}, self.limit,
             "every component to be shown as well")
        self.page.wait_open(0, limit=self.limit)
        return time.monotonic() - began

    def shown(self):
        [page] = self.page.state()["pages"].values()
        return {id: component["status"] for id, component in page["components"].items()}

    def requests(self):
        """Since it began, refused ones too."""
        return len(self.page.state()["requests"]) - self.asked

    def check_incidents(self, count):
        """So many, each component in one of them, once."""
        incidents = self.page.incidents()
        equal(len(incidents), count, "incidents")
        equal(sorted(c["id"] for incident in incidents for c in incident["components"]),
              sorted(self.watched), "components of all incidents")

    def created(self):
        """What each incident began with, in the order in which they came."""
        return [set(row["status"] for row in entry["body"]["statuses"])
                for entry in self.page.created() if entry["status"] == 200]

    def peak_kib(self, role="notifier"):
        with open(f"/proc/{self.world.kanata.pids()[role]}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))

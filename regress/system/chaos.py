#!/usr/bin/python3
"""A run of accidents: outages, recoveries, rollouts and maintenances of some components, a page
that fails and loses answers, kill -9 of any process or of all at once, and an etcd
that fails, too. When it is over, all that the page was ever asked to do is compared
with the outages that there were.

    regress/system/chaos.py [embedded] [etcd1] [etcd3] [two] [three]

does the long runs (`make chaos`), all or those: with the embedded store, with an etcd
of one node and of three, and two and three daemons on one of three. KANATA_CHAOS_KILLS
kills each, in KANATA_CHAOS_SECONDS at the most; KANATA_CHAOS_SEED says which run, KANATA_CHAOS_LOG names
a folder for what one that failed has logged.
"""

import json
import os
import random
import shutil
import signal
import sys
import time

if __name__ == "__main__":
    HERE = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "sim")]
    sys.dont_write_bytecode = True

import reap
from chaosfaults import DaemonFaults, EtcdFaults, PageFaults
from chaoswork import PATIENCE, SHOWN, Component, judge
from etcd import Etcd, EtcdCluster
from harness import equal, wait
from kanata import Kanata
from proxy import Proxy
from world import Kube, World

COMPONENTS = [f"cmp-{name}" for name in "abcdef"]
PASSWORD = "etcd-secret-58aa"
# Nodes of etcd (0: the embedded store) and daemons.
RUNS = {"embedded": (0, 1), "etcd1": (1, 1), "etcd3": (3, 1), "two": (3, 2), "three": (3, 3)}


def seed_of_environment():
    return int(os.environ.get("KANATA_CHAOS_SEED") or random.SystemRandom().getrandbits(32))


class Chaos:
    def __init__(self, seed, run="embedded", seconds=0, kills=0):
        print(f"chaos: KANATA_CHAOS_SEED={seed}, {run}", flush=True)
        self.random = random.Random(seed)
        self.end = time.monotonic() + seconds
        self.wanted_kills, self.calms, self.is_calm = kills, 0, False
        nodes, daemons = RUNS[run]
        self.kube = Kube()
        for id in COMPONENTS:
            self.kube.deployment("default", id.removeprefix("cmp-"), 2, max_unavailable=1,
                                 max_surge=0)
        # What etcd does not have is forgotten by a kill: it must hold.
        extra = {"on_loss": "hold", "replicas": daemons} if nodes else {}
        self.world = World(
            {id: id.removeprefix("cmp-") for id in COMPONENTS}, kube=self.kube,
            instatus={}, group_wait="1s", defaults={
                "down_after": "1s", "up_after": "1s",
                "reopen_within": self.random.choice(("1s", "1s", "1h"))}, start=False, **extra)
        self.page = self.world.page
        self.daemons = [self.world.kanata, *(
            Kanata(secrets=[secret.decode() for secret in self.world.kanata.secrets], start=False)
            for _ in range(daemons - 1))]
        self.daemon_faults = DaemonFaults(self.daemons, self.random)
        self.faults = [PageFaults(self.page, self.random), self.daemon_faults]
        if nodes:
            self.start_etcd(nodes)
        for number, daemon in enumerate(self.daemons):
            self.start_daemon(daemon, number)
        self.components = [Component(self, id) for id in COMPONENTS]
        self.look()

    def start_etcd(self, nodes):
        etcd = EtcdCluster(nodes) if nodes > 1 else Etcd(durable=True)
        members = etcd.members if nodes > 1 else [etcd]
        self.proxies = [[Proxy(member.port, self.random.getrandbits(32)) for member in members]
                        for _ in self.daemons]
        # Half of the runs know tokens, which a node forgets when it ends.
        self.auth = {"user": "kanata", "pass": PASSWORD} if self.random.random() < 0.5 else None
        if self.auth:
            etcd.enable_auth("kanata", PASSWORD)
        self.etcd_faults = EtcdFaults(etcd, members, self.proxies, self.random)
        self.faults.append(self.etcd_faults)

    def start_daemon(self, daemon, number):
        config = {**self.world.config,
                  "instatus": {"url": self.page.url, "rate_per_minute": 6000}}
        if len(self.faults) > 2:
            config["etcd"] = {
                "nodes": [f"127.0.0.1:{proxy.port}" for proxy in self.proxies[number]],
                **({"auth": self.auth} if self.auth else {})}
        daemon.configure(config)
        daemon.start()
        wait(lambda: {item["health"] for item in daemon.show()["components"]} == {"ok"}, 40,
             "all components to be ok")

    def look(self):
        page = next(iter(self.page.command("state", requests=False)["pages"].values()))
        self.shown = {id: page["components"][id]["status"] for id in COMPONENTS}
        self.open = [i for i in page["incidents"] if i["status"] != "RESOLVED"]

    def over(self):
        return self.daemon_faults.kills >= self.wanted_kills > 0 or time.monotonic() > self.end

    def run(self):
        while not self.over():
            self.look()
            for component in self.components:
                component.step()
            self.weather()
            time.sleep(0.05)
        self.settle()
        judge(self.acts(), [outage for c in self.components for outage in c.outages])
        self.tell()

    def weather(self):
        """Accidents, until somebody has waited for too long; then none until they
        have what they waited for."""
        patient = max(component.waited() for component in self.components) < PATIENCE
        if patient:
            self.is_calm = False
            for faults in self.faults:
                faults.step(time.monotonic())
        elif not self.is_calm:
            self.is_calm = True
            self.calms += 1
            self.calm()

    def calm(self):
        for faults in self.faults:
            faults.calm()

    def keep(self, folder):
        """What may tell why it failed."""
        os.makedirs(folder, exist_ok=True)
        for number, daemon in enumerate(self.daemons):
            shutil.copy(daemon.log_file, os.path.join(folder, f"daemon-{number}.log"))
        with open(os.path.join(folder, "page.json"), "w") as file:
            json.dump(self.page.state(), file, indent=1)

    def tell(self):
        outages = [outage for c in self.components for outage in c.outages]
        text = f"{self.daemon_faults.kills} kills, {len(outages)} outages, " \
            f"{sum(outage.openings for outage in outages)} of them on the page, " \
            f"{len(self.page.incidents())} incidents, " \
            f"{sum(c.maintenances for c in self.components)} maintenances, {self.calms} calms"
        if self.daemon_faults.freezes:
            text += f", {self.daemon_faults.freezes} freezes"
        if len(self.faults) > 2:
            text += ", etcd with tokens: " if self.auth else ", etcd: "
            text += ", ".join(f"{what} {count}" for what, count in
                              sorted(self.etcd_faults.count.items()))
        print(f"chaos: {text}", flush=True)

    # The end of it.

    def settle(self):
        self.calm()
        for component in self.components:
            component.finish()
        for daemon in self.daemons:
            self.daemon_faults.kill_all(daemon)
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
        def stays():
            acts = len(self.acts())
            time.sleep(1.5)
            equal(len(self.acts()), acts, "changes of the page")
            return right()
        wait(right, SHOWN, f"the page to agree, {what}", 0.2)
        wait(stays, SHOWN, f"the page to stay right, {what}")

    def acts(self):
        """What the page did for us, in that order."""
        found = [entry for entry in self.page.requests() if entry["acted"]
                 and entry["method"] in ("POST", "PUT")]
        return sorted(found, key=lambda entry: entry["acted"]["time"])


def main():
    import harness
    import pytests
    reap.adopt_orphans()
    signal.signal(signal.SIGALRM, pytests.out_of_time)
    sys.stdout.reconfigure(line_buffering=True)
    seed = seed_of_environment()
    seconds = int(os.environ.get("KANATA_CHAOS_SECONDS") or 3600)
    kills = int(os.environ.get("KANATA_CHAOS_KILLS") or 500)
    failed = False
    for run in sys.argv[1:] or RUNS:
        def test(run=run):
            chaos = Chaos(seed, run, seconds, kills)
            try:
                chaos.run()
            except BaseException:
                if folder := os.environ.get("KANATA_CHAOS_LOG"):
                    chaos.keep(os.path.join(folder, run))
                raise
            done = chaos.daemon_faults.kills
            assert done >= kills, f"{done} of {kills} kills in {seconds} s"
        test.limit = seconds + 400
        report = pytests.run_one(harness, test)
        print(f"{report['status']} chaos/{run} {report['reason']} "
              f"{report['seconds']:.0f}s", flush=True)
        failed |= report["status"] == "FAIL"
    reap.end_everything()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

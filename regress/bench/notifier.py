"""What the notifier costs: its core alone, the way to the page with each store, and
a thousand components that go down at once at a page that takes a request a second."""

import os
import re
import subprocess
import time

import harness
import world
from burst import Burst, STATUS
from etcd import Etcd
from harness import wait

NOW = {"down_after": "0s", "up_after": "0s", "reopen_within": "0s"}
STORES = ("LMDB", "etcd")


def core(build, components):
    """[(what, times, us on average, p99, at most)]"""
    done = subprocess.run([os.path.join(build, "bench", "core"), str(components)],
                          capture_output=True, text=True, timeout=900, check=True)
    return [(row[1], int(row[2]), *map(float, row.groups()[2:5])) for row in re.finditer(
        r"(?m)^(.*?) +(\d+) times: +([\d.]+) us on average, +([\d.]+) p99, +([\d.]+) at most",
        done.stdout)]


def start(bench, store):
    """A daemon that is ready and knows that all is well."""
    kube = world.Kube(**bench.certificate)
    kube.deployment("default", "api", 2)
    extra = {"etcd": {"nodes": [Etcd().node]}} if store == "etcd" else {}
    config = kube.kubeconfig(**{"certificate-authority": bench.authority.crt})
    made = bench.world(kube, config, "default", "deployment/api", defaults=NOW, **extra)
    made.kanata.wait_ready()
    made.wait_all()
    return made


def sample(made):
    """ms from before a pod's change until the POST of the incident arrives."""
    before = time.time_ns()
    made.kube.crash("default", "api", "NotReady")
    arrived = wait(lambda: [entry["time"] for entry in made.page.created()
                            if entry["time"] >= before], 30, "the POST of an incident")
    made.kube.heal("default", "api")
    made.page.wait_open(0)
    made.page.wait_status("cmp", "OPERATIONAL")
    made.kanata.wait_health("cmp", "ok")
    return (arrived[0] - before) / 1e6


def burst(count, per_second, **extra):
    limit = 60 + 10 * count / per_second
    made = Burst(count, per_second, limit=limit,
                 defaults={"down_after": "5s", "up_after": "5s"}, **extra)
    down = made.go_down()
    created = made.created()
    worst = len(created) - created[::-1].index({STATUS["api"]}) if {STATUS["api"]} in created \
        else 1
    asked = made.requests()
    back = made.come_back()
    figures = {"components": count, "incidents": len(created), "requests a second": per_second,
               "s until shown": round(down, 1), "s until well": round(back, 1),
               "requests, down": asked, "requests, back": made.requests() - asked,
               "last of the worst": worst, "notifier, peak KiB": made.peak_kib()}
    harness.stop_started()
    return figures

"""The simulators and a daemon between them, and what a test asks about the page."""

import os
import sys

from harness import HERE, equal, free_port, register, temp_dir, wait, write, yaml
from kanata import QUICK, Kanata

sys.path.insert(0, os.path.join(HERE, "..", "sim"))
import client  # noqa: E402

KEY = "instatus-secret-8c1f0d5b77"
TOKEN = "kube-secret-41d2a9e6c3"
HOOK = "hook-secret-b7720e5f19"


class Kube(client.KubeSim):
    def __init__(self, token=TOKEN, **options):
        super().__init__(token=token, port=free_port(), **options)
        register(self)

    def kubeconfig(self, token=TOKEN, ns=None, user=None, **cluster):
        """A file of the daemon's user; cluster: further keys of that section."""
        context = {"cluster": "sim", "user": "reader", **({"namespace": ns} if ns else {})}
        return write(os.path.join(temp_dir(), "kubeconfig"), yaml({
            "apiVersion": "v1", "kind": "Config", "current-context": "sim",
            "clusters": [{"name": "sim", "cluster": {"server": self.url, **cluster}}],
            "users": [{"name": "reader", "user": user or {"token": token}}],
            "contexts": [{"name": "sim", "context": context}]}) + "\n")

    def told(self):
        now = self.state()
        return {"requests": now["requests"], "watches": now["watches"],
                "queries": [f"{q['verb']} {q['path']}?{q['query']}" for q in now["queries"][-15:]],
                "objects": {kind: found for kind, found in now["objects"].items() if found}}

    def watches(self, resource="pods"):
        return self.state()["watches"].get(resource, 0)


class Page(client.InstatusSim):
    """The Instatus simulator, asked about its first page."""

    def __init__(self, components=None, api_key=KEY, **options):
        super().__init__(components=components, api_key=api_key, port=free_port(), **options)
        register(self)

    def told(self):
        now = self.state()
        return {"requests": [" ".join(str(request.get(key, "")) for key in
                                      ("method", "path", "status", "body"))[:300]
                             for request in now["requests"][-25:]],
                "triggers": now["triggers"],
                "pages": [{"components": {id: c["status"] for id, c in page["components"].items()},
                           "incidents": page["incidents"]} for page in now["pages"].values()]}

    def wait_status(self, id, *wanted, limit=30):
        wait(lambda: self.component_status(id) in wanted, limit,
             f"{id} to be {' or '.join(wanted)} on the page (it was {self.component_status(id)})")

    def wait_open(self, count=1, limit=30):
        wait(lambda: len(self.incidents(open_only=True)) == count, limit,
             f"{count} open incidents on the page")
        return self.incidents(open_only=True)

    def created(self):
        """Paths that incidents were created by, failed ones too."""
        return [entry for entry in self.requests("POST", "/incidents")
                if entry["path"].split("?")[0].endswith("/incidents")]

    def texts(self):
        """All that visitors can read."""
        return "\n".join(text for incident in self.incidents() for text in
                         [incident["name"], *(update["message"] for update in
                                              incident["updates"])])

    def assert_one_outage(self, *ids):
        """One incident from beginning to end, once created and once resolved."""
        incidents = self.incidents()
        equal(len(incidents), 1, f"incidents on the page {[i['name'] for i in incidents]}")
        equal(incidents[0]["status"], "RESOLVED", "the incident")
        equal(sorted(c["id"] for c in incidents[0]["components"]), sorted(ids),
              "components of the incident")
        equal([u["status"] for u in incidents[0]["updates"]].count("RESOLVED"), 1, "resolves")
        for id in ids:
            equal(self.component_status(id), "OPERATIONAL", f"{id} on the page")


class World:
    """components: {id: what the configuration says of it}; extra: further keys
    of the configuration."""

    def __init__(self, components, names=None, kube=None, page=None, start=True, args=(),
                 tree=None, **extra):
        self.kube = kube or Kube()
        self.page = page or Page({id: (names or {}).get(id, f"Name of {id}")
                                  for id in components})
        self.config = {
            "key": KEY, "ns": "default", "instatus": {"url": self.page.url},
            "clusters": [{"name": "sim", "kubeconfig": self.kube.kubeconfig()}],
            "defaults": dict(QUICK), "components": components, **extra}
        self.kanata = Kanata(self.config, args=args, tree=tree, secrets=(KEY, TOKEN, HOOK),
                             start=start)

    def wait_all(self, health="ok", limit=30):
        """Every component is seen like that."""
        wait(lambda: {item["health"] for item in self.kanata.show()["components"]} == {health}
             and len(self.kanata.show()["components"]) == len(self.config["components"]), limit,
             f"all components to be {health}")
        return self

    def outage(self, workload, id, status="MAJOROUTAGE", ns="default", limit=30):
        """Crashes a workload; returns the open incident."""
        self.kube.crash(ns, workload)
        self.page.wait_status(id, status, limit=limit)
        incidents = self.page.wait_open(1, limit=limit)
        return incidents[0]

    def recovery(self, workload, id, ns="default", limit=30):
        self.kube.heal(ns, workload)
        self.page.wait_status(id, "OPERATIONAL", limit=limit)
        self.page.wait_open(0, limit=limit)

#!/usr/bin/env python3
"""Tests of the simulators themselves, by real requests."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.client import HTTPException

sys.dont_write_bytecode = True
from client import InstatusSim, KubeSim, SimError, wait_until

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


class WatchClient:
    """Reads a watch in a thread; what came is in events, how it ended in ending."""

    def __init__(self, sim, path, **query):
        query = "&".join(f"{key}={value}" for key, value in {"watch": "1", **query}.items())
        self.events, self.ending = [], None
        self.connection = sim.connect(timeout=20)
        self.connection.request("GET", f"{path}?{query}")
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        # By hand, since http.client takes a body cut between two chunks for whole.
        stream, rest = self.response.fp, b""
        try:
            while size := int(stream.readline(), 16):
                *lines, rest = (rest + stream.read(size)).split(b"\n")
                stream.readline()
                for line in lines:
                    self.keep(line)
            self.ending = "clean"
        except (OSError, ValueError) as error:
            self.ending = "cut: " + repr(error)

    def keep(self, line):
        try:
            self.events.append(json.loads(line))
        except (ValueError, RecursionError):
            self.events.append(line)

    def types(self):
        return [event["type"] for event in self.events if isinstance(event, dict)]

    def named(self, kind):
        return [event["object"]["metadata"]["name"] for event in list(self.events)
                if event["type"] == kind]

    def wait(self, condition, what="events"):
        return wait_until(lambda: condition(self), 5, what)

    def close(self):
        try:
            self.connection.sock and self.connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
        self.response.close()
        self.connection.close()


class KubeTest(unittest.TestCase):
    OPTIONS = {"bookmark": 0.1}

    def setUp(self):
        self.sim = KubeSim(**self.OPTIONS)
        self.addCleanup(self.sim.stop)

    def watch(self, path=PODS, **query):
        watch = WatchClient(self.sim, path, **query)
        self.addCleanup(watch.close)
        return watch

    def items(self, path=PODS):
        return self.sim.get(path)[1]["items"]

    def revision(self, path=PODS):
        return self.sim.get(path)[1]["metadata"]["resourceVersion"]

    def status(self, path):
        return self.sim.get(path)[1]["status"]

    def progressing(self, name="api"):
        return next((c["reason"] for c in self.status(f"{DEPLOYMENTS}/{name}")["conditions"]
                     if c["type"] == "Progressing"), None)

    def refused(self, path, code, reason, **headers):
        status, answer = self.sim.get(path, **headers)
        self.assertEqual((status, answer["kind"], answer["code"], answer["reason"]),
                         (code, "Status", code, reason), answer)
        return answer


class KubeReading(KubeTest):
    def test_list_looks_like_the_real_one(self):
        self.sim.deployment("default", "api", 2, labels={"tier": "web"})
        answer = self.sim.get(PODS)[1]
        self.assertEqual((answer["kind"], answer["apiVersion"]), ("PodList", "v1"))
        pod = answer["items"][0]
        self.assertNotIn("kind", pod)
        self.assertEqual(pod["metadata"]["labels"]["tier"], "web")
        owner = pod["metadata"]["ownerReferences"][0]
        self.assertEqual((owner["kind"], owner["controller"]), ("ReplicaSet", True))
        self.assertEqual(owner["name"],
                         "api-" + pod["metadata"]["labels"]["pod-template-hash"])
        deployment = self.sim.get(f"{DEPLOYMENTS}/api")[1]
        self.assertEqual((deployment["kind"], deployment["apiVersion"]), ("Deployment", "apps/v1"))
        self.assertNotIn("unavailableReplicas", deployment["status"])

    def test_every_resource_in_both_scopes(self):
        sim = self.sim
        sim.deployment("a", "d")
        sim.statefulset("a", "s")
        sim.daemonset("a", "n")
        sim.job("a", "j")
        sim.cronjob("a", "c")
        for group, plural in (("/api/v1", "pods"), ("/apis/apps/v1", "deployments"),
                              ("/apis/apps/v1", "replicasets"), ("/apis/apps/v1", "statefulsets"),
                              ("/apis/apps/v1", "daemonsets"), ("/apis/batch/v1", "jobs"),
                              ("/apis/batch/v1", "cronjobs")):
            self.assertTrue(self.items(f"{group}/{plural}"), plural)
            self.assertEqual(self.items(f"{group}/{plural}"),
                             self.items(f"{group}/namespaces/a/{plural}"))
            self.assertEqual(self.items(f"{group}/namespaces/b/{plural}"), [])
        self.assertEqual(self.sim.get("/api/v1/namespaces/a")[1]["metadata"]["name"], "a")
        self.assertEqual(self.sim.get("/version")[0], 200)
        self.assertEqual(self.sim.request("GET", "/readyz")[2], b"ok")
        self.refused(PODS + "/none", 404, "NotFound")
        self.assertEqual(self.sim.request("GET", "/apis/none/v1/things")[0], 404)
        self.assertEqual(self.sim.request("POST", PODS, {})[0], 405)

    def test_selectors(self):
        for name, tier in (("one", "web"), ("two", "db"), ("three", None)):
            self.sim.pod("default", name, labels={"tier": tier} if tier else {})
        for selector, wanted in (
                ("tier=web", {"one"}), ("tier==web", {"one"}), ("tier!=web", {"two", "three"}),
                ("tier in (web,db)", {"one", "two"}), ("tier notin (web)", {"two", "three"}),
                ("tier", {"one", "two"}), ("!tier", {"three"}), ("tier,app=two", {"two"}),
                ("tier in (web, db),app!=one", {"two"})):
            found = self.items(PODS + "?labelSelector=" + selector.replace(" ", "%20")
                               .replace("!", "%21").replace("=", "%3D").replace(",", "%2C"))
            self.assertEqual({pod["metadata"]["name"] for pod in found}, wanted, selector)
        found = self.items(PODS + "?fieldSelector=metadata.name%3Done")
        self.assertEqual([pod["metadata"]["name"] for pod in found], ["one"])
        self.refused(PODS + "?labelSelector=in(", 400, "BadRequest")

    def test_pages_are_one_snapshot(self):
        self.sim.bulk_pods("default", "bulk", 10)
        first = self.sim.get(PODS + "?limit=4")[1]
        self.assertEqual(first["metadata"]["remainingItemCount"], 6)
        self.sim.bulk_pods("default", "aaa", 5)
        self.sim.delete("Pod", "default", "bulk-000009")
        names = [pod["metadata"]["name"] for pod in first["items"]]
        token = first["metadata"]["continue"]
        while token:
            page = self.sim.get(f"{PODS}?limit=4&continue={token}")[1]
            self.assertEqual(page["metadata"]["resourceVersion"],
                             first["metadata"]["resourceVersion"])
            names += [pod["metadata"]["name"] for pod in page["items"]]
            token = page["metadata"].get("continue")
        self.assertEqual(names, [f"bulk-{i:06}" for i in range(10)])
        self.refused(f"{PODS}?limit=4&continue={first['metadata']['continue']}"
                     "&resourceVersion=1001", 400, "BadRequest")
        self.refused(PODS + "?continue=nonsense", 400, "BadRequest")
        self.sim.compact()
        self.refused(f"{PODS}?limit=4&continue={first['metadata']['continue']}", 410, "Expired")

    def test_exact_revision(self):
        self.sim.pod("default", "one")
        before = self.revision()
        self.sim.pod("default", "two")
        query = f"{PODS}?resourceVersionMatch=Exact&resourceVersion={before}"
        self.assertEqual(len(self.items(query)), 1)
        self.sim.compact()
        self.refused(query, 410, "Expired")

    def test_revision_from_the_future(self):
        answer = self.refused(PODS + "?resourceVersion=99999999", 504, "Timeout")
        self.assertEqual(answer["details"]["causes"][0]["reason"], "ResourceVersionTooLarge")
        self.refused(PODS + "?watch=1&resourceVersion=99999999", 504, "Timeout")

    def test_who_may_read(self):
        self.sim.token("secret")
        self.refused(PODS, 401, "Unauthorized")
        self.assertEqual(self.sim.get(PODS, token="secret")[0], 200)
        self.sim.token("other")
        self.refused(PODS, 401, "Unauthorized", Authorization="Bearer secret")
        self.sim.token(None)
        self.sim.forbid("pods", "default")
        self.refused(PODS, 403, "Forbidden")
        self.assertEqual(self.sim.get("/api/v1/pods")[0], 200)
        self.sim.allow("pods")
        self.assertEqual(self.sim.get(PODS)[0], 200)

    def test_protobuf(self):
        protobuf = "application/vnd.kubernetes.protobuf"
        self.refused(PODS, 406, "NotAcceptable", Accept=protobuf)
        self.assertEqual(self.sim.get(PODS, Accept=protobuf + ",application/json")[0], 200)

    def test_padding(self):
        with KubeSim(pod_padding=9000) as sim:
            sim.bulk_pods("default", "bulk", 1)
            sim.pod("default", "one")
            for item in sim.get(PODS)[1]["items"]:
                self.assertGreater(len(json.dumps(item)), 8000)

    def test_keep_alive(self):
        connection = self.sim.connect()
        self.addCleanup(connection.close)
        for path in (PODS, PODS + "/none", "/nowhere", "/version"):
            connection.request("GET", path)
            first = connection.sock
            connection.getresponse().read()
            self.assertIs(connection.sock, first)

    def test_commands_that_make_no_sense(self):
        for command, arguments in (("nothing", {}), ("crash", {"ns": "x", "name": "y"}),
                                   ("fault", {"kind": "fire"}), ("deployment", {"ns": "x"})):
            with self.assertRaises(SimError):
                self.sim.command(command, **arguments)


class KubeWatching(KubeTest):
    def test_events_follow_the_list(self):
        self.sim.pod("default", "old")
        watch = self.watch(resourceVersion=self.revision())
        self.sim.pod("default", "new")
        self.sim.delete("Pod", "default", "old")
        watch.wait(lambda w: w.named("DELETED") == ["old"])
        self.assertEqual(watch.named("ADDED"), ["new"])
        last = [event for event in watch.events if event["type"] == "MODIFIED"][-1]
        self.assertEqual(last["object"]["kind"], "Pod")
        gone = next(event for event in watch.events if event["type"] == "DELETED")
        self.assertEqual(watch.response.headers["Transfer-Encoding"], "chunked")
        self.assertGreater(int(gone["object"]["metadata"]["resourceVersion"]),
                           int(last["object"]["metadata"]["resourceVersion"]) - 1)

    def test_without_revision_it_starts_with_what_is(self):
        self.sim.bulk_pods("default", "bulk", 3)
        for query in ({}, {"resourceVersion": 0}):
            watch = self.watch(**query)
            watch.wait(lambda w: len(w.named("ADDED")) == 3)

    def test_selector_turns_changes_into_coming_and_going(self):
        pod = {"kind": "Pod", "metadata": {"name": "one", "labels": {"a": "b"}}, "spec": {}}
        watch = self.watch(resourceVersion=self.revision(), labelSelector="a%3Db")
        self.sim.apply(pod)
        self.sim.apply({**pod, "metadata": {"name": "one", "labels": {}}})
        self.sim.apply(pod)
        watch.wait(lambda w: w.types() == ["ADDED", "DELETED", "ADDED"])

    def test_bookmarks_and_clean_end(self):
        watch = self.watch(resourceVersion=self.revision(), allowWatchBookmarks="true",
                           timeoutSeconds=1)
        watch.wait(lambda w: w.ending)
        self.assertEqual(watch.ending, "clean")
        self.assertIn("BOOKMARK", watch.types())
        quiet = self.watch(resourceVersion=self.revision(), timeoutSeconds=1)
        quiet.wait(lambda w: w.ending == "clean")
        self.assertEqual(quiet.events, [])

    def test_expired_in_both_forms(self):
        revision = self.revision()
        self.sim.pod("default", "one")
        watch = self.watch(resourceVersion=revision)
        latest = self.revision()
        self.sim.compact()
        self.refused(f"{PODS}?watch=1&resourceVersion={latest}", 410, "Expired")
        self.refused(f"{PODS}?watch=1&resourceVersion={revision}", 410, "Expired")
        # Who has seen everything goes on.
        self.sim.pod("default", "two")
        watch.wait(lambda w: "two" in w.named("ADDED"))
        self.sim.compact(form="stream", drop=True)
        watch.wait(lambda w: w.ending)
        again = self.watch(resourceVersion=revision)
        again.wait(lambda w: w.ending == "clean")
        self.assertEqual((again.status, again.events[0]["type"], again.events[0]["object"]["code"]),
                         (200, "ERROR", 410))
        self.assertEqual(self.watch(resourceVersion=self.revision()).status, 200)

    def test_dropped(self):
        watch = self.watch(resourceVersion=self.revision())
        wait_until(lambda: self.sim.state()["watches"] == {"pods": 1})
        self.assertEqual(self.sim.drop_watches(), 1)
        watch.wait(lambda w: w.ending)
        self.assertNotEqual(watch.ending, "clean")
        wait_until(lambda: self.sim.state()["watches"] == {})

    def test_a_client_that_leaves_is_noticed(self):
        watch = self.watch(resourceVersion=self.revision())
        wait_until(lambda: self.sim.state()["watches"] == {"pods": 1})
        watch.close()
        wait_until(lambda: self.sim.state()["watches"] == {})

    def test_streaming_lists(self):
        query = ("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                 "&allowWatchBookmarks=true")
        self.refused(f"{PODS}?{query}", 422, "Invalid")
        with KubeSim(streaming_lists=True) as sim:
            sim.bulk_pods("default", "bulk", 2)
            watch = WatchClient(sim, PODS, sendInitialEvents="true", allowWatchBookmarks="true",
                                resourceVersionMatch="NotOlderThan")
            self.addCleanup(watch.close)
            watch.wait(lambda w: "BOOKMARK" in w.types())
            self.assertEqual(watch.types(), ["ADDED", "ADDED", "BOOKMARK"])
            self.assertEqual(watch.events[2]["object"]["metadata"]["annotations"],
                             {"k8s.io/initial-events-end": "true"})
            self.assertEqual(sim.get(f"{PODS}?watch=1&sendInitialEvents=true")[0], 422)

    def test_state_counts(self):
        self.items()
        self.watch(path="/api/v1/pods", resourceVersion=0)
        state = wait_until(lambda: (s := self.sim.state())["watches"] and s)
        self.assertEqual(state["requests"], {"list pods": 1, "watch pods": 1})
        self.assertIn("resourceVersion=0", state["queries"][-1]["query"])

    def test_many_events(self):
        self.sim.bulk_pods("default", "bulk", 500)
        watch = self.watch(resourceVersion=self.revision())
        self.sim.touch_pods(2000)
        watch.wait(lambda w: len(w.events) == 2000)
        self.assertEqual(set(watch.types()), {"MODIFIED"})


class KubeWorkloads(KubeTest):
    def test_crash_and_heal_for_each_reason(self):
        self.sim.deployment("default", "api", 4)
        for reason in ("CrashLoopBackOff", "ImagePullBackOff", "OOMKilled", "Error",
                       "Unschedulable", "NotReady", "NodeLost"):
            with self.subTest(reason):
                self.sim.crash("default", "api", reason, count=3)
                status = self.status(DEPLOYMENTS + "/api")
                self.assertEqual((status["readyReplicas"], status["unavailableReplicas"]), (1, 3))
                self.assertIn(reason if reason not in ("NotReady",) else "ContainersNotReady",
                              json.dumps(self.items()))
                self.sim.heal("default", "api")
                self.assertEqual(self.status(DEPLOYMENTS + "/api")["readyReplicas"], 4)
        self.sim.crash("default", "api")
        self.assertNotIn("readyReplicas", self.status(DEPLOYMENTS + "/api"))
        self.assertEqual(self.progressing(), "NewReplicaSetAvailable")

    def test_evicted_pods_stay_and_are_replaced(self):
        self.sim.deployment("default", "api", 2)
        self.sim.crash("default", "api", "Evicted")
        phases = sorted(pod["status"]["phase"] for pod in self.items())
        self.assertEqual(phases, ["Failed", "Failed", "Running", "Running"])
        self.assertEqual(self.status(DEPLOYMENTS + "/api")["readyReplicas"], 2)
        self.sim.heal("default", "api")
        self.assertEqual(len(self.items()), 2)

    def test_replacements_of_ill_pods_are_ill(self):
        self.sim.deployment("default", "api", 3)
        ill = self.sim.crash("default", "api", count=1)
        self.sim.delete_pod("default", ill[0])
        self.assertNotIn(ill[0], [pod["metadata"]["name"] for pod in self.items()])
        self.assertEqual(self.status(DEPLOYMENTS + "/api")["readyReplicas"], 2)

    def test_times_of_conditions(self):
        self.sim.pod("default", "one", age=3600)
        self.sim.crash("default", "one", ago=600)
        for condition in self.items()[0]["status"]["conditions"]:
            moved = time.strptime(condition["lastTransitionTime"], "%Y-%m-%dT%H:%M:%SZ")
            changed = condition["type"] in ("Ready", "ContainersReady")
            self.assertAlmostEqual(time.mktime(time.gmtime()) - time.mktime(moved),
                                   600 if changed else 0, delta=5)
        state = self.items()[0]["status"]["containerStatuses"][0]
        self.assertEqual(state["state"]["waiting"]["reason"], "CrashLoopBackOff")
        self.assertEqual(state["lastState"]["terminated"]["reason"], "Error")

    def test_ready_after(self):
        self.sim.deployment("default", "api", 2, ready_after=0.3)
        self.assertEqual(self.status(DEPLOYMENTS + "/api")["unavailableReplicas"], 2)
        self.assertEqual(self.items()[0]["status"]["phase"], "Running")
        wait_until(lambda: self.status(DEPLOYMENTS + "/api").get("readyReplicas") == 2)

    def test_min_ready_seconds(self):
        self.sim.deployment("default", "api", 1, min_ready=1)
        status = self.status(DEPLOYMENTS + "/api")
        self.assertEqual((status["readyReplicas"], status.get("availableReplicas")), (1, None))
        wait_until(lambda: self.status(DEPLOYMENTS + "/api").get("availableReplicas") == 1)

    def test_rollout_keeps_its_limits(self):
        self.sim.deployment("default", "api", 4, max_unavailable=1, max_surge=1)
        watch = self.watch(DEPLOYMENTS, resourceVersion=self.revision(DEPLOYMENTS))
        self.sim.rollout("default", "api", duration=0.4)
        self.assertEqual(self.progressing(), "ReplicaSetUpdated")
        wait_until(lambda: self.progressing() == "NewReplicaSetAvailable")
        watch.wait(lambda w: w.events[-1]["object"]["status"].get("updatedReplicas") == 4)
        statuses = [event["object"]["status"] for event in watch.events]
        self.assertGreaterEqual(min(s["availableReplicas"] for s in statuses), 3)
        self.assertLessEqual(max(s["replicas"] for s in statuses), 5)
        first = watch.events[0]["object"]
        self.assertLess(first["status"]["observedGeneration"], first["metadata"]["generation"])

    def test_rollout_that_is_stuck(self):
        self.sim.deployment("default", "api", 3)
        for how in ({"stuck": True}, {"crash_new": True}):
            with self.subTest(how):
                self.sim.rollout("default", "api", deadline=0.2, **how)
                wait_until(lambda: self.progressing() == "ProgressDeadlineExceeded")
                self.assertEqual(self.status(DEPLOYMENTS + "/api")["availableReplicas"], 3)
                self.sim.heal("default", "api")
                self.assertEqual(self.progressing(), "NewReplicaSetAvailable")

    def test_rollout_of_a_fix(self):
        self.sim.deployment("default", "api", 3, strategy="Recreate")
        self.sim.crash("default", "api")
        self.sim.rollout("default", "api")
        self.assertEqual(self.status(DEPLOYMENTS + "/api")["readyReplicas"], 3)

    def test_scale(self):
        self.sim.deployment("default", "api", 3)
        self.sim.scale("default", "api", 0)
        status = self.status(DEPLOYMENTS + "/api")
        self.assertEqual({key for key in status if key.endswith("eplicas")}, set())
        self.assertEqual(self.items(), [])
        self.sim.scale("default", "api", 5)
        self.assertEqual(self.status(DEPLOYMENTS + "/api")["readyReplicas"], 5)

    def test_statefulset(self):
        path = "/apis/apps/v1/namespaces/default/statefulsets/db"
        self.sim.statefulset("default", "db", 3)
        self.assertEqual([pod["metadata"]["name"] for pod in self.items()],
                         ["db-0", "db-1", "db-2"])
        watch = self.watch(resourceVersion=self.revision())
        self.sim.rollout("default", "db", duration=0.3)
        status = self.status(path)
        self.assertNotEqual(status["currentRevision"], status["updateRevision"])
        wait_until(lambda: (s := self.status(path))["currentRevision"] == s["updateRevision"])
        watch.wait(lambda w: w.named("DELETED") == ["db-2", "db-1", "db-0"])
        self.assertEqual(self.status(path)["readyReplicas"], 3)

    def test_daemonset(self):
        path = "/apis/apps/v1/namespaces/default/daemonsets/agent"
        self.sim.daemonset("default", "agent", 3)
        self.assertEqual(self.status(path)["numberReady"], 3)
        self.sim.crash("default", "agent", "Unschedulable", count=1)
        self.assertEqual(self.status(path)["numberUnavailable"], 1)
        self.sim.heal("default", "agent")
        self.sim.rollout("default", "agent", duration=0.3)
        self.assertEqual(self.status(path)["updatedNumberScheduled"], 1)
        wait_until(lambda: self.status(path).get("updatedNumberScheduled") == 3
                   and self.status(path)["numberReady"] == 3)

    def test_jobs(self):
        path = "/apis/batch/v1/namespaces/default/jobs/"
        self.sim.cronjob("default", "nightly")
        self.sim.job("default", "good", cronjob="nightly")
        self.sim.job("default", "bad", fail=True)
        for name, wanted in (("good", "Complete"), ("bad", "Failed")):
            wait_until(lambda: [c["type"] for c in self.status(path + name).get("conditions", ())]
                       == [wanted])
        owner = self.sim.get(path + "good")[1]["metadata"]["ownerReferences"][0]
        self.assertEqual(owner["kind"], "CronJob")

    def test_deleting_takes_the_family_along(self):
        self.sim.deployment("default", "api", 2)
        self.sim.delete("Deployment", "default", "api")
        objects = self.sim.state()["objects"]
        self.assertEqual((objects["deployments"], objects["replicasets"], objects["pods"]),
                         ([], [], []))

    def test_slow_termination(self):
        with KubeSim(termination=0.3) as sim:
            sim.deployment("default", "api", 1)
            name = sim.delete_pod("default", "api")
            pods = {pod["metadata"]["name"]: pod for pod in sim.get(PODS)[1]["items"]}
            self.assertEqual(len(pods), 2)
            self.assertIn("deletionTimestamp", pods[name]["metadata"])
            wait_until(lambda: len(sim.get(PODS)[1]["items"]) == 1)

    def test_annotations(self):
        self.sim.deployment("default", "api", 1)
        for kind, ns, path in (("Deployment", "default", DEPLOYMENTS + "/api"),
                               ("Namespace", "", "/api/v1/namespaces/default")):
            name = path.rsplit("/", 1)[1]
            self.sim.annotate(kind, ns, name, "kanata/paused", "")
            self.assertIn("kanata/paused", self.sim.get(path)[1]["metadata"]["annotations"])
            self.sim.annotate(kind, ns, name, "kanata/paused")
            self.assertEqual(self.sim.get(path)[1]["metadata"]["annotations"], {})

    def test_raw_objects_are_left_alone(self):
        self.sim.apply({"kind": "Deployment", "metadata": {"name": "raw", "namespace": "default"},
                        "spec": {"replicas": 3}, "status": {"replicas": 7}})
        self.assertEqual(self.status(DEPLOYMENTS + "/raw"), {"replicas": 7})
        self.assertEqual(self.items(), [])


class KubeFaults(KubeTest):
    def setUp(self):
        super().setUp()
        self.sim.pod("default", "one")

    def raw(self, **fault):
        self.sim.fault(**fault)
        return self.sim.request("GET", PODS)

    def test_status_and_html(self):
        status, headers, body = self.raw(kind="status", code=429, retry_after=7)
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        self.assertEqual(json.loads(body)["code"], 429)
        self.assertEqual(self.raw(kind="html")[1].get_content_type(), "text/html")
        self.assertEqual(self.sim.get(PODS)[0], 200)

    def test_match_and_count(self):
        self.sim.fault("status", code=500, match="deployments", count=2)
        self.assertEqual([self.sim.get(path)[0] for path in
                          (PODS, DEPLOYMENTS, DEPLOYMENTS, DEPLOYMENTS)], [200, 500, 500, 200])
        self.sim.fault("status", code=500, count=-1)
        self.assertEqual([self.sim.get(PODS)[0] for _ in range(3)], [500] * 3)
        self.sim.clear()
        self.assertEqual(self.sim.get(PODS)[0], 200)

    def test_lists_that_break(self):
        for kind in ("half", "close"):
            with self.assertRaises((HTTPException, OSError), msg=kind):
                self.raw(kind=kind)
        with self.assertRaises(ValueError):
            json.loads(self.raw(kind="garbage")[2])
        with self.assertRaises(UnicodeDecodeError):
            self.raw(kind="badutf8")[2].decode()
        self.assertGreater(len(self.raw(kind="huge", bytes=3_000_000)[2]), 3_000_000)
        self.assertIn(b"[" * 100_000 + b"]" * 100_000, self.raw(kind="deep")[2])
        self.assertEqual(json.loads(self.raw(kind="wrong_kind")[2])["kind"], "Table")
        start = time.monotonic()
        self.assertEqual(self.raw(kind="slow", bytes_per_s=10_000)[0], 200)
        self.assertGreater(time.monotonic() - start, 0.05)

    def test_freeze_until_cleared(self):
        self.sim.fault("freeze", seconds=60)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.sim.get(PODS)[0]))
        thread.start()
        wait_until(lambda: self.sim.state()["requests"].get("list pods"))
        self.assertEqual(answers, [])
        self.sim.clear()
        thread.join(5)
        self.assertEqual(answers, [200])

    def test_open_watches_that_break(self):
        for kind, clean in (("half", False), ("close", False), ("garbage", True),
                            ("badutf8", True), ("deep", True), ("error_event", True)):
            with self.subTest(kind):
                watch = self.watch(resourceVersion=self.revision())
                wait_until(lambda: self.sim.state()["watches"])
                self.sim.fault(kind, watch=True)
                watch.wait(lambda w: w.ending)
                self.assertEqual(watch.ending == "clean", clean, watch.ending)
                wait_until(lambda: not self.sim.state()["watches"])
        self.assertEqual(watch.events[0]["object"]["code"], 500)

    def test_watch_that_repeats_or_freezes(self):
        watch = self.watch(resourceVersion=self.revision())
        self.sim.fault("dup", watch=True)
        self.sim.touch_pods(1)
        watch.wait(lambda w: len(w.events) == 2)
        self.assertEqual(watch.events[0], watch.events[1])
        self.sim.fault("wrong_kind", watch=True)
        self.sim.touch_pods(1)
        watch.wait(lambda w: len(w.events) == 3)
        self.assertEqual(watch.events[2]["object"]["kind"], "Table")
        self.sim.fault("freeze", watch=True)
        self.sim.touch_pods(1)
        self.assertEqual(len(watch.events), 3)
        self.sim.clear()
        watch.wait(lambda w: len(w.events) == 4)

    def test_no_bookmarks(self):
        self.sim.fault("no_bookmarks")
        watch = self.watch(resourceVersion=self.revision(), allowWatchBookmarks="true",
                           timeoutSeconds=1)
        watch.wait(lambda w: w.ending)
        self.assertEqual(watch.events, [])


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificates")
class Tls(unittest.TestCase):
    def test_client_certificate_or_token(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        cert, key = (os.path.join(folder.name, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        with KubeSim(cert=cert, key=key, client_ca=cert, token="secret", bookmark=0.1) as sim:
            self.assertEqual(sim.get(PODS)[0], 401)
            self.assertEqual(sim.get(PODS, token="secret")[0], 200)
            connection = sim.connect(client_cert=cert, client_key=key)
            connection.request("GET", PODS + "?watch=1&allowWatchBookmarks=1&timeoutSeconds=1")
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            self.assertIn(b"BOOKMARK", response.read())
            connection.close()
        with InstatusSim(cert=cert, key=key) as sim:
            self.assertEqual(sim.api("GET", "/v2/pages")[0], 200)


class InstatusTest(unittest.TestCase):
    API, DB = "clapi00000000000000000000", "cldb000000000000000000000"

    def setUp(self):
        self.sim = InstatusSim({self.API: "Public API", self.DB: "Database"}, api_key="k")
        self.addCleanup(self.sim.stop)
        self.base = "/v1/" + self.sim.page()["id"]

    def api(self, method, path, body=None, code=200):
        status, answer = self.sim.api(method, path, body)
        self.assertEqual(status, code, answer)
        if code >= 400:
            self.assertEqual(set(answer["error"]), {"code", "message"})
        return answer

    def incident(self, **body):
        return {"name": "API is down", "status": "INVESTIGATING", "message": "Looking.",
                "components": [self.API], "started": "2026-01-01T10:00:00.123Z",
                "statuses": [{"id": self.API, "status": "MAJOROUTAGE"}], **body}

    def resolve(self, id, **body):
        return self.api("POST", f"{self.base}/incidents/{id}/incident-updates", {
            "status": "RESOLVED", "components": [self.API], "message": "Back.",
            "statuses": [{"id": self.API, "status": "OPERATIONAL"}], **body})


class InstatusApi(InstatusTest):
    def test_life_of_an_incident(self):
        made = self.api("POST", self.base + "/incidents", self.incident())
        self.assertEqual(made["started"], "2026-01-01T10:00:00.123Z")
        self.assertEqual(self.sim.component_status(self.API), "MAJOROUTAGE")
        update = self.resolve(made["id"])
        self.assertEqual(self.sim.component_status(self.API), "OPERATIONAL")
        incidents = self.base + "/incidents"
        read = self.api("GET", f"{incidents}/{made['id']}")
        self.assertEqual((read["status"], len(read["updates"])), ("RESOLVED", 2))
        self.assertIsNotNone(read["resolved"])
        self.assertEqual(read["components"][0]["name"], "Public API")
        self.assertEqual(self.api("GET", f"{incidents}/{made['id']}/incident-updates/"
                                  f"{update['id']}")["message"], "Back.")
        self.api("DELETE", f"{incidents}/{made['id']}")
        self.api("GET", f"{incidents}/{made['id']}", code=404)

    def test_resolving_resets_only_what_it_names(self):
        made = self.api("POST", self.base + "/incidents", self.incident())
        self.resolve(made["id"], statuses=[])
        self.assertEqual(self.sim.component_status(self.API), "MAJOROUTAGE")

    def test_filters_and_paging(self):
        ids = [self.api("POST", self.base + "/incidents", self.incident())["id"] for _ in range(5)]
        self.resolve(ids[0])
        get = lambda query: [i["id"] for i in self.api("GET", f"{self.base}/incidents?{query}")]
        self.assertEqual(get("status=RESOLVED"), ids[:1])
        self.assertEqual(len(get("status=INVESTIGATING,IDENTIFIED,MONITORING")), 4)
        self.assertEqual(len(get("!status=RESOLVED")), 4)
        self.assertEqual(len(get("%21status=RESOLVED")), 4)
        self.assertEqual(get("page=2&per_page=3"), list(reversed(ids))[3:])
        self.assertEqual(get("page=3&per_page=3"), [])
        self.api("GET", self.base + "/incidents?per_page=101", code=400)
        self.assertEqual(len(self.api("GET", "/v2/pages?per_page=1")), 1)
        self.assertEqual(self.api("GET", "/v2/pages?page=2"), [])

    def test_refused(self):
        incidents = self.base + "/incidents"
        for wrong in ({"name": None}, {"status": None}, {"status": "DOWN"}, {"started": "today"},
                      {"started": 5}, {"components": ["clnone"], "statuses": []},
                      {"components": []}, {"components": "x"}, {"notify": "yes"}, {"name": 5},
                      {"statuses": [{"id": self.API, "status": "MINOROUTAGE"}]},
                      {"statuses": [{"id": self.API}]}, {"statuses": [self.API]},
                      {"translations": 1}):
            with self.subTest(wrong):
                self.api("POST", incidents, self.incident(**wrong), 400)
        self.assertEqual(self.sim.request("POST", incidents, b"{", {"Authorization": "Bearer k"})[0],
                         400)
        self.assertEqual(self.sim.incidents(), [])
        made = self.api("POST", incidents, self.incident())["id"]
        updates = f"{incidents}/{made}/incident-updates"
        good = {"status": "MONITORING", "components": [self.API], "statuses": []}
        for missing in good:
            self.api("POST", updates, {k: v for k, v in good.items() if k != missing}, 400)
        self.api("POST", updates, {**good, "components": []}, 400)
        self.api("POST", f"{incidents}/clnone/incident-updates", good, 404)
        self.api("PUT", f"{incidents}/{made}", {"name": "New"}, 400)
        self.api("PUT", f"{self.base}/components/{self.API}", {"status": "BROKEN"}, 400)
        self.api("PUT", f"{self.base}/components/clnone", {"status": "OPERATIONAL"}, 404)
        self.api("GET", "/v1/clother/components", code=401)
        self.api("GET", self.base + "/nothing", code=404)

    def test_changing_the_affected_components(self):
        made = self.api("POST", self.base + "/incidents", self.incident())
        both = {"components": [self.API, self.DB], "status": "IDENTIFIED",
                "statuses": [{"id": self.DB, "status": "PARTIALOUTAGE"}]}
        path = f"{self.base}/incidents/{made['id']}"
        self.sim.strict_updates()
        self.api("POST", path + "/incident-updates", both, 400)
        put = self.api("PUT", path, {"name": made["name"], "started": made["started"], **both})
        self.assertEqual([each["id"] for each in put["components"]], [self.API, self.DB])
        self.assertEqual(self.sim.component_status(self.DB), "PARTIALOUTAGE")
        self.api("POST", path + "/incident-updates", both)

    def test_key(self):
        self.assertEqual(self.api("GET", "/v1/user")["name"], "Ops")
        self.sim.command("key", key="new")
        answer = self.api("GET", "/v1/user", code=401)
        self.assertEqual(answer["error"]["code"], "unauthorized")
        self.sim.key("newer")
        self.api("GET", "/v1/user")

    def test_components(self):
        found = self.api("GET", self.base + "/components")
        self.assertEqual([each["name"] for each in found], ["Public API", "Database"])
        self.api("PUT", f"{self.base}/components/{self.DB}", {"status": "UNDERMAINTENANCE"})
        self.assertEqual(self.api("GET", f"{self.base}/components/{self.DB}")["status"],
                         "UNDERMAINTENANCE")

    def test_webhook(self):
        self.sim.command("key", key="the address is enough")
        for trigger in ("down", "down", "up"):
            self.api("POST", "/v3/integrations/webhook/clhook", {"trigger": trigger})
        self.assertEqual(self.sim.triggers(), ["down", "down", "up"])
        self.assertEqual([i["status"] for i in self.sim.incidents()], ["RESOLVED"])
        self.api("POST", "/v3/integrations/webhook/clhook", {"trigger": "maybe"}, 400)

    def test_several_pages(self):
        with InstatusSim(pages=[
                {"name": "One", "id": "clone", "webhook": "w1", "components": [
                    {"id": "clg", "name": "Group"}, {"id": "clc", "name": "C", "group": "clg"}]},
                {"name": "Two", "id": "cltwo", "components": []}]) as sim:
            self.assertEqual([page["id"] for page in sim.api("GET", "/v2/pages")[1]],
                             ["clone", "cltwo"])
            self.assertEqual(sim.api("GET", "/v1/clone/components")[1][1]["group"]["id"], "clg")
            self.assertEqual(sim.api("POST", "/v3/integrations/webhook/w2",
                                     {"trigger": "down"})[0], 404)
            self.assertIn(b"Two status", sim.request("GET", "/p/two")[2])
            self.assertEqual(sim.request("GET", "/p/three")[0], 404)

    def test_page_and_summary(self):
        self.api("POST", self.base + "/incidents", self.incident(
            name="<b>down</b>", statuses=[{"id": self.API, "status": "PARTIALOUTAGE"}]))
        status, headers, body = self.sim.request("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn(b"&lt;b&gt;down&lt;/b&gt;", body)
        self.assertIn(b"Partial outage", body)
        self.assertNotIn(b"<script", body)
        self.assertNotIn(b'style="', body)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        summary = json.loads(self.sim.request("GET", "/summary.json")[2])
        self.assertEqual(summary["page"]["status"], "HASISSUES")
        self.assertEqual(summary["activeIncidents"][0]["impact"], "PARTIALOUTAGE")

    def test_unpublished_incidents_do_not_show(self):
        self.api("POST", self.base + "/incidents", self.incident(shouldPublish=False))
        self.assertNotIn(b"API is down", self.sim.request("GET", "/")[2])

    def test_human(self):
        sim = self.sim
        made = sim.human_create_incident("By hand", components=[self.DB])
        sim.human_post_update(made["id"], "IDENTIFIED", "Found it.")
        self.assertEqual(len(sim.incidents()[0]["updates"]), 2)
        sim.human_resolve_incident(made["id"])
        self.assertEqual(sim.incidents(open_only=True), [])
        sim.human_set_component(self.DB, "UNDERMAINTENANCE")
        self.assertEqual(sim.component_status(self.DB), "UNDERMAINTENANCE")
        sim.human_delete_incident(made["id"])
        self.assertEqual(sim.incidents(), [])
        with self.assertRaises(SimError):
            sim.human_delete_incident(made["id"])
        sim.reset()
        self.assertEqual(sim.component_status(self.DB), "OPERATIONAL")

    def test_request_log(self):
        before = time.time_ns()
        self.api("POST", self.base + "/incidents", self.incident(status="DOWN"), 400)
        entry, = self.sim.requests("POST", "/incidents")
        self.assertEqual((entry["status"], entry["body"]["status"]), (400, "DOWN"))
        self.assertLess(before, entry["time"])
        self.assertNotIn("Bearer", json.dumps(entry))


class InstatusFaults(InstatusTest):
    def create(self):
        return self.sim.api("POST", self.base + "/incidents", self.incident())

    def broken(self):
        with self.assertRaises((HTTPException, OSError)):
            self.create()
        return len(self.sim.incidents())

    def test_acts_or_not_before_closing(self):
        self.sim.fault("close_before")
        self.assertEqual(self.broken(), 0)
        self.sim.fault("close_after", method="POST")
        self.api("GET", self.base + "/components")
        self.assertEqual(self.broken(), 1)
        self.assertIsNone(self.sim.requests("POST")[-1]["status"])
        self.assertEqual(self.create()[0], 200)

    def test_answers_nothing_until_cleared(self):
        for kind, made in (("nothing", 0), ("nothing_after", 1)):
            self.sim.fault(kind)
            thread = threading.Thread(target=self.broken)
            thread.start()
            wait_until(lambda: len(self.sim.requests("POST")) == made + 1)
            self.assertTrue(thread.is_alive())
            self.sim.clear()
            thread.join(5)
            self.assertFalse(thread.is_alive())
            self.assertEqual(len(self.sim.incidents()), made)

    def test_bad_answers(self):
        self.sim.fault("status", code=503, retry_after=3)
        status, headers, _ = self.sim.request("GET", self.base + "/components")
        self.assertEqual((status, headers["Retry-After"]), (503, "3"))
        self.sim.fault("html")
        self.assertIn(b"<title>", self.sim.request("GET", "/v2/pages")[2])
        self.sim.fault("garbage")
        with self.assertRaises(ValueError):
            self.sim.api("GET", "/v2/pages")

    def test_slow(self):
        for kind in ("slow", "slow_after_act"):
            self.sim.fault(kind, seconds=0.2)
            start = time.monotonic()
            self.assertEqual(self.create()[0], 200)
            self.assertGreater(time.monotonic() - start, 0.19)

    def test_rate(self):
        self.sim.rate(per_second=0.5, burst=2)
        codes = [self.create()[0] for _ in range(3)]
        self.assertEqual(codes, [200, 200, 429])
        self.assertEqual(self.sim.request("GET", "/v2/pages")[1]["Retry-After"], "2")
        self.sim.rate(per_second=0.5, burst=0, retry_after=False)
        self.assertNotIn("Retry-After", self.sim.request("GET", "/v2/pages")[1])
        self.sim.clear()
        self.assertEqual(self.create()[0], 200)


class Processes(unittest.TestCase):
    def test_same_port_after_a_stop(self):
        with InstatusSim() as sim:
            port = sim.port
            sim.stop()
            with self.assertRaises(OSError):
                sim.api("GET", "/v2/pages")
            sim.start()
            self.assertEqual(sim.port, port)
            self.assertEqual(sim.api("GET", "/v2/pages")[0], 200)

    def test_paused(self):
        with KubeSim() as sim:
            sim.pause()
            with self.assertRaises(OSError):
                sim.request("GET", "/version", timeout=0.2)
            sim.resume()
            self.assertEqual(sim.get("/version")[0], 200)

    def test_ends_with_who_started_it(self):
        sim = KubeSim()
        sim.process.stdin.close()
        self.assertEqual(sim.process.wait(5), 0)
        sim.process = None

    def test_a_wrong_argument_is_told(self):
        with self.assertRaises(SimError):
            KubeSim(bind="256.1.1.1")


if __name__ == "__main__":
    unittest.main()

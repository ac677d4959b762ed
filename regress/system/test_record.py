"""kanatactl record, and kanatad replay of what it wrote."""

import json
import os
import re
import signal
import subprocess

import reap
from harness import equal, read, temp_dir, wait
from world import HOOK, KEY, TOKEN, Kube, World


class Recording:
    """kanatactl record in the background."""

    def __init__(self, kanata, *options, begins="health"):
        self.file = os.path.join(temp_dir(), "history")
        self.kanata = kanata
        self.child = reap.start(
            [os.path.join(kanata.tree, "bin", "kanatactl"), "-s", kanata.socket, *options,
             "record", self.file], stderr=subprocess.PIPE)
        wait(lambda: any(begins in line for line in self.lines()), 30, "the recording to begin")

    def lines(self):
        try:
            return [json.loads(line) for line in read(self.file).split("\n")[:-1]]
        except FileNotFoundError:
            return []

    def end(self, rc=0):
        equal(reap.wait(self.child, 20), rc, "kanatactl record")
        return self.child.stderr.read().decode()

    def interrupt(self):
        os.kill(self.child.pid, signal.SIGINT)
        return self.end()

    def replay(self, *options):
        # The daemon's own configuration is not asked: the history has the rules.
        command = [part for part in self.kanata.command()
                   if part not in ("-f", self.kanata.file)]
        os.chmod(os.path.dirname(self.file), 0o755)
        return subprocess.run([*command, *options, "replay", self.file], capture_output=True,
                              encoding="utf-8", timeout=60)


def posts(page):
    """What the page was told of incidents: (name, status of each component)."""
    return [(incident["name"], update["status"]) for incident in page.incidents()
            for update in incident["updates"]]


def test_record_and_replay():
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.deployment("default", "web", 1)
    world = World({"cmp-api": "api", "cmp-web": "web"}, kube=kube).wait_all()
    recording = Recording(world.kanata)
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    assert "lines in " in recording.interrupt()
    text = read(recording.file)
    for secret in (KEY, TOKEN, HOOK):
        assert secret not in text, "a secret is recorded"
    equal(os.stat(recording.file).st_mode & 0o777, 0o600, "mode of the file")
    equal(recording.lines()[0], {"history": 1}, "the first line")
    done = recording.replay()
    equal((done.returncode, done.stderr), (0, ""), "replay")
    said = re.findall(r'  (?:create|update|resolve) "(.*)" (\S+)$', done.stdout, re.M)
    equal(said, posts(world.page), f"what was posted, in {done.stdout}")


def test_recording_begins_in_an_outage():
    """The incident that is open already is not opened again."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp-api": "api"}, kube=kube).wait_all()
    world.outage("api", "cmp-api")
    recording = Recording(world.kanata)
    assert [line for line in recording.lines() if "record" in line], "no record in it"
    world.recovery("api", "cmp-api")
    recording.interrupt()
    done = recording.replay("-v")
    equal((done.returncode, done.stderr), (0, ""), "replay")
    assert " create " not in done.stdout and " resolve " in done.stdout, done.stdout


def test_recording_through_a_reload():
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp-api": "api"}, kube=kube).wait_all()
    recording = Recording(world.kanata)
    world.config["components"] = {"cmp-api": {"watch": "api", "name": "Renamed"}}
    world.kanata.configure(world.config)
    world.kanata.ctl("reload").expect(0)
    wait(lambda: any(line.get("component", {}).get("name") == "Renamed"
                     for line in recording.lines()), 20, "the new rules in the recording")
    recording.interrupt()


def test_recording_has_limits():
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp-api": "api"}, kube=kube).wait_all()
    recording = Recording(world.kanata, "-n", "5", begins="history")
    recording.end()
    equal(len(recording.lines()), 5, "lines")
    Recording(world.kanata, "-t", "500ms").end()
    # What is there stays.
    world.kanata.ctl("record", recording.file).expect(1, "exists")
    world.kanata.ctl("record", recording.file + "/x").expect(1, "/x: Not a directory")
    for bad in (("-n", "0", "record", "x"), ("-n", "x", "record", "x"),
                ("-t", "5", "record", "x")):
        world.kanata.ctl(*bad).expect(1, "expected a")
    for bad in (("record",), ("record", "a", "b"), ("-n", "5", "show"), ("-t", "5s", "reload")):
        world.kanata.ctl(*bad).expect(2, "usage")


def test_recorders_come_and_go():
    """One that is killed, one that never reads, and the notifier's death."""
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp-api": "api"}, kube=kube).wait_all()
    first, frozen, third = (Recording(world.kanata) for _ in range(3))
    os.kill(frozen.child.pid, signal.SIGSTOP)
    os.kill(first.child.pid, signal.SIGKILL)
    world.outage("api", "cmp-api")
    wait(lambda: any(line.get("health", {}).get("health") == "major"
                     for line in third.lines()), 20, "the outage in the recording")
    os.kill(world.kanata.pids()["notifier"], signal.SIGKILL)
    assert "the recording ends here" in third.end(1)
    os.kill(frozen.child.pid, signal.SIGCONT)
    assert "the recording ends here" in frozen.end(1)
    wait(lambda: world.kanata.ctl("show", "incidents").rc == 0, 30, "the notifier to be back")

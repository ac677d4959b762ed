"""The command lines of kanatad and kanatactl."""

import json
import os
import re
import signal
import socket
import time

from harness import equal, read, register, wait, write
from kanata import Kanata
from world import HOOK, KEY, TOKEN, Kube, Page, World


def pages():
    return Page(pages=[
        {"name": "First", "id": "page-one", "components": [
            {"id": "cmp-a", "name": "Public API"}, {"id": "cmp-b", "name": "Web \u00fcber"}]},
        {"name": "Second", "id": "page-two", "components": [
            {"id": "cmp-c", "name": "Database"}]}])


def test_check_configuration():
    kube, page = Kube(), Page({"cmp": "A"})
    world = World({"cmp": {"watch": "deployment/api", "down_after": "1m30s"}}, kube=kube,
                  page=page, start=False, webhook_url=f"{page.url}/v3/integrations/webhook/{HOOK}")
    done = world.kanata.once("-n").expect(0, "cmp", "deployment/api", "1m30s|90s")
    for secret in (KEY, TOKEN, HOOK):
        assert secret not in done.out + done.err, "it prints a secret"
    equal(page.requests(), [], "requests to Instatus")
    equal(kube.state()["requests"], {}, "requests to Kubernetes")


def test_effective_configuration_is_valid():
    """What -n prints is a configuration that means the same."""
    kube, page = Kube(), Page({"cmp": "A"})
    world = World({"cmp": {"watch": ["deployment/api", {"selector": "tier in (a, b)"}],
                           "name": "A: name, \"quoted\" # and all", "group": "edge"}},
                  kube=kube, page=page, start=False)
    first = world.kanata.once("-n").expect(0)
    # The secrets are left out: put the key back.
    key = write(world.kanata.folder + "/key", KEY)
    again = re.sub(r"(?m)^#?\s*key(_file)?:.*\n", "", first.out)
    write(world.kanata.file, f"key_file: {key}\n{again}")
    second = world.kanata.once("-n").expect(0)
    strip = lambda text: re.sub(r"(?m)^#?\s*key(_file)?:.*\n", "", text)
    equal(strip(second.out), strip(first.out), "the configuration printed again")


def test_list():
    page = pages()
    world = World({"cmp-a": "api"}, page=page, start=False)
    done = world.kanata.once("list").expect(0)
    for name, id in (("Public API", "cmp-a"), ("Web \u00fcber", "cmp-b"), ("Database", "cmp-c")):
        line = [line for line in done.out.splitlines() if id in line]
        assert line and name in line[0], f"{id} and {name} not in one line of {done!r}"
    for name in ("First", "Second"):
        assert name in done.out, f"page {name} is missing in {done!r}"
    assert KEY not in done.out + done.err, "it prints the key"


def test_list_with_a_bad_key():
    page = pages()
    world = World({"cmp-a": "api"}, page=page, start=False)
    page.key("another")
    done = world.kanata.once("list").expect(1, "(?i)key|authori[sz]ed|401")
    equal(done.out, "", "standard output")
    assert KEY not in done.err, "it prints the key"


def test_list_without_a_page():
    page = pages()
    world = World({"cmp-a": "api"}, page=page, start=False)
    page.stop()
    world.kanata.once("list").expect(1, "(?i)refused|connect|reach")


def test_many_components():
    """More than one page of the API's answer."""
    page = Page({f"cmp-{i:03}": f"Component {i}" for i in range(230)})
    world = World({"cmp-000": "api"}, page=page, start=False)
    done = world.kanata.once("list").expect(0)
    equal(len(re.findall(r"cmp-\d{3}", done.out)), 230, "components listed")


def test_observe():
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp": "api"}, kube=kube, args=["--observe"])
    world.wait_all()
    kube.crash("default", "api")
    world.kanata.wait_health("cmp", "major")
    world.kanata.wait_log("(?i)(would|observe).*")
    wait(lambda: re.search(r"(?i)would.*(cmp|incident)", world.kanata.log()), 20,
         "the log to say what it would post")
    kube.heal("default", "api")
    world.kanata.wait_health("cmp", "ok")
    world.kanata.ctl("silence", "cmp", "1h").expect(0, "silenced", "--observe", "nothing is stored")
    world.kanata.end()
    equal([r for r in world.page.requests() if r["method"] != "GET"], [], "what it posted")


def test_show():
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    incident = world.outage("api", "cmp")
    wait(lambda: incident["id"] in str(world.kanata.show("incidents")), 20, "the id to be known")
    # It is so, and that is bad: exit status 1.
    text = world.kanata.ctl("show").expect(1, "cmp", "major")
    for secret in (KEY, TOKEN):
        assert secret not in text.out, "it shows a secret"
    show = world.kanata.show()
    component = world.kanata.component("cmp")
    equal((component["ready"], component["desired"]), (0, 2), "pods of the component")
    equal(component["cause"], "crash-looping", "cause")
    workers = {worker["name"]: worker for worker in show["workers"]}
    equal(sorted(re.match("[a-z]*", name)[0] for name in workers),
          ["dialer", "kanatad", "notifier", "store", "watcher"], "workers")
    pids = world.kanata.pids()
    for name, worker in workers.items():
        assert worker["pid"] in pids.values(), f"{name} has pid {worker['pid']}, not in {pids}"
        equal(worker["restarts"], 0, f"restarts of {name}")
    for what, rc in (("components", 1), ("incidents", 0), ("workers", 0), ("watches", 0),
                     ("state", 0)):
        world.kanata.ctl("show", what).expect(rc)
        json.loads(world.kanata.ctl("-j", "show", what).expect(rc).out)


def test_show_last_death():
    """How it ended, and what it warned of last."""
    world = World({"cmp": "api"})
    world.kube.fault("status", code=503, count=-1)
    world.kube.drop_watches()
    world.kanata.wait_log("HTTP 503.*next try in")
    old = world.kanata.kill("watcher")
    workers = [w for w in world.kanata.workers() if w["name"].startswith("watcher")]
    equal(workers[0]["restarts"], 1, "restarts")
    assert workers[0]["pid"] != old, "the pid is the old one"
    assert re.match(r"SIGKILL: sim: \w+ in default: .* next try in", workers[0]["death"]), \
        f"{workers[0]}"


def test_log_level():
    world = World({"cmp": "api"})
    world.kanata.ctl("log", "brief").expect(0)
    world.kanata.ctl("log", "verbose").expect(0)
    world.kanata.ctl("log", "loud").expect(2)
    world.kanata.ctl("show", "workers").expect(0)


def test_stop():
    world = World({"cmp": "api"})
    world.kanata.ctl("stop").expect(0)
    world.kanata.wait_end(0)
    world.kanata.ctl("show").expect(1)


def test_ends_on_signals():
    world = World({"cmp": "api"})
    for number in (signal.SIGTERM, signal.SIGINT):
        if world.kanata.child is None:
            world.kanata.start()
        world.kanata.end(number)


def test_usage():
    kanata = Kanata(start=False, text="key: x\n")
    kanata.once("--nonsense").expect(2, "usage")
    kanata.ctl("nonsense").expect(2, "usage|unknown")
    kanata.ctl().expect(2, "usage")


def test_ctl_without_daemon():
    kanata = Kanata(start=False, text="key: x\n")
    done = kanata.ctl("show").expect(1)
    assert kanata.socket in done.err, f"it does not say which socket: {done!r}"


def test_second_daemon_is_refused():
    """On the same socket: it says so and leaves the first one alone."""
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp": "api"}, kube=kube)
    world.wait_all()
    second = world.kanata.once("-d")
    equal(second.rc, 1, f"exit status of {second!r}")
    world.kanata.ctl("show").expect(0, "cmp")
    equal(world.kanata.health("cmp"), "ok", "the first one")


def test_left_over_socket():
    """After kill -9 the socket's file is still there; the next start takes it."""
    world = World({"cmp": "api"})
    world.kanata.kill9_tree()
    world.kanata.start()
    world.kanata.ctl("show", "workers").expect(0)
    world.kanata.end()


class Manager:
    """The service manager's end of sd_notify(3)."""

    def __init__(self, kanata, **env):
        path = kanata.run_dir + "/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.socket.settimeout(30)
        kanata.env.update({"NOTIFY_SOCKET": path, **env})
        register(self)

    def hear(self, wanted):
        """All that is said until then."""
        said = []
        while wanted not in said:
            said += self.socket.recv(4096).decode().split("\n")
        return said

    def stop(self):
        self.socket.close()


def test_service_manager_is_told():
    """Type=notify: READY=1 when it works, RELOADING=1 and READY=1 around a reload, a
    refused one too, STOPPING=1 when it ends."""
    world = World({"cmp": "api"}, start=False)
    manager = Manager(world.kanata)
    world.kanata.start()
    manager.hear("READY=1")
    world.kanata.ctl("reload").expect(0)
    said = manager.hear("RELOADING=1") + manager.hear("READY=1")
    usec = next(line for line in said if line.startswith("MONOTONIC_USEC="))
    assert 0 < int(usec.split("=")[1]) <= time.monotonic() * 1e6, usec
    good = read(world.kanata.file)
    write(world.kanata.file, "nonsense\n")
    world.kanata.ctl("reload").expect(1)
    manager.hear("RELOADING=1")
    manager.hear("READY=1")
    write(world.kanata.file, good)
    world.kanata.end()
    said = manager.hear("STOPPING=1")
    assert "WATCHDOG=1" not in said, "nobody asked for that"


def test_watchdog():
    """The service manager hears of it for as long as each worker answers."""
    world = World({"cmp": "api"}, start=False)
    manager = Manager(world.kanata, WATCHDOG_USEC="400000")
    world.kanata.start()
    for _ in range(3):
        manager.hear("WATCHDOG=1")


def test_watchdog_of_another():
    world = World({"cmp": "api"}, start=False)
    manager = Manager(world.kanata, WATCHDOG_USEC="1000", WATCHDOG_PID="1")
    world.kanata.start()
    manager.hear("READY=1")
    world.kanata.end()
    said = manager.hear("STOPPING=1")
    assert "WATCHDOG=1" not in said, "it was not meant"


def test_log_as_json():
    """Each line an object, from the configuration on; a reload changes it."""
    world = World({"cmp": "api"}, log={"format": "json"})
    pids = world.kanata.pids()
    wait(lambda: "watcher/sim" in read(world.kanata.log_file), 30, "a word of the watcher")
    text = read(world.kanata.log_file)
    lines = [json.loads(line) for line in text[text.index("{"):].splitlines()]
    for line in lines:
        equal(list(line), ["time", "level", "process", "pid", "text"], "fields")
    said = {line["process"]: line["pid"] for line in lines}
    equal(said["kanatad"], pids["parent"], "the parent's pid")
    equal(said["watcher/sim"], pids["watcher"], "the watcher's pid")
    world.kanata.configure({**world.kanata.config, "log": {"format": "text"}})
    world.kanata.ctl("reload").expect(0)
    wait(lambda: "Z kanatad: reload: the new configuration runs" in read(world.kanata.log_file),
         20, "plain text after the reload")


def test_log_in_the_journal():
    """Priorities instead of time and name, when standard error leads there."""
    world = World({"cmp": "api"}, start=False)
    write(world.kanata.log_file, "")
    there = os.stat(world.kanata.log_file)
    world.kanata.env["JOURNAL_STREAM"] = f"{there.st_dev}:{there.st_ino}"
    world.kanata.start()
    lines = read(world.kanata.log_file).splitlines()
    assert "<6>running" in lines, lines
    for line in lines:
        assert re.match(r"<[0-7]>\S", line), line

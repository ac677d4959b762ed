"""Reload: what did not change goes on, what is broken changes nothing."""

import concurrent.futures
import os
import re
import signal

from harness import Authority, equal, free_port, limit, temp_dir, wait, write
from world import TOKEN, Kube, Page, World


def world_of_two():
    kube = Kube()
    kube.deployment("default", "api", 1)
    kube.deployment("default", "web", 1)
    page = Page({"cmp-api": "API", "cmp-web": "Web"})
    return World({"cmp-api": "api"}, kube=kube, page=page).wait_all()


def watch_requests(kube):
    """How often a list or watch was asked for."""
    return {what: count for what, count in kube.state()["requests"].items()
            if what.split()[0] in ("list", "watch", "LIST", "WATCH")}


def test_untouched_watch_stays_connected():
    world = world_of_two()
    before, pids = watch_requests(world.kube), world.kanata.pids()
    assert before, f"no list or watch in {world.kube.state()['requests']}"
    world.kube.reset_counts()
    world.kanata.configure({**world.config, "components": {
        "cmp-api": "api", "cmp-web": {"watch": "web", "down_after": "2s"}}})
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-web", "ok")
    world.outage("web", "cmp-web")
    world.recovery("web", "cmp-web")
    world.page.assert_one_outage("cmp-web")
    equal(watch_requests(world.kube), {}, "lists and watches since the reload")
    equal(world.kanata.pids(), pids, "processes")


def test_by_signal():
    world = world_of_two()
    world.kanata.configure({**world.config, "components": {"cmp-web": "web"}})
    world.kanata.child.send_signal(signal.SIGHUP)
    wait(lambda: [c["id"] for c in world.kanata.show()["components"]] == ["cmp-web"], 20,
         "the new configuration")
    world.kanata.wait_health("cmp-web", "ok")


def wait_preparing(world, pid):
    wait(lambda: [w["state"] for w in world.kanata.workers() if w["pid"] == pid] ==
         ["preparing"], 20, "the worker to be asked")


def test_signal_during_a_reload():
    """What was written after the file had been read is read when that is done."""
    world = world_of_two()
    watcher = world.kanata.pids()["watcher"]
    os.kill(watcher, signal.SIGSTOP)
    world.kanata.child.send_signal(signal.SIGHUP)
    wait_preparing(world, watcher)
    world.kanata.configure({**world.config, "components": {"cmp-web": "web"}})
    for _ in range(3):
        world.kanata.child.send_signal(signal.SIGHUP)
    wait_preparing(world, watcher)      # and the signals are heard
    os.kill(watcher, signal.SIGCONT)
    wait(lambda: [c["id"] for c in world.kanata.show()["components"]] == ["cmp-web"], 20,
         "the new configuration")
    world.kanata.wait_health("cmp-web", "ok")
    equal(len(re.findall("reload: reading", world.kanata.log())), 2, "reloads")


def test_component_removed_during_outage():
    """Nobody looks after it any more: what Kanata opened, it closes."""
    world = world_of_two()
    world.outage("api", "cmp-api")
    world.kanata.configure({**world.config, "components": {"cmp-web": "web"}})
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-web", "ok")
    equal(len(world.page.incidents()), 1, "incidents")


def test_broken_file_changes_nothing():
    world = world_of_two()
    good = open(world.kanata.file).read()
    pids = world.kanata.pids()
    for broken, line, column in (
            (good + "nonsense_key: 1\n", good.count("\n") + 1, 1),
            (good + "components: {a: b}\n", good.count("\n") + 1, 1),
            (good.replace("down_after: 1s", "down_after: soon"), None, None),
            (good + "   wrong: [\n", None, None)):
        write(world.kanata.file, broken)
        done = world.kanata.reload().expect(1)
        place = re.search(re.escape(os.path.basename(world.kanata.file)) + r":(\d+):(\d+): ",
                          done.out + done.err)
        assert place, f"no file, line and column in {done!r}"
        if line:
            equal((int(place[1]), int(place[2])), (line, column), "line and column")
        equal([c["id"] for c in world.kanata.show()["components"]], ["cmp-api"], "components")
    os.unlink(world.kanata.file)
    world.kanata.reload().expect(1, re.escape(world.kanata.file))
    equal(world.kanata.pids(), pids, "processes")
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    world.page.assert_one_outage("cmp-api")
    write(world.kanata.file, good)
    world.kanata.reload().expect(0)


def assert_old_configuration(world):
    """It waits for a second as before, and nothing is heard of the other component."""
    equal([c["id"] for c in world.kanata.show()["components"]], ["cmp-api"], "components")
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    world.page.assert_one_outage("cmp-api")


@limit(90)
def test_refused_by_one_worker():
    """When all others have prepared it: none of them runs it."""
    world, two = world_of_two(), Kube()
    two.deployment("default", "web", 1)
    token = write(os.path.join(temp_dir(), "token"), "this is no token\n")
    world.kube.reset_counts()
    pids = world.kanata.pids()
    world.kanata.configure({
        **world.config, "clusters": world.config["clusters"] + [
            {"name": "two", "kubeconfig": two.kubeconfig(user={"tokenFile": token})}],
        "components": {"cmp-api": {"watch": "api", "down_after": "1h"},
                       "cmp-web": {"watch": "web", "cluster": "two"}}})
    world.kanata.reload().expect(1, "watcher/two: the Kubernetes token has characters")
    wait(lambda: world.kanata.pids() == pids, 20, "the watcher of the new cluster to end")
    assert_old_configuration(world)
    equal(watch_requests(world.kube), {}, "lists and watches since the reload")
    world.kanata.assert_no_restarts()
    write(token, TOKEN)
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-web", "ok")


@limit(90)
def test_broken_certificates():
    """What TLS could not use is said at once, of which file, and changes nothing."""
    folder = temp_dir()
    ca = Authority(folder)
    (crt, key), (_, other) = (ca.issue(name, f"/CN={name}", usage="clientAuth") for name in "ab")
    read = lambda path: open(path).read()
    garbage, half = write(f"{folder}/garbage", "garbage\n"), write(f"{folder}/half",
                                                                   read(ca.crt)[:300])
    key, other = (write(f"{path}-mine", read(path)) for path in (key, other))
    world = world_of_two()
    for authority, certificate, private, error in (
            (garbage, crt, key, "the certificate authority: expected a certificate in PEM"),
            (half, crt, key, "the certificate authority: expected a certificate in PEM"),
            (ca.crt, garbage, key, "the client certificate: expected a certificate in PEM"),
            (ca.crt, crt, garbage, "the client key: expected a private key in PEM, without"),
            (ca.crt, crt, other, "the client key is not that of the client certificate")):
        path = world.kube.kubeconfig(user={"client-certificate": certificate, "client-key": private},
                                     server="https://127.0.0.1:1",
                                     **{"certificate-authority": authority})
        world.kanata.configure({**world.config, "clusters": [{"name": "sim", "kubeconfig": path}]})
        world.kanata.reload().expect(1, f"watcher/sim: cluster sim: {error}")
    assert_old_configuration(world)
    world.kanata.assert_no_restarts()


@limit(90)
def test_new_worker_ends_while_it_prepares():
    """With it goes the new configuration, and it is not started again."""
    world, two = world_of_two(), Kube()
    pids = world.kanata.pids()
    world.kanata.configure({
        **world.config, "clusters": world.config["clusters"] + [
            {"name": "two", "kubeconfig": two.kubeconfig()}],
        "components": {"cmp-api": {"watch": "api", "down_after": "1h"},
                       "cmp-web": {"watch": "web", "cluster": "two"}}})
    os.kill(pids["notifier"], signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reload = pool.submit(world.kanata.reload)
        new = wait(lambda: [w["pid"] for w in world.kanata.workers()
                            if w["name"] == "watcher/two" and w["state"] == "preparing"], 20,
                   "the new watcher to prepare")
        os.kill(new[0], signal.SIGKILL)
        reload.result().expect(1, "watcher/two ended: SIGKILL")
    os.kill(pids["notifier"], signal.SIGCONT)
    equal(world.kanata.pids(), pids, "processes")
    assert_old_configuration(world)
    equal([w["name"] for w in world.kanata.workers() if w["name"] == "watcher/two"], [],
          "watchers of the new cluster")
    world.kanata.assert_no_restarts()


@limit(90)
def test_worker_ends_while_it_prepares():
    world = world_of_two()
    watcher = world.kanata.pids()["watcher"]
    world.kanata.configure({**world.config, "components": {
        "cmp-api": {"watch": "api", "down_after": "1h"}, "cmp-web": "web"}})
    os.kill(watcher, signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reload = pool.submit(world.kanata.reload)
        wait_preparing(world, watcher)
        os.kill(watcher, signal.SIGKILL)
        reload.result().expect(1, "watcher/sim ended: SIGKILL")
    world.kanata.wait_health("cmp-api", "ok")
    assert_old_configuration(world)
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-web", "ok")


@limit(90)
def test_worker_starts_while_others_prepare():
    """It is linked to all of them: a watcher can connect again."""
    world = world_of_two()
    world.kanata.configure({**world.config, "web": {"listen": f"127.0.0.1:{free_port()}"}})
    # The second time it is started after 2 s; without it there is nothing to listen on.
    world.kanata.kill("dialer")
    os.kill(world.kanata.pids()["dialer"], signal.SIGKILL)
    world.kanata.reload().expect(0)
    world.kanata.assert_no_restarts(but="dialer")
    world.kube.drop_watches()
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    world.page.assert_one_outage("cmp-api")


def test_new_key():
    """The page's key is another one: it is used from now on, and the old one
    while the new file is broken."""
    world = world_of_two()
    second = "instatus-secret-second-31"
    world.kanata.secrets.append(second.encode())
    world.page.key(second)
    world.kanata.configure({**world.config, "key": second})
    world.kanata.reload().expect(0)
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    world.page.assert_one_outage("cmp-api")


def test_new_cluster():
    """A watcher is started for it, the other one is not touched."""
    world = world_of_two()
    two = Kube(token="second-secret-9920")
    two.deployment("default", "web", 1)
    world.kube.reset_counts()
    watcher = world.kanata.pids()["watcher"]
    world.kanata.configure({
        **world.config, "clusters": world.config["clusters"] + [
            {"name": "two", "kubeconfig": two.kubeconfig(token="second-secret-9920")}],
        "components": {"cmp-api": "api", "cmp-web": {"watch": "web", "cluster": "two"}}})
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-web", "ok")
    assert watcher in world.kanata.pids().values(), "the first watcher was restarted"
    equal(watch_requests(world.kube), {}, "lists and watches at the first cluster")
    two.crash("default", "web")
    world.page.wait_status("cmp-web", "MAJOROUTAGE")
    two.heal("default", "web")
    world.page.wait_open(0)
    # And without it again.
    world.kanata.configure({**world.config, "components": {"cmp-api": "api"}})
    world.kanata.reload().expect(0)
    wait(lambda: len(world.kanata.pids()) == 5, 20, "the second watcher to end")
    equal(watch_requests(world.kube), {}, "lists and watches at the first cluster")


def test_rotated_token():
    """The kubeconfig's token was replaced; reload reads it."""
    world = world_of_two()
    world.kube.token("third-secret-4471")
    world.kube.drop_watches()
    world.kanata.wait_health("cmp-api", "unknown", limit=60)
    path = world.kube.kubeconfig(token="third-secret-4471")
    world.kanata.configure({**world.config, "clusters": [{"name": "sim", "kubeconfig": path}]})
    world.kanata.reload().expect(0)
    world.kanata.wait_health("cmp-api", "ok", limit=60)
    equal(world.page.incidents(), [], "incidents")


def test_many_reloads():
    """One after the other, from several clients at once: each gets an answer."""
    world = world_of_two()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: world.kanata.reload(), range(12)))
    for one in done:
        assert one.rc == 0 or "a reload is under way" in one.err, \
            f"{one!r}"
    world.kanata.assert_cage()
    world.outage("api", "cmp-api")
    world.recovery("api", "cmp-api")
    world.page.assert_one_outage("cmp-api")

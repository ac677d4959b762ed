"""kanata-web: where it listens, what it answers, TLS, reload and restart."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess

from harness import (TOP, Authority, Skipped, equal, free_port, give, limit, read, temp_dir,
                     wait)
from kanata import Kanata
from replicas import Replicas
from web import Web, trust, world_with_web
from world import Kube, World


def test_hello():
    world, web = world_with_web()
    answer = web.wait("/v1/")
    equal(answer.json()["hello"], "world", "/v1/")
    assert re.fullmatch(r"v\d+\.\d+\.\d+ \(commit: \S+, build date: \d{4}-\d\d-\d\d\)",
                        answer.json()["version"]), answer
    equal(answer.headers["Content-Type"], "application/json", "its type")
    equal(web.get("/v1").body, answer.body, "without the slash")
    head = web.ask("/v1/", "HEAD")
    equal((head.status, head.body, head.headers["Content-Length"]),
          (200, "", str(len(answer.body))), "HEAD")
    equal(web.get("/healthz").status, 200, "/healthz")
    equal(web.get("/nothing").status, 404, "a path that is not there")
    refused = web.ask("/v1/", "POST", "x=1")
    equal((refused.status, refused.headers["Allow"]), (405, "GET, HEAD"), "POST")
    equal(web.ask("/v1/", "DELETE").status, 405, "DELETE")
    world.kanata.assert_cage()


def test_all_addresses():
    """[::] is IPv4 as well."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        raise Skipped("no IPv6 here") from None
    port = free_port()
    world, web = world_with_web(web={"listen": f"[::]:{port}"})
    for host in ("127.0.0.1", "::1"):
        equal(Web(port, host=host).wait("/v1/").json()["hello"], "world", host)
    world.kanata.assert_no_restarts()


def test_no_section():
    kube = Kube()
    kube.deployment("default", "api", 1)
    world = World({"cmp": "api"}, kube=kube)
    assert "web" not in world.kanata.pids(), "web without a section"


def test_address_in_use():
    """Said at the start; a reload leaves the old one as it was."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        world, web = world_with_web()
        web.wait("/healthz")
        world.config["web"] = {"listen": f"127.0.0.1:{port}"}
        world.kanata.configure(world.config)
        world.kanata.reload().expect(1, rf"cannot listen on 127.0.0.1:{port}: Address already")
        web.wait("/healthz")
        world.kanata.assert_no_restarts()
        other = Kanata(world.config, start=False)
        other.start(ready=False)
        other.wait_end(1)
        assert f"cannot listen on 127.0.0.1:{port}" in other.log(), other.log()
    # Two of one user do not share a port either.
    other.configure({**world.config, "web": {"listen": f"127.0.0.1:{free_port()}"}})
    other.start()
    other.configure({**world.config, "web": {"listen": f"127.0.0.1:{web.port}"}})
    other.reload().expect(1, rf"cannot listen on 127.0.0.1:{web.port}: Address already")


def test_reload_same_port():
    """To all addresses and back; and one that fails after it could be had."""
    world, web = world_with_web()
    web.wait("/healthz")
    assert refuses(web.port, "127.0.0.2"), "it listens everywhere"
    for host, refused in (("0.0.0.0", False), ("127.0.0.1", True)):
        world.config["web"] = {"listen": f"{host}:{web.port}",
                               "tls": {"cert_file": world.kanata.file,
                                       "key_file": world.kanata.file}}
        world.kanata.configure(world.config)
        world.kanata.reload().expect(1, "no certificate")
        wait(lambda want=not refused: refuses(web.port, "127.0.0.2") == want, 20,
             "the old listener alone, after a refused reload")
        web.wait("/healthz")
        world.config["web"] = {"listen": f"{host}:{web.port}"}
        world.kanata.configure(world.config)
        world.kanata.reload().expect(0)
        wait(lambda want=refused: refuses(web.port, "127.0.0.2") == want, 20,
             f"it to listen on {host}")
        web.wait("/healthz")
    world.kanata.assert_no_restarts()
    world.kanata.assert_cage()


def test_reload():
    """Another port, no port, a port again; and watches that are left alone."""
    world, web = world_with_web()
    web.wait("/healthz")
    pids = world.kanata.pids()
    moved = Web(free_port())
    world.config["web"] = {"listen": f"127.0.0.1:{moved.port}"}
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    moved.wait("/healthz")
    assert refuses(web.port), "it listens where it did before"
    # Unchanged: the same one goes on.
    world.kanata.reload().expect(0)
    moved.wait("/healthz")
    equal(world.kanata.pids(), pids, "processes after two reloads")
    del world.config["web"]
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    wait(lambda: "web" not in world.kanata.pids(), 20, "web to end")
    assert refuses(moved.port), "it listens without a section"
    world.config["web"] = {"listen": f"127.0.0.1:{web.port}"}
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    web.wait("/healthz")
    world.kanata.assert_cage()


def refuses(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


@limit(120)
def test_restart():
    """Connections wait for a killed web; a killed dialer is not missed by it."""
    world, web = world_with_web()
    web.wait("/healthz")
    world.kanata.kill("web")
    equal(web.get("/healthz").status, 200, "asked while it starts")
    world.kanata.kill("dialer")
    equal(web.get("/healthz").status, 200, "without a dialer")
    web.wait("/healthz")
    world.kanata.assert_cage()


@limit(90)
def test_crash():
    """After a memory fault it is away for a while; the others go on without it, and a
    reload without the section and with it brings it back at once."""
    world, web = world_with_web()
    world.wait_all()
    web.wait("/healthz")
    os.kill(world.kanata.pids()["web"], signal.SIGSEGV)
    world.kanata.wait_log(r"web ended: .*SIGSEGV.*; started again in 30 s")
    world.outage("api", "cmp")
    section = world.config.pop("web")
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    world.kanata.configure({**world.config, "web": section})
    world.kanata.reload().expect(0)
    web.wait("/healthz")
    equal([i["status"] for i in web.wait("/v1/incidents").json()], ["INVESTIGATING"],
          "incidents that it knows")
    world.kanata.assert_cage()
    world.kanata.assert_no_restarts(but="web")


def certificate(folder, authority, names="DNS:localhost"):
    crt, key = authority.issue("web", "/CN=localhost", names)
    return {"cert_file": give(crt, 0o644), "key_file": give(key, 0o400)}


@limit(90)
def test_tls():
    """By certificate and key; another one by reload; one that does not fit is
    refused."""
    folder = temp_dir()
    os.mkdir(os.path.join(folder, "a"))
    os.mkdir(os.path.join(folder, "b"))
    one, two = (Authority(os.path.join(folder, name)) for name in "ab")
    os.chmod(os.path.join(folder, "a"), 0o755)
    os.chmod(os.path.join(folder, "b"), 0o755)
    first, second = certificate(folder, one), certificate(folder, two)
    world, web = world_with_web(web={"tls": first}, tls=trust(one))
    equal(web.wait("/v1/").json()["hello"], "world", "by TLS")
    try:
        Web(web.port).get("/v1/")
        raise AssertionError("plain http is answered")
    except (ConnectionError, OSError):
        pass
    # Who says nothing, or no TLS, or stops half way, is in nobody's way.
    strange = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(20)]
    for number, client in enumerate(strange):
        client.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
                        os.urandom(3000))[number % 4])
    equal(web.get("/v1/").status, 200, "beside strange clients")
    for client in strange:
        client.close()
    world.config["web"]["tls"] = {**second, "key_file": first["key_file"]}
    world.kanata.configure(world.config)
    world.kanata.reload().expect(1, "no key .* that belongs to the certificate")
    web.wait("/v1/")
    world.config["web"]["tls"] = second
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    Web(web.port, trust(two)).wait("/v1/")
    try:
        web.get("/v1/")
        raise AssertionError("the old certificate is still there")
    except ssl.SSLError:
        pass
    world.kanata.assert_no_restarts()
    world.kanata.assert_cage()



# -- what it knows


@limit(120)
def test_ready():
    """Not ready while something is missing, and says what."""
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.fault("status", code=500, match="/pods", count=-1)
    world, web = world_with_web(kube=kube)
    answer = web.wait("/readyz", 503)
    wait(lambda: "sim: pods in default: the first list is not complete" in web.get("/readyz").body,
         20, f"the watch to be named, at first {answer!r}")
    equal(web.get("/healthz").body, "ok\n", "/healthz")
    kube.clear()
    equal(web.wait("/readyz").body, "ok\n", "/readyz")
    # A key that the page refuses: what stands there is not known.
    world.config["key"] = "another"
    world.kanata.configure(world.config)
    world.kanata.end()
    world.kanata.start()
    answer = web.wait("/readyz", 503)
    wait(lambda: "page: it has not been read\n" == web.get("/readyz").body, 20,
         f"the page to be named, at first {answer!r}")


def test_ready_observe():
    world, web = world_with_web(args=("--observe",))
    web.wait("/readyz")


@limit(120)
def test_ready_replicas():
    """Both are ready, the one that speaks and the one that would; without etcd
    neither is."""
    pair, webs = Replicas(), []
    for daemon in pair.daemons:
        webs.append(Web(free_port()))
        daemon.configure({**daemon.config, "web": {"listen": f"127.0.0.1:{webs[-1].port}"}})
        daemon.reload().expect(0)
    metrics = [wait_metrics(web) for web in webs]
    equal(sorted((value(text, "kanata_leader"), value(text, "kanata_standby"))
                 for text in metrics), [(0, 1), (1, 0)], "leader and standby")
    pair.etcd.freeze()
    for web in webs:
        wait(lambda web=web: "store: it cannot be reached\n" == web.wait("/readyz", 503).body, 40,
             "etcd to be missed")
        equal(web.get("/healthz").status, 200, "/healthz")
    pair.etcd.thaw()
    for web in webs:
        web.wait("/readyz", limit=40)


def wait_metrics(web):
    web.wait("/readyz")
    return web.get("/metrics").body


def promtool(text):
    """Clean: nothing said."""
    if not shutil.which("promtool"):
        raise Skipped("no promtool")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=60)
    equal((done.returncode, done.stdout + done.stderr), (0, ""), "promtool check metrics")


def value(text, name):
    found = re.search(rf"(?m)^{re.escape(name)} (\S+)$", text)
    assert found, f"no {name} in {text}"
    return float(found[1])


@limit(90)
def test_metrics():
    world, web = world_with_web(components={"cmp": "api", "cmp-2": "nothing"})
    web.wait("/readyz")
    wait(lambda: value(web.get("/metrics").body, 'kanata_components{health="ok"}') == 1, 20,
         "a component that is ok")
    answer = web.get("/metrics")
    equal(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8", "its type")
    promtool(answer.body)
    for name, wanted in (
            ("kanata_leader", 1), ("kanata_standby", 0), ("kanata_store_reachable", 1),
            ('kanata_worker_up{worker="kanatad"}', 1),
            ('kanata_worker_up{worker="watcher/sim"}', 1),
            ('kanata_worker_restarts_total{worker="notifier"}', 0),
            ('kanata_watch_objects{cluster="sim",resource="pods"}', 2),
            ('kanata_watch_known{cluster="sim",resource="deployments"}', 1),
            ('kanata_component_health{component="cmp",cluster="sim"}', 1),
            ('kanata_component_health{component="cmp-2",cluster="sim"}', 0),
            ('kanata_posts_total{result="done"}', 0), ("kanata_post_retries_total", 0),
            ('kanata_incidents{status="INVESTIGATING"}', 0)):
        equal(value(answer.body, name), wanted, name)
    for secret in world.kanata.secrets:
        assert secret.decode() not in answer.body, "a secret is in it"
    wait(lambda: value(web.get("/metrics").body,
                       'kanata_worker_resident_memory_bytes{worker="watcher/sim"}') > 100000, 20,
         "the watcher's memory")
    world.outage("api", "cmp")
    world.kanata.kill("dialer")
    wait(lambda: value(web.get("/metrics").body, 'kanata_incidents{status="INVESTIGATING"}') == 1,
         20, "the incident")
    answer = web.get("/metrics")
    promtool(answer.body)
    equal(value(answer.body, 'kanata_component_health{component="cmp",cluster="sim"}'), 6, "down")
    assert value(answer.body, 'kanata_posts_total{result="done"}') >= 1, answer.body
    assert value(answer.body, 'kanata_watch_events_total{cluster="sim",resource="pods"}') >= 2
    equal(value(answer.body, "kanata_page_lag_seconds"), 0, "lag")
    wait(lambda: value(web.get("/metrics").body,
                       'kanata_worker_restarts_total{worker="dialer"}') == 1, 20, "the restart")


def samples(text):
    """{metric: {label: values}} of a scrape."""
    found = {}
    for name, labels in re.findall(r"(?m)^(\w+)(?:\{(.*)\})? \S+$", text):
        there = found.setdefault(name, {})
        for label, value in re.findall(r'(\w+)="(.*?)"', labels):
            there.setdefault(label, set()).add(value)
    return found


def uses():
    """(where, expression, labels of its text) of each alert and each query of etc/."""
    for alert in read(os.path.join(TOP, "etc/prometheus/kanata.rules.yml")).split("- alert:")[1:]:
        expression = re.search(r"(?s)expr: (.*?)\n +(?:for|labels):", alert)[1]
        yield alert.split()[0], expression, re.findall(r"\$labels\.(\w+)", alert)
    for panel in json.loads(read(os.path.join(TOP, "etc/grafana/kanata.json")))["panels"]:
        for target in panel["targets"]:
            yield (panel["title"], target["expr"],
                   re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))


def check_use(there, where, expression, labels):
    """Every metric, label and value of it is one that a scrape has."""
    used = re.findall(r"\b(kanata_\w+)(?:\{(.*?)\})?", expression)
    assert used, f"{where}: no metric of Kanata"
    known = {"job", "instance"}
    for name, selector in used:
        assert name in there, f"{where}: there is no {name}"
        known |= set(there[name])
        for label, how, value in re.findall(r'(\w+)(=~|=|!=|!~)"(.*?)"', selector):
            if label in ("job", "instance"):
                continue
            assert label in there[name], f"{where}: {name} has no label {label}"
            for one in value.split("|") if "~" in how else [value]:
                assert one in there[name][label], f"{where}: {name} has no {label}={one}"
    for group in re.findall(r"\b(?:by|on|ignoring|without) \((.*?)\)", expression):
        labels = labels + re.split(r",\s*", group)
    equal(sorted(set(labels) - known), [], f"{where}: labels that are nowhere in {expression}")


def test_metrics_that_others_name():
    """What alerts and the dashboard look for is what a scrape has."""
    _, web = world_with_web()
    web.wait("/readyz")
    # What can be counted is there from the start, with 0.
    there = samples(web.get("/metrics").body)
    found = list(uses())
    assert len(found) > 30, f"only {found}"
    for use in found:
        check_use(there, *use)
    for wrong in ("kanata_nothing", 'kanata_leader{x="1"}', "sum by (x) (kanata_leader)",
                  'kanata_posts_total{result="x"}', 'kanata_posts_total{result=~"done|x"}'):
        try:
            check_use(there, "x", wrong, [])
        except AssertionError:
            continue
        raise AssertionError(f"{wrong} passes")
    named = set()
    for path in ("README", "kanata.conf.5", "man/kanatad.8", "man/kanatactl.8"):
        named |= set(re.findall(r"\bkanata_\w+\b", read(os.path.join(TOP, path))))
    equal(sorted(named - set(there) - {"kanata_"}), [], "metrics that manuals name")


def test_lag():
    """A page that cannot be reached is behind, and that is told."""
    world, web = world_with_web()
    world.wait_all()
    web.wait("/readyz")
    world.page.pause()
    world.kube.crash("default", "api")
    wait(lambda: value(web.get("/metrics").body, "kanata_page_lag_seconds") > 0, 30, "a lag")
    equal(value(web.get("/metrics").body, "kanata_components_differing"), 1, "differing")
    world.page.resume()
    wait(lambda: value(web.get("/metrics").body, "kanata_components_differing") == 0, 40,
         "no difference any more")
    equal(value(web.get("/metrics").body, "kanata_page_lag_seconds"), 0, "lag")


@limit(90)
def test_components_and_incidents():
    kube = Kube()
    kube.deployment("default", "api", 2)
    kube.statefulset("default", "db", 1)
    world, web = world_with_web(kube=kube, components={
        "cmp": "api", "cmp-2": {"watch": "db", "name": "Two"}})
    web.wait("/readyz")
    wait(lambda: {c["health"] for c in web.get("/v1/components").json()} == {"ok"}, 20, "all ok")
    components = web.get("/v1/components").json()
    equal([c["id"] for c in components], ["cmp", "cmp-2"], "components, by id")
    equal((components[1]["name"], components[1]["page"], components[1]["incident"]),
          ("Two", "OPERATIONAL", None), "the second")
    equal(web.get("/v1/incidents").json(), [], "no incident yet")
    world.outage("api", "cmp")
    wait(lambda: web.get("/v1/incidents").json(), 20, "an incident")
    incident = wait(lambda: next(i for i in web.get("/v1/incidents").json()
                                 if i["id"] and not i["pending"]), 20, "an incident with an id")
    equal((incident["status"], incident["resolved"]), ("INVESTIGATING", None), "the incident")
    assert {"id": "cmp", "status": "MAJOROUTAGE", "pending": None} in incident["components"], \
        incident
    world.kanata.kill("notifier")
    wait(lambda: [i["id"] for i in web.get("/v1/incidents").json()] == [incident["id"]], 30,
         "the same incident from a new notifier")
    # Taken out of the configuration, it is gone here as well.
    del world.config["components"]["cmp-2"]
    world.kanata.configure(world.config)
    world.kanata.reload().expect(0)
    wait(lambda: [c["id"] for c in web.get("/v1/components").json()] == ["cmp"], 20,
         "one component")

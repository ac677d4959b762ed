"""kanata-web: where it listens, what it answers, TLS, reload and restart."""

import os
import re
import socket
import ssl

from harness import Authority, equal, free_port, give, limit, temp_dir, wait
from kanata import Kanata
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


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
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

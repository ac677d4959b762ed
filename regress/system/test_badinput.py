"""Hostile and broken input: a clear error, and nothing is lost."""

import os
import re
import socket

from harness import Authority, equal, limit, temp_dir, wait, write
from world import KEY, Kube, Page, World


def world_of_one(**extra):
    kube = Kube()
    kube.deployment("default", "api", 2)
    return World({"cmp": "api"}, kube=kube, **extra)


def whole_outage(world):
    world.wait_all(limit=60)
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    world.kanata.assert_no_restarts()


# The API server.

def kube_fault(kind, pattern, count=3, **options):
    """At the start and again on open watches; then it is well and all works."""
    world = world_of_one(start=False)
    world.kube.fault(kind, count=-1, **options)
    world.kanata.start()
    world.kanata.wait_log(pattern, limit=60)
    world.wait_all("unknown")
    equal(world.page.incidents(), [], "incidents while nothing is known")
    world.kube.clear()
    world.wait_all(limit=90)
    world.kube.fault(kind, count=count, **options)
    world.kube.drop_watches()
    whole_outage(world)


@limit(150)
def test_kube_html():
    kube_fault("html", "(?i)html|json|type|unexpected")


@limit(150)
def test_kube_half_a_line():
    kube_fault("half", "(?i)half|incomplete|ended|closed|short|partial|transfer|truncated|lost")


@limit(150)
def test_kube_garbage():
    kube_fault("garbage", "(?i)json|garbage|invalid|parse|malformed")


@limit(150)
def test_kube_deep_json():
    kube_fault("deep", "(?i)deep|depth|json|nest")


@limit(150)
def test_kube_bad_utf8():
    kube_fault("badutf8", "(?i)utf|json|invalid")


@limit(150)
def test_kube_wrong_kind():
    kube_fault("wrong_kind", "not the list")


@limit(150)
def test_kube_401():
    kube_fault("status", "401|Unauthorized", code=401)


@limit(240)
def test_kube_403():
    """Tried again soon: rights do not come by themselves."""
    world = world_of_one(start=False)
    world.kube.fault("status", code=403, count=-1)
    world.kanata.start()
    wait(lambda: world.kanata.component("cmp")["cause"] == "forbidden", 30,
         "the reason in kanatactl")
    equal(world.kanata.health("cmp"), "unknown", "health")
    world.kube.clear()
    world.wait_all(limit=150)
    whole_outage(world)


@limit(150)
def test_kube_500():
    kube_fault("status", "500|InternalError", code=500)


@limit(150)
def test_kube_429():
    kube_fault("status", "429|TooManyRequests", code=429)


@limit(150)
def test_kube_closes():
    kube_fault("close", "(?i)closed|empty|lost|reply|connection")


@limit(180)
def test_kube_huge_line():
    """100 MB in one line: refused, and the watcher stays small."""
    world = world_of_one(start=False)
    world.kube.fault("huge", count=2)
    world.kanata.start()
    world.kanata.wait_log("(?i)large|huge|long|big|limit", limit=90)
    whole_outage(world)
    with open(f"/proc/{world.kanata.pids()['watcher']}/status") as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
    assert peak < 96 * 1024, f"the watcher grew to {peak} KiB"


@limit(120)
def test_kube_in_stream_errors():
    """ERROR events on an open watch, 410 in both forms: relist."""
    world = world_of_one().wait_all()
    for code in (401, 403, 410, 429, 500):
        world.kube.fault("error_event", code=code, count=1)
    for form in ("http", "stream"):
        world.kube.compact(form=form, drop=True)
    whole_outage(world)


@limit(120)
def test_kube_deletion_missed():
    """The pods were replaced while nobody watched: the relist finds out."""
    world = world_of_one().wait_all()
    world.kube.compact(form="stream", drop=True)
    world.kube.crash("default", "api", "ImagePullBackOff")
    world.page.wait_status("cmp", "MAJOROUTAGE")
    world.kube.compact(form="http", drop=True)
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


@limit(120)
def test_kube_gone_for_a_while():
    """Unknown is neither outage nor recovery."""
    world = world_of_one().wait_all()
    world.outage("api", "cmp")
    world.kube.fault("status", code=503, count=-1)
    world.kube.drop_watches()
    world.kanata.wait_health("cmp", "unknown", limit=60)
    equal(world.page.component_status("cmp"), "MAJOROUTAGE", "while nothing is known")
    world.kube.clear()
    world.kanata.wait_health("cmp", "major", limit=60)
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def tls_world(kubeconfig_options, name="IP:127.0.0.1", client_ca=False):
    folder = temp_dir()
    ca = Authority(folder)
    crt, key = ca.issue("server", "/CN=sim", name)
    kube = Kube(cert=crt, key=key, **({"client_ca": ca.crt} if client_ca else {}))
    kube.deployment("default", "api", 2)
    page = Page({"cmp": "A"})
    path = kube.kubeconfig(**kubeconfig_options(ca, folder))
    return World({"cmp": "api"}, kube=kube, page=page,
                 clusters=[{"name": "sim", "kubeconfig": path}])


def test_kube_tls():
    world = tls_world(lambda ca, _: {"certificate-authority": ca.crt})
    whole_outage(world)


def test_kube_wrong_certificate():
    def other(_, folder):
        os.mkdir(f"{folder}/other")
        return {"certificate-authority": Authority(f"{folder}/other", "another CA").crt}
    world = tls_world(other)
    world.kanata.wait_log("(?i)certificate|issuer|verif", limit=60)
    world.wait_all("unknown")
    equal(world.kube.state()["requests"], {}, "requests, with the token")


def test_kube_wrong_name():
    world = tls_world(lambda ca, _: {"certificate-authority": ca.crt}, name="DNS:elsewhere.test")
    world.kanata.wait_log("(?i)certificate|name|verif", limit=60)
    world.wait_all("unknown")
    equal(world.kube.state()["requests"], {}, "requests, with the token")


def test_kube_tls_server_name():
    world = tls_world(lambda ca, _: {"certificate-authority": ca.crt,
                                     "tls-server-name": "elsewhere.test"},
                      name="DNS:elsewhere.test")
    whole_outage(world)


def test_kube_client_certificate():
    def certificate(ca, folder):
        crt, key = ca.issue("client", "/CN=reader", usage="clientAuth")
        key = write(f"{folder}/client.user.key", open(key, "rb").read())
        return {"certificate-authority": ca.crt,
                "user": {"client-certificate": crt, "client-key": key}}
    world = tls_world(certificate, client_ca=True)
    whole_outage(world)


# Instatus.

def page_fault(pattern, kind, count=3, **options):
    """While an incident is to be opened, and while it is to be resolved."""
    world = world_of_one().wait_all()
    world.page.fault(kind, count=count, **options)
    world.kube.crash("default", "api")
    world.kanata.wait_log(pattern, limit=60)
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=100)
    world.page.wait_open(1, limit=60)
    world.page.fault(kind, count=count, **options)
    world.kube.heal("default", "api")
    world.page.wait_open(0, limit=100)
    world.page.wait_status("cmp", "OPERATIONAL", limit=60)
    world.page.assert_one_outage("cmp")
    world.kanata.assert_no_restarts()
    return world


@limit(240)
def test_page_500():
    page_fault("500", "status", code=500)


@limit(240)
def test_page_429():
    page_fault("429", "status", code=429)


@limit(240)
def test_page_429_retry_after():
    page_fault("429", "status", code=429, retry_after=2)


@limit(240)
def test_page_garbage():
    page_fault("(?i)json|garbage|answer", "garbage")


@limit(240)
def test_page_html():
    page_fault("(?i)json|html|answer", "html")


@limit(240)
def test_page_closes_before():
    page_fault("(?i)closed|empty|lost|reply|connection|reset", "close_before", count=2)


@limit(240)
def test_page_closes_after():
    page_fault("(?i)closed|empty|lost|reply|connection|reset", "close_after", count=1)


@limit(300)
def test_page_says_nothing():
    page_fault("(?i)timed? ?out|answer|lost", "nothing", count=1)


@limit(240)
def test_page_401():
    page_fault("(?i)401|authori[sz]ed|key", "status", code=401, count=1)


@limit(240)
def test_page_404():
    """FIELD.md 68: also while it is resolved; the component is not left behind."""
    page_fault("(?i)404|not found", "status", code=404, count=2)


@limit(240)
def test_page_422():
    page_fault("422", "status", code=422, count=2)


@limit(120)
def test_page_not_there_at_start():
    world = world_of_one(start=False)
    world.page.stop()
    world.kanata.start()
    world.kanata.wait_log("(?i)refused|connect|reach")
    world.page.start()
    whole_outage(world)


@limit(180)
def test_page_bad_key_at_start():
    """A clear error; when the key is good again it works, without a restart."""
    world = world_of_one(start=False)
    world.page.key("another")
    world.kanata.start()
    world.kanata.wait_log("(?i)401|key|authori[sz]ed")
    world.page.key(KEY)
    world.wait_all()
    # Tried again each minute.
    world.kube.crash("default", "api")
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=100)
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


@limit(150)
def test_page_rate_limited():
    """Ten components go down at a page that takes two requests a second."""
    kube = Kube()
    ids = {f"cmp-{i}": f"w{i}" for i in range(10)}
    for name in ids.values():
        kube.deployment("default", name, 1)
    world = World(ids, kube=kube).wait_all()
    world.page.rate(2, burst=2)
    for name in ids.values():
        kube.crash("default", name)
    for id in ids:
        world.page.wait_status(id, "MAJOROUTAGE", limit=90)
    for name in ids.values():
        kube.heal("default", name)
    for id in ids:
        world.page.wait_status(id, "OPERATIONAL", limit=90)
    world.page.wait_open(0, limit=60)


# The control socket.

def send_garbage(kanata, *messages, kind=socket.SOCK_SEQPACKET):
    """What the daemon answers; b"" when it hung up."""
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.settimeout(10)
        try:
            client.connect(kanata.socket)
            for message in messages:
                client.send(message)
            return client.recv(70000)
        except (ConnectionError, BrokenPipeError, OSError):
            return b""


def test_control_garbage():
    world = world_of_one().wait_all()
    kanata = world.kanata
    for messages in ([b"GET / HTTP/1.0\r\n\r\n"], [b"\xdd\x0f\xff\xff\xff"], [b""], [b"\x00" * 60000],
                     [b"\x92\xcd\x27\x0f\x00"], [os.urandom(500)], [b"\x92\x00\x00"],
                     [b"\x93\x00\x00\x01"]):
        answer = send_garbage(kanata, *messages)
        equal(answer, b"", f"answer to {messages[0][:20]}")
        kanata.ctl("show").expect(0)
    send_garbage(kanata, b"x", kind=socket.SOCK_STREAM)
    kanata.assert_no_restarts()
    whole_outage(world)


def test_control_many_clients():
    """That ask for nothing, or do not read: the others are served."""
    world = world_of_one().wait_all()
    clients = []
    try:
        for _ in range(200):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            client.settimeout(5)
            clients.append(client)
            try:
                client.connect(world.kanata.socket)
            except OSError:
                break
        whole_outage_by_page(world)
    finally:
        for client in clients:
            client.close()
    wait(lambda: world.kanata.ctl("show").rc == 0, 20, "the control socket to answer again")


def whole_outage_by_page(world):
    """Without the control socket."""
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")

"""Workers that die, hang or speak nonsense, and what they can reach."""

import os
import random
import re
import signal
import stat
import subprocess
import time

from cagecheck import descriptors, find_in_memory, landlock_abi, status
from etcd import Etcd
from dashboard import HASH, USER_NAME, users_file
from harness import (ROOT, TOP, USER, Authority, Skipped, copy_tree, equal, free_port, give, limit,
                     read, temp_dir, wait)
from kanata import alive
from world import HOOK, KEY, TOKEN, Kube, Page, World

WORKERS = ("dialer", "watcher", "notifier", "store")


def world_of_one(**extra):
    kube = Kube()
    kube.deployment("default", "api", 2)
    return World({"cmp": "api"}, kube=kube, **extra).wait_all()


def kill_during_an_outage(role):
    """Killed before, while an incident opens, while it is open, while it is
    resolved: always one incident."""
    world = world_of_one()
    world.kanata.kill(role)
    world.kube.crash("default", "api")
    world.kanata.kill(role)
    world.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
    world.page.wait_open(1)
    world.kanata.kill(role)
    world.kube.heal("default", "api")
    world.kanata.kill(role)
    world.page.wait_status("cmp", "OPERATIONAL", limit=60)
    world.page.wait_open(0)
    world.page.assert_one_outage("cmp")
    world.kanata.assert_cage()
    # Not a death of its own: the others ran on.
    world.kanata.assert_no_restarts(but=role)


@limit(150)
def test_kill_dialer():
    kill_during_an_outage("dialer")


@limit(150)
def test_kill_watcher():
    kill_during_an_outage("watcher")


@limit(150)
def test_kill_notifier():
    kill_during_an_outage("notifier")


@limit(150)
def test_kill_store():
    kill_during_an_outage("store")


@limit(240)
def test_kill_at_random():
    """Any worker at any moment of three outages."""
    seed = random.randrange(10 ** 6)
    print(f"seed {seed}")
    choose = random.Random(seed)
    world = world_of_one()

    def kill_some():
        time.sleep(choose.random())         # a moment, not a hope
        pid = world.kanata.pids().get(choose.choice(WORKERS))
        if pid:
            os.kill(pid, signal.SIGKILL)

    for count in range(1, 4):
        world.kube.crash("default", "api")
        kill_some()
        world.page.wait_status("cmp", "MAJOROUTAGE", limit=60)
        kill_some()
        world.kube.heal("default", "api")
        kill_some()
        world.page.wait_status("cmp", "OPERATIONAL", limit=60)
        world.page.wait_open(0)
        # Opening again soon may go on with the old incident.
        incidents = world.page.incidents()
        assert len(incidents) <= count, f"{len(incidents)} incidents for {count} outages"
    for incident in world.page.incidents():
        equal(incident["status"], "RESOLVED", incident["name"])
    marks = [(i["name"], i["started"]) for i in world.page.incidents()]
    equal(len(set(marks)), len(marks), "different incidents")


@limit(180)
def test_hung_worker():
    """One that does not answer pings is killed and started again."""
    world = world_of_one()
    old = world.kanata.pids()["watcher"]
    os.kill(old, signal.SIGSTOP)
    wait(lambda: not alive(old), 120, "the stopped watcher to be killed")
    wait(lambda: world.kanata.pids().get("watcher", old) != old, 30, "a new watcher")
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")


def test_parent_dies():
    """kill -9 of the parent alone: all workers die with it."""
    world = world_of_one()
    pids = world.kanata.pids()
    os.kill(pids["parent"], signal.SIGKILL)
    wait(lambda: not any(alive(pid) for pid in pids.values()), 10,
         "the workers to die with the parent")


# A worker that was taken over, in place of the real one: the first start is the
# real one, the second speaks nonsense, then it is the real one again. In C,
# because the daemon's own cage lets it execute nothing else.
NONSENSE = """\
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static const unsigned char message[] = { %(bytes)s };

int
main(int argc, char **argv)
{
	int flags = O_CREAT | O_EXCL | O_CLOEXEC;

	(void)argc;
	if (open("%(marker)s.first", flags, 0600) != -1 ||
	    open("%(marker)s", flags, 0600) == -1) {
		execv("%(real)s", argv);
		return 1;
	}
	send(3, message, sizeof(message), 0);
	for (;;)
		pause();
}
"""


def message_number(name):
    """From the table of messages."""
    with open(os.path.join(TOP, "common", "message_table.h")) as file:
        names = re.findall(r"^M\((MSG_\w+)", file.read(), re.M)
    return names.index(name)


def pack(*values):
    """As much msgpack as the messages need."""
    out = bytes([0x90 + len(values)])
    for value in values:
        if isinstance(value, bool):
            out += b"\xc3" if value else b"\xc2"
        elif isinstance(value, int):
            out += b"\xce" + value.to_bytes(4, "big")
        else:
            out += b"\xd9" + bytes([len(value)]) + value.encode()
    return out


def speak_nonsense(role, message):
    tree = copy_tree(os.path.join(temp_dir(), "tree"))
    path = os.path.join(tree, "libexec", "kanata", f"kanata-{role}")
    real = os.path.join(tree, "libexec", "kanata", "real", f"kanata-{role}")
    os.mkdir(os.path.dirname(real), 0o755)
    os.rename(path, real)
    kube = Kube()
    kube.deployment("default", "api", 2)
    world = World({"cmp": "api"}, kube=kube, tree=tree, start=False)
    marker = os.path.join(world.kanata.state_dir, "spoke")
    done = subprocess.run(["cc", "-x", "c", "-", "-o", path], text=True, capture_output=True,
                          input=NONSENSE % {"bytes": ", ".join(str(b) for b in message),
                                            "marker": marker, "real": real})
    equal(done.returncode, 0, f"exit status of cc ({done.stderr})")
    world.kanata.start()
    world.wait_all()
    os.kill(world.kanata.pids()[role], signal.SIGKILL)
    wait(lambda: os.path.exists(marker), 30, f"the false {role} to speak")
    # Its cage may be quicker than the parent: then it is started after 30 s.
    world.kanata.wait_ready(limit=60)
    world.wait_all(limit=60)
    world.outage("api", "cmp")
    world.recovery("api", "cmp")
    world.page.assert_one_outage("cmp")
    worker = [w for w in world.kanata.workers() if w["name"].startswith(role)][0]
    assert worker["restarts"] >= 2, f"{worker}"
    print(f"its last death: {worker['death']}")
    world.kanata.assert_no_restarts(but=role)


@limit(120)
def test_garbage_from_watcher():
    speak_nonsense("watcher", b"\xdd\x0f\xff\xff\xff" + b"A" * 100)


@limit(120)
def test_huge_array_from_store():
    speak_nonsense("store", b"\xdd\x0f\xff\xff\xff")


@limit(120)
def test_forbidden_message_from_notifier():
    """Well formed, but not its to send."""
    speak_nonsense("notifier", pack(message_number("MSG_CONF_COMMIT"), 0, 1))


@limit(120)
def test_unknown_message_from_dialer():
    speak_nonsense("dialer", pack(9999, 0))


# What each may hold and reach.

def test_memory_holds_no_secret_of_others():
    """Searches the memory of each process, also after a reload and deaths."""
    if not ROOT:
        raise Skipped("only root can read the memory of a process that is not dumpable")
    etcd = Etcd()
    password = "etcd-secret-6b3d11"
    etcd.enable_auth("kanata", password)
    kube = Kube()
    kube.deployment("default", "api", 2)
    page = Page({"cmp": "API"})
    folder = temp_dir()
    crt, key = Authority(folder).issue("web", "/CN=localhost", "DNS:localhost")
    give(crt, 0o644), give(key, 0o400)
    world = World({"cmp": "api"}, kube=kube, page=page,
                  webhook_url=f"{page.url}/v3/integrations/webhook/{HOOK}",
                  etcd={"nodes": [etcd.node], "auth": {"user": "kanata", "pass": password}},
                  web={"listen": f"127.0.0.1:{free_port()}", "users_file": users_file(
                      (USER_NAME, HASH)), "tls": {"cert_file": crt, "key_file": key}})
    world.wait_all()
    secrets = {"instatus key": KEY, "kube token": TOKEN, "webhook": HOOK,
               "etcd password": password, "password hash": HASH,
               "key of web": read(key).split("\n")[1]}
    needles = {what: text.encode() for what, text in secrets.items()}
    may = {"parent": (), "dialer": (), "watcher": ("kube token",),
           "notifier": ("instatus key", "webhook"), "store": ("etcd password",),
           "web": ("password hash", "key of web")}

    def check(moment):
        for name, pid in world.kanata.pids().items():
            found = find_in_memory(pid, needles)
            wrong = {what: at for what, at in found.items() if what not in may[name]}
            equal(wrong, {}, f"secrets in the memory of {name} {moment}")

    check("after the start")
    # The search finds what is there: else it would prove nothing.
    watcher = find_in_memory(world.kanata.pids()["watcher"], needles)
    assert "kube token" in watcher, "the search does not find the watcher's own token"
    world.outage("api", "cmp")
    check("during an outage")
    world.kanata.configure({**world.config, "components": {"cmp": {"watch": "api"}}})
    world.kanata.reload().expect(0)
    world.kanata.kill("notifier")
    world.recovery("api", "cmp")
    check("after a reload and a death")
    world.kanata.end()


def test_no_signal_between_workers():
    """Landlock scopes (ABI 6) and seccomp: the workers themselves cannot; from
    outside the same user can, and the daemon survives it."""
    if landlock_abi() < 6:
        raise Skipped("this kernel's Landlock has no scopes")
    world = world_of_one()
    pids = world.kanata.pids()
    for name in WORKERS:
        assert int(status(pids[name])["Seccomp_filters"]) >= 2, f"{name}: no filter of its own"
    done = world.kanata.ctl("show", "workers").expect(0)
    print(done.out)


def test_files_of_the_daemon():
    """Nothing that it makes can be read by others; the socket is the group's."""
    world = world_of_one()
    world.outage("api", "cmp")
    for folder, _, names in os.walk(world.kanata.state_dir):
        for name in names:
            mode = os.stat(os.path.join(folder, name)).st_mode
            equal(mode & 0o077 & ~0o040, 0, f"mode of {name}: {oct(mode)}")
    now = os.stat(world.kanata.socket)
    assert stat.S_ISSOCK(now.st_mode), "no socket"
    equal(now.st_mode & 0o007, 0, f"mode of the socket {oct(now.st_mode)}")
    world.kanata.end()
    assert not os.path.exists(world.kanata.socket), "the socket is left behind"


def test_command_lines_hold_no_secret():
    etcd = Etcd()
    password = "etcd-secret-0d2f77"
    etcd.enable_auth("kanata", password)
    world = world_of_one(etcd={"nodes": [etcd.node],
                               "auth": {"user": "kanata", "pass": password}})
    for name, pid in world.kanata.pids().items():
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            line = file.read()
        for secret in (KEY, TOKEN, password):
            assert secret.encode() not in line, f"{name}: a secret in its arguments"


def test_refuses_to_stay_root():
    if not ROOT:
        raise Skipped("only root can be refused")
    world = World({"cmp": "api"}, start=False)
    world.kanata.command = lambda *args: [
        os.path.join(world.kanata.tree, "sbin", "kanatad"), "-u", "root", "-f",
        world.kanata.file, *args]
    equal(world.kanata.once("-d").rc, 1, "exit status of kanatad -u root")
    world.kanata.command = lambda *args: [
        os.path.join(world.kanata.tree, "sbin", "kanatad"), "-u", "no-such-user-here", "-f",
        world.kanata.file, *args]
    done = world.kanata.once("-d")
    equal(done.rc, 1, "exit status of kanatad -u no-such-user-here")
    assert "no-such-user-here" in done.err, f"{done!r}"


def test_starts_as_ordinary_user():
    """Without root and without -u."""
    if not ROOT:
        raise Skipped("all the other tests do this already")
    world = World({"cmp": "api"}, start=False)
    program = os.path.join(world.kanata.tree, "sbin", "kanatad")
    world.kanata.command = lambda *args: [
        "/usr/bin/setpriv", f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}",
        "--clear-groups", "--", program, "-f", world.kanata.file, *args]
    world.kanata.start()
    world.kanata.ctl("show", "workers").expect(0)
    world.kanata.end()


# The table in README says what each process holds; this is what it has.

def privilege_table():
    with open(os.path.join(TOP, "README")) as file:
        lines = [line.strip() for line in file]
    start = next((i for i, line in enumerate(lines)
                  if line.startswith("|") and "process" in line.lower()
                  and "network" in line.lower()), None)
    assert start is not None, "README has no table with the columns process and network"
    head = [cell.strip().lower() for cell in lines[start].strip("|").split("|")]
    rows = []
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows.append(dict(zip(head, cells)))
    return rows


def test_privilege_table():
    rows = privilege_table()
    words = {"parent": "kanatad", "dialer": "kanata-dialer", "watcher": "kanata-watcher",
             "notifier": "kanata-notifier", "store": "kanata-store", "web": "kanata-web"}
    table = {}
    for row in rows:
        for name, word in words.items():
            if re.search(rf"`{word}`|\b{word}\b(?!-)", row["process"]):
                table.setdefault(name, row)
    equal(sorted(table), sorted(words), "processes in README's table")
    column = lambda name, word: next((text for head, text in table[name].items()
                                      if word in head), "")
    world = world_of_one(web={"listen": f"127.0.0.1:{free_port()}"})
    world.outage("api", "cmp")
    for name, pid in world.kanata.pids().items():
        files = column(name, "file")
        network = column(name, "network")
        assert files and network, f"{name}: no column for files or network"
        if not ROOT:
            continue
        opened = [target for number, target in descriptors(pid).items()
                  if target.startswith("/") and target != "/dev/null" and number > 2
                  and not target.startswith("/memfd:")
                  # Its own size, for metrics.
                  and target != f"/proc/{pid}/statm"]
        if files.lower().startswith("none"):
            equal(opened, [], f"{name}: README says no files")
        connected = inet_sockets(pid)
        if network.lower().startswith("none"):
            equal(connected, [], f"{name}: README says no network")
        elif name in ("parent", "web"):
            # Nobody is connected to web now.
            equal(len(connected), 1, f"{name}: README says a listening descriptor")
        elif name in ("watcher", "notifier"):
            assert connected, f"{name}: README says connected descriptors"


def inet_sockets(pid):
    """Inodes of its TCP and UDP sockets."""
    inodes = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/{pid}/net/{kind}") as file:
            inodes |= {line.split()[9] for line in file.readlines()[1:]}
    return [target for target in descriptors(pid).values()
            if target.startswith("socket:[") and target[8:-1] in inodes]

"""The Debian package: built, found clean, installed, run, removed, purged."""

import contextlib
import glob
import os
import re
import shutil
import subprocess

import reap
from harness import TOP, Skipped, equal, limit, read, temp_dir, wait, yaml
from root import Root
from world import KEY, Kube, Page

TOGETHER = True
built = {}


def make_deb():
    """The .changes of a build; once for all tests of this file."""
    if not shutil.which("dpkg-buildpackage") or not shutil.which("dh"):
        raise Skipped("no dpkg-buildpackage, or no debhelper")
    if "changes" not in built:
        folder = os.path.join(temp_dir(in_all_tests=True), "deb")
        done = subprocess.run(["make", "-s", "-C", TOP, f"DEB={folder}", "deb"], timeout=700,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        equal(done.returncode, 0, f"make deb: {done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        built["changes"] = glob.glob(folder + "/*.changes")[0]
        built["deb"] = next(path for path in glob.glob(folder + "/*.deb")
                            if "dbgsym" not in path)
    return built


@limit(900)
def test_lintian():
    changes = make_deb()["changes"]
    if not shutil.which("lintian"):
        raise Skipped("no lintian")
    done = subprocess.run(["lintian", "--allow-root", "--display-info", "--pedantic",
                           "--fail-on", "error,warning,info,pedantic", changes],
                          capture_output=True, text=True, timeout=300)
    equal((done.returncode, done.stdout), (0, ""), f"lintian: {done.stderr}")


def test_versions():
    version = re.search(r'KANATA_VERSION\s+"(.*)"', read(TOP + "/common/version.h"))[1]
    assert read(TOP + "/etc/debian/changelog").startswith(f"kanata ({version}) ")


def test_build_depends():
    """What regress/setup installs to build is what the package asks for."""
    setup = read(TOP + "/regress/setup")
    wanted = set(re.search(r'(?s)build="(.*?)"', setup)[1].split())
    control = read(TOP + "/etc/debian/control")
    asked = re.search(r"(?s)Build-Depends:(.*?)\n\w", control)[1]
    asked = {name.split()[0] for name in asked.strip().split(",") if name.strip()}
    # What every build of a package has, what it is run with, what tests need.
    wanted -= {"gcc", "git", "libc6-dev", "make", "ca-certificates", "python3", "openssl"}
    equal(sorted(wanted), sorted(asked - {"debhelper-compat"}), "packages to build with")


def configure(root):
    """Kubernetes and Instatus are simulators; files of the installed user."""
    kube, page = Kube(), Page({"cmp": "A"})
    for name, text, mode in (
            ("kubeconfig", read(kube.kubeconfig()), 0o640),
            ("instatus.key", KEY + "\n", 0o640),
            ("kanata.conf", yaml({
                "key_file": "/etc/kanata/instatus.key", "ns": "default",
                "instatus": {"url": page.url}, "components": {"cmp": "api"},
                "clusters": [{"name": "sim", "kubeconfig": "/etc/kanata/kubeconfig"}]}) + "\n",
             0o644)):
        path = root.inside("/etc/kanata/" + name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        root.run("chgrp", "_kanata", "/etc/kanata/" + name).expect(0)
    return page


def older(deb):
    """The same package as 0.0.9."""
    folder = os.path.join(temp_dir(), "older")
    subprocess.run(["dpkg-deb", "-R", deb, folder], check=True, timeout=60)
    control = read(folder + "/DEBIAN/control")
    with open(folder + "/DEBIAN/control", "w") as file:
        file.write(re.sub(r"(?m)^Version: .*$", "Version: 0.0.9", control))
    subprocess.run(["dpkg-deb", "-b", folder, folder + ".deb"], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    return folder + ".deb"


# Enables; what it is to start or stop it writes down.
SYSTEMCTL = """#!/bin/sh
case "$*" in
*is-enabled*) echo enabled ;;
*is-active*) ;;
*start\\ kanatad.service | *stop\\ kanatad.service) echo "$@" >> /systemctl.log ;;
*) exec /usr/bin/systemctl.real "$@" ;;
esac
"""


def pretend_systemd(root):
    """Verbs that the package says to a systemd that runs; asked() forgets them."""
    os.makedirs(root.inside("/run/systemd/system"), exist_ok=True)
    os.rename(root.inside("/usr/bin/systemctl"), root.inside("/usr/bin/systemctl.real"))
    if root.exists("/usr/sbin/policy-rc.d"):
        os.unlink(root.inside("/usr/sbin/policy-rc.d"))
    with open(root.inside("/usr/bin/systemctl"), "w") as file:
        file.write(SYSTEMCTL)
    os.chmod(file.name, 0o755)

    def asked():
        text = read(root.inside("/systemctl.log")) if root.exists("/systemctl.log") else ""
        with open(root.inside("/systemctl.log"), "w"):
            return [line.split()[-2] for line in text.splitlines()]
    return asked


@contextlib.contextmanager
def running(root):
    """The installed daemon; it ends well."""
    log = os.path.join(root.folder, "daemon.log")
    with open(log, "w") as out:
        daemon = reap.start(root.command("/usr/sbin/kanatad", "-d"), stdout=out)
    try:
        wait(lambda: root.run("kanatactl", "show", "workers").rc == 0, 40,
             "the installed daemon to answer")
        yield
    finally:
        daemon.terminate()
        print(read(log))
    equal(reap.wait(daemon, 20), 0, "its exit status")


def kept(root):
    """Names, owners, modes and contents of what is not the package's."""
    def one(path):
        now = os.lstat(root.inside(path))
        return path, now.st_mode, now.st_uid, now.st_gid, read(root.inside(path))
    return [one("/etc/kanata/" + name) for name in ("kanata.conf", "instatus.key", "kubeconfig")]


def left_over(root):
    """What is there that was not before, by its name."""
    found = []
    for path, folders, files in os.walk(f"/proc/{root.holder.pid}/root{root.folder}/upper"):
        found += [os.path.join(path, name).split("/upper", 1)[1] for name in folders + files
                  if "kanata" in name and root.exists(os.path.join(path, name).split("/upper")[1])]
    return sorted(found)


@limit(900)
def test_install_upgrade_remove_purge():
    deb = make_deb()["deb"]
    root = Root()
    asked = pretend_systemd(root)
    shutil.copy(older(deb), root.inside("/older.deb"))
    shutil.copy(deb, root.inside("/newer.deb"))
    root.run("dpkg", "-i", "/older.deb", timeout=120).expect(0)
    equal(asked(), ["start"], "what systemd is asked for by an installation")
    root.run("getent", "passwd", "_kanata").expect(0, "_kanata:x:.*:/var/lib/kanata:.*/nologin")
    for path, mode in (("/var/lib/kanata", "700 _kanata"), ("/run/kanata", "755 _kanata"),
                       ("/etc/kanata", "755 root")):
        root.run("stat", "-c", "%a %U", path).expect(0, mode)
    assert root.exists("/etc/systemd/system/multi-user.target.wants/kanatad.service"), "enabled"
    root.run("kanatad", "-n").expect(1, "/etc/kanata/kanata.conf: No such file")
    page = configure(root)
    root.run("kanatad", "-n").expect(0, "components:")
    with running(root):
        wait(lambda: page.requests("GET", "/components"), 30, "it to look at the page")
        root.run("kanatactl", "silence", "cmp", "1d").expect(0)
    before = kept(root)
    root.run("dpkg", "-i", "/newer.deb", timeout=120).expect(0)
    # Started anew, not stopped meanwhile; what it was given and what it knows is there.
    equal(asked(), ["restart"], "what systemd is asked for by an upgrade")
    equal(kept(root), before, "the configuration")
    root.run("stat", "-c", "%a %U", "/var/lib/kanata").expect(0, "700 _kanata")
    with running(root):
        wait(lambda: "cmp" in root.run("kanatactl", "show", "silences").out, 40,
             "what it knew before")
    root.run("dpkg", "-r", "kanata", timeout=120).expect(0)
    equal(asked(), ["stop"], "what systemd is asked for by a removal")
    for path in ("/usr/sbin/kanatad", "/usr/bin/kanatactl", "/usr/libexec/kanata",
                 "/lib/systemd/system/kanatad.service", "/usr/lib/sysusers.d/kanata.conf"):
        assert not root.exists(path), f"{path} is left over"
    # Configuration and state stay until it is purged.
    assert root.exists("/etc/kanata/kanata.conf") and root.exists("/var/lib/kanata/kanata.mdb")
    root.run("dpkg", "-P", "kanata", timeout=120).expect(0)
    # It does not remove what it did not bring.
    equal(left_over(root), ["/etc/kanata", "/etc/kanata/kanata.conf"], "files after the purge")
    assert root.exists("/etc/kanata/instatus.key"), "it removed what it did not bring"

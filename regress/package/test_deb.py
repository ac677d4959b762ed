"""The Debian package: built, found clean, installed, run, removed, purged."""

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


@limit(900)
def test_install_run_remove_purge():
    deb = make_deb()["deb"]
    root = Root()
    shutil.copy(deb, root.inside("/kanata.deb"))
    root.run("dpkg", "-i", "/kanata.deb", timeout=120).expect(0)
    root.run("getent", "passwd", "_kanata").expect(0, "_kanata:x:.*:/var/lib/kanata:.*/nologin")
    for path, mode in (("/var/lib/kanata", "700 _kanata"), ("/run/kanata", "755 _kanata"),
                       ("/etc/kanata", "755 root")):
        root.run("stat", "-c", "%a %U", path).expect(0, mode)
    assert root.exists("/etc/systemd/system/multi-user.target.wants/kanatad.service"), "enabled"
    root.run("kanatad", "-n").expect(1, "/etc/kanata/kanata.conf: No such file")
    page = configure(root)
    root.run("kanatad", "-n").expect(0, "components:")
    daemon = reap.start(root.command("/usr/sbin/kanatad", "-d", "--observe"),
                        stdout=open(root.output, "a"))
    try:
        wait(lambda: root.run("kanatactl", "show", "workers").rc == 0, 40,
             "the installed daemon to answer")
        wait(lambda: page.requests("GET", "/components"), 30, "it to look at the page")
    finally:
        daemon.terminate()
        print(read(root.output))
    equal(reap.wait(daemon, 20), 0, "its exit status")
    root.run("dpkg", "-r", "kanata", timeout=120).expect(0)
    for path in ("/usr/sbin/kanatad", "/usr/bin/kanatactl", "/usr/libexec/kanata",
                 "/lib/systemd/system/kanatad.service", "/usr/lib/sysusers.d/kanata.conf"):
        assert not root.exists(path), f"{path} is left over"
    # Configuration and state stay until it is purged.
    assert root.exists("/etc/kanata/kanata.conf") and root.exists("/var/lib/kanata/kanata.mdb")
    root.run("dpkg", "-P", "kanata", timeout=120).expect(0)
    assert not root.exists("/var/lib/kanata"), "the state is left over"
    assert root.exists("/etc/kanata/instatus.key"), "it removed what it did not bring"

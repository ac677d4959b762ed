"""The OCI image: the same twice, only what is needed in it, and run by runc without a
capability on a read-only root, in its cage."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import reap
from cagecheck import landlock_abi, status
from harness import (BUILD, ROOT, TOP, Ended, Skipped, equal, free_port, limit, read, register,
                     temp_dir, wait, yaml)
from kanata import Result
from web import Web
from world import KEY, Kube, Page

TOGETHER = True
UID = 65532
made = {}


def make_image(folder):
    """The layout's folder and tag; the build is used as it is."""
    if not shutil.which("umoci"):
        raise Skipped("no umoci")
    done = subprocess.run(["make", "-s", "-o", "all", "-C", TOP, f"B={BUILD}",
                           f"IMAGE={folder}", "image"], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    equal(done.returncode, 0, f"make image: {done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def image():
    if "name" not in made:
        made["folder"] = os.path.join(temp_dir(in_all_tests=True), "image")
        made["name"] = make_image(made["folder"])
    return made["name"]


def files(folder):
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(os.path.join(path, name), folder)] = \
                    hashlib.sha256(file.read()).hexdigest()
    return found


def bundle():
    """Unpacked for a runtime: a folder with rootfs and config.json."""
    to = os.path.join(temp_dir(), "bundle")
    done = subprocess.run(["umoci", "unpack", *([] if ROOT else ["--rootless"]), "--image",
                           image(), to], capture_output=True, text=True, timeout=60)
    equal(done.returncode, 0, f"umoci unpack: {done.stderr}")
    return to


def test_reproducible():
    image()
    again = os.path.join(temp_dir(), "image")
    make_image(again)
    equal(files(again), files(made["folder"]), "files of two builds")


def test_only_what_is_needed():
    rootfs = os.path.join(bundle(), "rootfs")
    found = {"/" + path for path in files(rootfs)}
    programs = {path for path in found if path.startswith("/usr/")
                and not path.startswith("/usr/lib")} | \
        {path for path in found if path.startswith("/usr/libexec/")}
    wanted = {"/usr/sbin/kanatad", "/usr/bin/kanatactl"} | \
        {f"/usr/libexec/kanata/{name}" for name in os.listdir(BUILD + "/libexec/kanata")}
    equal(programs, wanted, "programs in the image")
    rest = {path for path in found - programs if not re.fullmatch(r"(/usr)?/lib.*\.so[.\d]*", path)}
    equal(rest, {"/etc/passwd", "/etc/group", "/etc/ssl/certs/ca-certificates.crt"},
          "files that are neither program nor library")
    config = json.loads(read(os.path.join(os.path.dirname(rootfs), "config.json")))
    equal((config["process"]["user"]["uid"], config["process"]["user"]["gid"]), (UID, UID),
          "its user")


def restrict(config, mounts):
    """What etc/kubernetes asks of a kubelet. The network stays the machine's: that is
    where the simulators are."""
    config["root"]["readonly"] = True
    process = config["process"]
    process["noNewPrivileges"], process["terminal"] = True, False
    process["capabilities"] = {kind: [] for kind in
                               ("bounding", "effective", "inheritable", "permitted", "ambient")}
    linux = config["linux"]
    linux["namespaces"] = [ns for ns in linux["namespaces"] if ns["type"] != "network"]
    linux.pop("resources", None)
    config["mounts"] = [mount for mount in config["mounts"]
                        if mount["destination"] in ("/proc", "/dev")]
    config["mounts"] += [
        {"destination": path, "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "nodev", "noexec", f"uid={UID}", f"gid={UID}", "mode=0700"]}
        for path in ("/run/kanata", "/var/lib/kanata")]
    config["mounts"] += [
        {"destination": to, "type": "bind", "source": path,
         "options": ["bind", "ro", "nosuid", "nodev", "noexec"]} for to, path in mounts.items()]


class Container:
    def __init__(self, folder):
        self.root, self.name = os.path.join(temp_dir(), "runc"), f"kanata-{os.getpid()}"
        self.log_file = os.path.join(folder, "log")
        with open(self.log_file, "w") as log:
            self.child = reap.start(self.command("run", "--bundle", folder), stdout=log)
        register(self)

    def command(self, verb, *args):
        return ["runc", "--root", self.root, verb, *args, self.name]

    def exec(self, *argv):
        return Result(subprocess.run([*self.command("exec"), *argv], capture_output=True,
                                     text=True, timeout=30, stdin=subprocess.DEVNULL))

    def pid(self):
        said = subprocess.run(self.command("state"), capture_output=True, text=True, timeout=30)
        return json.loads(said.stdout)["pid"]

    def told(self):
        return read(self.log_file)[-6000:]

    def stop(self):
        subprocess.run(self.command("delete", "--force"), capture_output=True, timeout=30)
        reap.end_group(self.child)


def configuration(port):
    """A folder for /etc/kanata, as a ConfigMap and a Secret are mounted."""
    kube, page = Kube(), Page({"cmp": "A"})
    kube.deployment("default", "api")
    folder = temp_dir()
    os.chmod(folder, 0o755)
    for name, text in (("kubeconfig", read(kube.kubeconfig())), ("instatus.key", KEY + "\n"),
                       ("kanata.conf", yaml({
                           "key_file": "/etc/kanata/instatus.key", "ns": "default",
                           "instatus": {"url": page.url}, "components": {"cmp": "api"},
                           "web": {"listen": f"0.0.0.0:{port}"}, "clusters": [{"name": "sim",
                                         "kubeconfig": "/etc/kanata/kubeconfig"}]}) + "\n")):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
        os.chmod(file.name, 0o640)
        os.chown(file.name, 0, UID)
    return folder


@limit(120)
def test_run():
    if not ROOT or not shutil.which("runc"):
        raise Skipped("not root, or no runc")
    folder, port = bundle(), free_port()
    with open(folder + "/config.json", "r+") as file:
        config = json.load(file)
        restrict(config, {"/etc/kanata": configuration(port)})
        file.seek(0)
        file.truncate()
        json.dump(config, file)
    container = Container(folder)
    def up():
        if container.child.poll() is not None:
            # Of the runtime, where there are no namespaces to be had; or of ours.
            if "kanatad" in container.told():
                raise Ended("kanatad ended")
            raise Skipped(f"no container can be run here: {container.told()[-300:]}")
        done = container.exec("/usr/bin/kanatactl", "-j", "show")
        # Nothing is down, either, while nothing is known.
        return done.rc == 0 and "components" in (shown := json.loads(done.out)) and shown
    shown = wait(up, 60, "the daemon in the container to find all well")
    equal(shown["components"][0]["health"], "ok", "the component")
    for probe in ("/healthz", "/readyz"):
        Web(port).wait(probe)
    pid = container.pid()
    workers = reap.children_of(pid)
    assert len(workers) >= 5, f"only {workers}"
    for one in (pid, *workers):
        now = status(one)
        equal(now["Uid"].split(), [str(UID)] * 4, "uids")
        equal((now["Seccomp"], now["NoNewPrivs"]), ("2", "1"), "seccomp, no_new_privs")
        assert int(now["Seccomp_filters"]) >= (1 if one == pid else 2), now["Seccomp_filters"]
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            equal(int(now[kind], 16), 0, kind)
    if landlock_abi():
        assert all(worker["landlock"] >= 1 for worker in shown["workers"]), shown["workers"]
    assert os.listdir(f"/proc/{pid}/root/var/lib/kanata"), "no state in its volume"
    subprocess.run(container.command("kill") + ["TERM"], check=True, capture_output=True,
                   timeout=30)
    equal(reap.wait(container.child, 30), 0, "its exit status")
    assert KEY not in container.told()

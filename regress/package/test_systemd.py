"""The unit under a systemd of its own, booted with systemd-nspawn in a layer above
this machine's files: the credential, a reload, the journal, the watchdog."""

import os
import re
import shutil
import subprocess

import reap
from harness import BUILD, TOP, Skipped, limit, read, register, wait, yaml
from root import Root
from world import KEY, Kube, Page

SCRIPT = r"""
say() { echo "== $1"; shift; "$@" 2>&1; echo "status $?"; }
main_pid() { systemctl show -P MainPID kanatad; }
# By itself it is told when its workers run; what it is asked for then is there.
say start systemctl start kanatad
say credential stat -c '%a %U' /run/credentials/kanatad.service/kanata.instatus.key
say workers kanatactl show workers
say reload systemctl reload kanatad
echo nonsense >> /etc/kanata/kanata.conf
say refused systemctl reload kanatad
sed -i '$d' /etc/kanata/kanata.conf
say active systemctl is-active kanatad
say journal journalctl -u kanatad -o json --no-pager
pid=$(main_pid)
[ "$pid" -gt 0 ] || exit 1
kill -STOP $pid
n=0
while [ "$(main_pid)" = $pid ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done
say watchdog systemctl show -P Result kanatad
say stop systemctl stop kanatad
"""

PROBE = """[Service]
Type=oneshot
StandardOutput=file:/said
StandardError=inherit
ExecStart=sh /probe.sh
ExecStopPost=systemctl poweroff --force
"""


class Cgroup:
    """A control group of the test's own, for the systemd that boots, and its end."""

    def __init__(self):
        base = "/sys/fs/cgroup/unified"
        base = base if os.path.isdir(base) else "/sys/fs/cgroup"
        self.path = f"{base}/kanata-{os.getpid()}"
        try:
            os.mkdir(self.path)
        except OSError as error:
            raise Skipped(f"no control group can be made: {error}")
        register(self)

    def enter(self, *argv):
        """A command that is executed in it."""
        return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.path, *argv]

    def stop(self):
        with open(self.path + "/cgroup.kill", "w") as file:
            file.write("1")
        wait(self.remove, 20, f"{self.path} to be empty")

    def remove(self):
        # nspawn makes the same for the systemd of old, where there is one.
        for base in (self.path, "/sys/fs/cgroup/systemd/" + os.path.basename(self.path)):
            for path, _, _ in os.walk(base, topdown=False):
                os.rmdir(path)
        return True


def prepare(root):
    kube, page = Kube(), Page({"cmp": "A"})
    with open(kube.kubeconfig()) as file:
        kubeconfig = file.read()

    def put(path, text, mode=0o644):
        os.makedirs(os.path.dirname(root.inside(path)), exist_ok=True)
        with open(root.inside(path), "w") as file:
            file.write(text)
        os.chmod(root.inside(path), mode)
    put("/etc/kanata/kubeconfig", kubeconfig, 0o640)
    root.run("chgrp", "_kanata", "/etc/kanata/kubeconfig").expect(0)
    put("/etc/credstore/kanata.instatus.key", KEY + "\n", 0o400)
    put("/etc/kanata/kanata.conf", yaml({
        "key_file": "/run/credentials/kanatad.service/kanata.instatus.key", "ns": "default",
        "instatus": {"url": page.url}, "components": {"cmp": "api"},
        "clusters": [{"name": "sim", "kubeconfig": "/etc/kanata/kubeconfig"}]}) + "\n")
    put("/probe.sh", SCRIPT)
    put("/etc/systemd/system/probe.service", PROBE)
    put("/etc/systemd/system/only.target", "[Unit]\nWants=probe.service\n")
    put("/etc/systemd/system/kanatad.service.d/short.conf", "[Service]\nWatchdogSec=2s\n")


@limit(180)
def test_unit():
    if not shutil.which("systemd-nspawn"):
        raise Skipped("no systemd-nspawn")
    root = Root(devices=False)
    done = subprocess.run(
        ["make", "-s", "-o", "all", "-C", TOP, f"B={BUILD}", f"DESTDIR={root.path}",
         "PREFIX=/usr", "UNITDIR=/lib/systemd/system", "install"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    root.run("systemd-sysusers", "kanata.conf").expect(0)
    prepare(root)
    cgroup = Cgroup()
    boot = reap.start(
        ["nsenter", f"--target={root.holder.pid}", "--mount", "--",
         *cgroup.enter("env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "systemd-nspawn", "--quiet",
                       "--register=no", "--keep-unit", "--console=pipe",
                       "-D", f"{root.folder}/root", "-b", "systemd.unit=only.target")],
        stdout=open(root.output, "w"))
    status = reap.wait(boot, 120)
    print(read(root.output)[-4000:])
    reap.end_group(boot)
    if not root.exists("/said"):
        raise Skipped(f"systemd does not boot here (status {status})")
    said = {name: text for name, text in re.findall(
        r"(?s)== (\w+)\n(.*?)(?=\n== |\Z)", read(root.inside("/said")))}
    print(read(root.inside("/said")))
    assert said["start"].endswith("status 0"), said["start"]
    assert said["credential"].startswith(("400 ", "440 ")), said["credential"]
    assert "watcher/sim" in said["workers"], said["workers"]
    assert said["reload"].endswith("status 0"), said["reload"]
    assert not said["refused"].endswith("status 0"), "a refused reload is no success"
    assert said["active"].startswith("active"), "the old configuration stays"
    assert '"PRIORITY":"4"' in said["journal"] and '"MESSAGE":"running"' in said["journal"]
    assert said["watchdog"].startswith("watchdog"), said["watchdog"]
    assert KEY not in read(root.inside("/said")), "the key is in a log"

"""A root directory to install into: this machine's own files, with a layer above
them that takes every change and is gone afterwards."""

import os
import subprocess

import reap
from harness import ROOT, Skipped, register, temp_dir, wait
from kanata import Result

# Private mounts, on a tmpfs: an overlay's upper layer cannot be on an overlay.
SETUP = """set -e
mount -t tmpfs -o mode=755 kanata "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" kanata "$1/root"
if [ "$2" = devices ]; then
	mount -t proc proc "$1/root/proc"
	mount --rbind /dev "$1/root/dev"
fi
touch "$1/ready"
exec sleep 100000
"""


class Root:
    def __init__(self, devices=True):
        """devices: with /dev and /proc, for what is run by run()."""
        if not ROOT:
            raise Skipped("not root: no root directory of its own can be made")
        self.folder = temp_dir()
        self.output = os.path.join(self.folder, "output")
        with open(self.output, "w") as output:
            self.holder = reap.start(["unshare", "-m", "sh", "-c", SETUP, "sh", self.folder,
                                      "devices" if devices else ""], stdout=output)
        register(self)
        self.path = f"/proc/{self.holder.pid}/root{self.folder}/root"
        ready = f"/proc/{self.holder.pid}/root{self.folder}/ready"
        wait(lambda: self.holder.poll() is not None or os.path.exists(ready), 20, "an overlay")
        if self.holder.poll() is not None:
            with open(self.output) as output:
                raise Skipped(f"no overlay can be mounted: {output.read().strip()}")

    def command(self, *argv):
        return ["nsenter", f"--target={self.holder.pid}", "--mount", "--",
                "chroot", f"{self.folder}/root", *argv]

    def run(self, *argv, timeout=60):
        return Result(subprocess.run(
            self.command(*argv), cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
            timeout=timeout, encoding="utf-8", errors="replace",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive"}))

    def inside(self, path):
        """Where the test finds a file of it."""
        return self.path + path

    def exists(self, path):
        return os.path.lexists(self.inside(path))

    def stop(self):
        reap.end_group(self.holder)

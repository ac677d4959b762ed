"""The daemon under test: its configuration, its processes, what it says."""

import json
import os
import re
import signal
import subprocess

import reap
from cagecheck import assert_process, landlock_abi, status
from harness import (ROOT, USER, Ended, built_tree, equal, make_dir, register, temp_dir, wait,
                     write, yaml)

ROLES = ("parser", "dialer", "watcher", "notifier", "store", "web")
# Quick, so that tests are; the order of events is asserted, never the time.
QUICK = {"down_after": "1s", "up_after": "1s"}


class Result:
    def __init__(self, done):
        self.rc, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"rc {self.rc}\nstdout: {self.out[-4000:]}\nstderr: {self.err[-4000:]}"

    def expect(self, rc, *patterns):
        equal(self.rc, rc, f"exit status of {self!r}")
        for pattern in patterns:
            assert re.search(pattern, self.out + self.err), f"no {pattern!r} in {self!r}"
        return self


class Kanata:
    """kanatad in the foreground, as an ordinary user, in a folder of its own."""

    def __init__(self, config=None, text=None, args=(), env=None, tree=None, secrets=(),
                 start=True):
        self.tree = tree or built_tree()
        self.folder = temp_dir()
        self.state_dir = make_dir(os.path.join(self.folder, "state"))
        self.run_dir = make_dir(os.path.join(self.folder, "run"))
        self.socket = os.path.join(self.run_dir, "kanatad.sock")
        self.file = os.path.join(self.folder, "kanata.conf")
        self.log_file = os.path.join(self.folder, "log")
        self.args, self.env, self.child = list(args), dict(env or {}), None
        self.secrets = [secret.encode() for secret in secrets]
        self.config = None
        register(self)
        if text is not None:
            write(self.file, text)
        elif config is not None:
            self.configure(config)
        if start:
            self.start()

    def configure(self, config):
        """Writes the configuration, with its places filled in."""
        config = dict(config)
        config.setdefault("control", {"socket": self.socket})
        if "etcd" not in config:
            config.setdefault("store", {"dir": self.state_dir})
        self.config = config
        write(self.file, yaml(config) + "\n")

    def places(self):
        """The same as text, for configurations that are given as text."""
        return yaml({"control": {"socket": self.socket}, "store": {"dir": self.state_dir}}) + "\n"

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "HOME": self.folder, **self.env}

    def command(self, *args):
        user = ["-u", USER.pw_name] if ROOT else []
        return [os.path.join(self.tree, "sbin", "kanatad"), *user, "-f", self.file, *args]

    def once(self, *args, timeout=40):
        """kanatad that does one thing and ends: -n, list."""
        return Result(subprocess.run(self.command(*args), env=self.environment(), cwd="/",
                                     stdin=subprocess.DEVNULL, capture_output=True,
                                     timeout=timeout, encoding="utf-8", errors="replace"))

    def start(self, ready=True):
        assert self.child is None, "it runs already"
        with open(self.log_file, "ab") as log:
            self.child = reap.start(self.command("-d", "-v", *self.args), stdout=log,
                                    env=self.environment(), cwd="/")
        if ready:
            self.wait_ready()
            self.assert_cage()
        return self

    def wait_ready(self, limit=30):
        """All workers caged, none missing, and the control socket answers."""
        def all_there():
            if self.child.poll() is not None:
                raise Ended(f"kanatad ended with {self.child.poll()}")
            pids = self.pids()
            missing = {"dialer", "watcher", "notifier", "store"} - {
                name.split("-")[0] for name in pids}
            assert not missing, f"no {missing} among {pids}"
            for name, pid in pids.items():
                equal(status(pid)["Seccomp"], "2", f"{name}: seccomp mode")
            return self.ctl("show", "workers").rc == 0
        wait(all_there, limit, "kanatad to be up")

    def pids(self):
        """{"parent": pid, "dialer": pid, "watcher-NAME or number": pid, ...}"""
        if self.child is None or self.child.poll() is not None:
            return {}
        pids = {"parent": self.child.pid}
        for pid in sorted(reap.children_of(self.child.pid)):
            try:
                with open(f"/proc/{pid}/comm") as file:
                    name = file.read().strip().removeprefix("kanata-")
            except OSError:
                continue
            if name in ROLES and name != "parser":
                base, number = name, 2
                while name in pids:
                    name, number = f"{base}-{number}", number + 1
                pids[name] = pid
        return pids

    def assert_cage(self):
        for name, pid in self.pids().items():
            try:
                assert_process(name, pid, self.state_dir)
            except FileNotFoundError:
                assert not os.path.exists(f"/proc/{pid}"), f"{name}: no file in /proc"
        if landlock_abi():
            for worker in self.workers():
                # What a plugin needs is not ours to say.
                assert worker["landlock"] >= 1 or worker["name"] == "runner", \
                    f"no Landlock, but the kernel has it: {worker}"

    # Talking to it.

    def ctl(self, *args, timeout=30):
        return Result(subprocess.run(
            [os.path.join(self.tree, "bin", "kanatactl"), "-s", self.socket, *args], cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, encoding="utf-8",
            errors="replace", env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}))

    def show(self, *what):
        done = self.ctl("-j", "show", *what)
        assert done.out.startswith(("{", "[")), f"kanatactl -j show {what}: {done!r}"
        return json.loads(done.out)

    def component(self, id):
        return next(item for item in self.show()["components"] if item["id"] == id)

    def health(self, id):
        """None while there is no such component."""
        try:
            return self.component(id)["health"]
        except (LookupError, StopIteration):
            return None

    def wait_health(self, id, *wanted, limit=30):
        wait(lambda: self.health(id) in wanted, limit, f"{id} to be {' or '.join(wanted)}"
             f" ({self.health(id)} at first)")

    def workers(self):
        """Without the parent, which is in the list too."""
        return [w for w in self.show("workers")["workers"] if w["name"] != "kanatad"]

    def assert_no_restarts(self, but=None):
        found = {w["name"]: w["death"] for w in self.workers()
                 if w["restarts"] and not (but and w["name"].startswith(but))}
        equal(found, {}, "workers that died")

    def reload(self):
        return self.ctl("reload")

    def log(self, since=0):
        try:
            with open(self.log_file, "rb") as file:
                file.seek(since)
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def log_size(self):
        return os.path.getsize(self.log_file)

    def wait_log(self, pattern, since=0, limit=30):
        return wait(lambda: re.search(pattern, self.log(since)), limit,
                    f"{pattern!r} in the log of kanatad")

    # Ending it.

    def end(self, number=signal.SIGTERM, rc=0):
        """Ends it as a service manager would and expects that it obeys."""
        self.child.send_signal(number)
        self.wait_end(rc)

    def wait_end(self, rc=0, limit=20):
        """It ends by itself; nothing is left of it."""
        child, kin = self.child, [pid for pid in self.pids().values() if pid != self.child.pid]
        got = reap.wait(child, limit)
        self.child = None
        wait(lambda: not any(alive(pid) for pid in kin), 10, "the workers to end with the parent")
        reap.end_group(child)
        equal(got, rc, "exit status of kanatad")
        self.check_log()

    def kill9_tree(self):
        """As a power cut would: nobody has a chance to say anything."""
        pids = self.pids()
        send(pids.values(), signal.SIGSTOP)
        send(pids.values(), signal.SIGKILL)
        reap.end_group(self.child)
        self.child = None

    def kill(self, role, number=signal.SIGKILL):
        """Kills a worker and waits for its successor, caged."""
        old = self.pids()[role]
        os.kill(old, number)

        def successor():
            new = self.pids().get(role)
            return new and new != old and status(new)["Seccomp_filters"] >= "2"
        wait(successor, 20, f"a new {role}")
        return old

    def check_log(self):
        text = self.log().encode()
        assert b"Sanitizer" not in text and b"runtime error:" not in text, "a sanitizer complains"
        for secret in self.secrets:
            assert secret not in text, f"secret {secret[:4]}… is in the log"

    def stop(self):
        """Clean-up; a test that cares about the end uses end()."""
        if self.child is not None:
            child, self.child = self.child, None
            child.terminate()
            reap.wait(child, 10)
            reap.end_group(child)
        self.check_log()

    def told(self):
        text = f"configuration:\n{open(self.file, 'rb').read()[:3000].decode(errors='replace')}\n"
        if self.child is not None and self.child.poll() is None:
            text += f"kanatactl show:\n{self.ctl('show').out}\n"
        # The single messages help nobody here.
        log = "\n".join(line for line in self.log().splitlines() if " sent MSG_" not in line)
        return text + f"log:\n{log[-8000:]}"


def send(pids, number):
    """A signal to each that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False

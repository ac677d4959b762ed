"""What the system tests stand on: waiting, starting and stopping, temporary
folders and ports, and the configuration's text. kanata.py runs the daemon."""

import json
import os
import pwd
import random
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("REGRESS_BUILD") or os.path.join(TOP, "build")
ROOT = os.geteuid() == 0
# The daemon runs as an ordinary user, also when the tests do not.
USER = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.getuid())


class Skipped(Exception):
    """This cannot be tested here; says why."""


class Ended(Exception):
    """What was waited for has died: no use to wait longer."""


def limit(seconds):
    """Decorator: a test's own time limit."""
    def mark(test):
        test.limit = seconds
        return test
    return mark


def wait(condition, limit=20, what="", every=0.05):
    """Waits until condition() is true (or what it returns is) and returns that.
    An assertion that fails in it counts as not yet, and is told at the end."""
    end = time.monotonic() + limit
    while True:
        said = None
        try:
            value = condition()
            if value:
                return value
        except (AssertionError, LookupError, OSError) as error:
            value, said = None, error
        if time.monotonic() > end:
            why = f": {said or type(said).__name__}" if said is not None else f" (last: {value!r})"
            raise AssertionError(f"waited {limit} s for {what or 'something'}{why}")
        time.sleep(every)


def equal(got, wanted, what=""):
    assert got == wanted, f"{what or 'value'}: got {got!r}, wanted {wanted!r}"


# What a test started, stopped in reverse order, however the test ends. Each has
# stop() and may have told(), what helps when the test failed.

started, shared = [], []


def register(thing, in_all_tests=False):
    (shared if in_all_tests else started).append(thing)
    return thing


def show_state():
    for thing in shared + started:
        try:
            text = thing.told() if hasattr(thing, "told") else ""
            text = text if isinstance(text, str) else json.dumps(text, indent=1)
        except Exception as error:
            text = f"(cannot be told: {error})"
        if text:
            cut = f"… {len(text) - 12000} characters\n" if len(text) > 12000 else ""
            print(f"--- {type(thing).__name__}\n{cut}{text[-12000:]}")


def stop_all(things):
    errors = []
    while things:
        try:
            things.pop().stop()
        except Exception as error:
            errors.append(error)
            traceback.print_exc()
    if errors:
        raise errors[0]


def stop_started():
    stop_all(started)


def close_shared():
    stop_all(shared)


class TempDir:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="t-")
        os.chmod(self.path, 0o711)

    def stop(self):
        shutil.rmtree(self.path, ignore_errors=True)


def temp_dir(in_all_tests=False):
    return register(TempDir(), in_all_tests).path


def give(path, mode=None):
    """Hands a file or folder to the daemon's user."""
    if mode is not None:
        os.chmod(path, mode)
    if ROOT:
        os.chown(path, USER.pw_uid, USER.pw_gid)
    return path


def write(path, data, mode=0o600):
    """A file of the daemon's user."""
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return give(path, mode)


def make_dir(path, mode=0o700):
    os.mkdir(path)
    return give(path, mode)


ports = []                      # names that say whose they are


def free_port():
    """Below the range of outgoing connections, and of no other test that runs, so
    that whoever stops and starts again finds it free."""
    while True:
        port = random.randrange(20000, 32000)
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0kanata-regress-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        ports.append(name)
        return port


def as_user(code, *args):
    """Runs Python code as the daemon's user; its standard output."""
    who = dict(user=USER.pw_uid, group=USER.pw_gid, extra_groups=[]) if ROOT else {}
    done = subprocess.run(["/usr/bin/python3", "-c", code, *map(str, args)], cwd="/", text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30, **who)
    assert done.returncode == 0, f"helper failed: {done.stderr}"
    return done.stdout


def user_can_reach(path):
    """Every folder on the way is open to all."""
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
    return True


def copy_tree(to):
    """An install of the build, somewhere else: for changed workers, and for a
    build that the daemon's user cannot reach."""
    for folder in ("sbin", "bin", "libexec/kanata"):
        target = os.path.join(to, folder)
        os.makedirs(target)
        for name in os.listdir(os.path.join(BUILD, folder)):
            shutil.copy2(os.path.join(BUILD, folder, name), target)
    for path, _, _ in os.walk(to):
        os.chmod(path, 0o755)
    return to


def built_tree():
    if not os.access(os.path.join(BUILD, "sbin", "kanatad"), os.X_OK):
        raise AssertionError(f"no kanatad in {BUILD}: build first")
    if ROOT and not user_can_reach(os.path.join(BUILD, "sbin", "kanatad")):
        return copy_tree(os.path.join(temp_dir(), "tree"))
    return BUILD


# YAML, as much as a configuration needs.

PLAIN = re.compile(r"[A-Za-z0-9_./@+-][A-Za-z0-9_./@+:=-]*")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "~", "y", "n"}


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    plain = PLAIN.fullmatch(value) and not value.endswith(":") and value.lower() not in WORDS \
        and not value.startswith("-")
    return value if plain else json.dumps(value)


def yaml(value, indent=""):
    """Block style; the text of a mapping or a list, each line indented."""
    lines = []
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in items:
        head = f"{indent}{scalar(key)}:" if key is not None else f"{indent}-"
        if isinstance(item, (dict, list, tuple)) and item:
            lines += [head, yaml(item, indent + "    ")]
        elif isinstance(item, (dict, list, tuple)):
            lines.append(head + (" {}" if isinstance(item, dict) else " []"))
        else:
            lines.append(f"{head} {scalar(item)}")
    return "\n".join(lines)


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, f"openssl {args[0]}: {done.stderr}"
    return done.stdout


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name="test CA"):
        self.folder, self.crt = folder, os.path.join(folder, "ca.crt")
        self.key, self.serial = os.path.join(folder, "ca.key"), random.getrandbits(60)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", 3, "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.crt)

    def issue(self, name, subject, names="", usage="serverAuth"):
        """Paths of certificate and key."""
        crt, key, csr = (os.path.join(self.folder, f"{name}.{end}") for end in
                         ("crt", "key", "csr"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", subject, "-keyout", key, "-out", csr)
        extensions = os.path.join(self.folder, f"{name}.ext")
        with open(extensions, "w") as file:
            file.write(f"extendedKeyUsage={usage}\n")
            if names:
                file.write(f"subjectAltName={names}\n")
        self.serial += 1
        openssl("x509", "-req", "-in", csr, "-CA", self.crt, "-CAkey", self.key, "-days", 2,
                "-set_serial", self.serial, "-extfile", extensions, "-out", crt)
        return crt, key


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def log_to_stdout(text):
    print(text)
    sys.stdout.flush()

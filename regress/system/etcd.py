"""A real etcd, spoken to over its JSON gateway: one node, or a cluster of some."""

import base64
import json
import os
import shutil
import signal
import ssl
import urllib.error
import urllib.request

import reap
from harness import Ended, Skipped, free_port, register, temp_dir, wait


def b64(text):
    return base64.b64encode(text.encode()).decode()


def unb64(text):
    return base64.b64decode(text).decode()


class EtcdError(OSError):
    """It said no, or cannot now."""


class Client:
    """What is asked of whichever of self.urls() answers."""
    ROOT_PASSWORD = "rootSecret-c41"
    token = context = None

    def urls(self):
        raise NotImplementedError

    def call(self, path, body, again=True):
        failure = None
        for url in self.urls():
            try:
                return self.post(url, path, body)
            except OSError as error:
                failure = error
        # 3.4.23 closes the connection when the token has ended (etcd#15256).
        if self.token and again and path != "auth/authenticate":
            self.login()
            return self.call(path, body, again=False)
        raise failure or EtcdError("no etcd runs")

    def post(self, url, path, body):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = self.token
        request = urllib.request.Request(f"{url}/v3/{path}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.context) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise EtcdError(f"{path}: {error.code} {error.read().decode(errors='replace')}")

    def login(self):
        self.token = None
        self.token = self.call("auth/authenticate", {
            "name": "root", "password": self.ROOT_PASSWORD})["token"]

    def enable_auth(self, user, password, prefix="/kanata/"):
        """A user that may read and write below the prefix only."""
        self.call("auth/user/add", {"name": "root", "password": self.ROOT_PASSWORD})
        self.call("auth/role/add", {"name": "root"})
        self.call("auth/user/grant", {"user": "root", "role": "root"})
        self.call("auth/user/add", {"name": user, "password": password})
        self.call("auth/role/add", {"name": "below"})
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        self.call("auth/role/grant", {"name": "below", "perm": {
            "permType": "READWRITE", "key": b64(prefix), "range_end": b64(end)}})
        self.call("auth/user/grant", {"user": user, "role": "below"})
        self.call("auth/enable", {})
        self.login()

    def change_password(self, user, password):
        self.call("auth/user/changepw", {"name": user, "password": password})

    def put(self, key, value):
        self.call("kv/put", {"key": b64(key), "value": b64(value)})

    def get(self, key):
        found = self.call("kv/range", {"key": b64(key)}).get("kvs")
        return unb64(found[0].get("value", "")) if found else None

    def prefix(self, key="/kanata/"):
        """{key: value} of everything below, at one moment."""
        end = key[:-1] + chr(ord(key[-1]) + 1)
        found = self.call("kv/range", {"key": b64(key), "range_end": b64(end)}).get("kvs", ())
        return {unb64(item["key"]): unb64(item.get("value", "")) for item in found}

    def delete_prefix(self, key):
        end = key[:-1] + chr(ord(key[-1]) + 1)
        self.call("kv/deleterange", {"key": b64(key), "range_end": b64(end)})

    def revision(self):
        return int(self.call("kv/range", {"key": b64("x")})["header"]["revision"])

    def compact(self, revision=None):
        """All that was before; by default everything but what is."""
        try:
            self.call("kv/compaction", {"revision": str(revision or self.revision()),
                                        "physical": True})
        except EtcdError as error:
            if "has been compacted" not in str(error):
                raise

    # Out of space.

    def fill(self):
        """Until it takes no more."""
        try:
            for number in range(1000):
                self.put(f"/fill/{number}", "x" * 500_000)
        except EtcdError as error:
            assert "space" in str(error), f"not out of space, but: {error}"
        assert self.alarms(), "it has room for all that"

    def alarms(self):
        return self.call("maintenance/alarm", {"action": "GET"}).get("alarms", [])

    def make_room(self):
        """As its manual says: compact, defragment, disarm."""
        self.delete_prefix("/fill/")
        self.compact()
        for url in self.urls():
            self.post(url, "maintenance/defragment", {})
        for alarm in self.alarms():
            self.call("maintenance/alarm", {"action": "DEACTIVATE", **alarm})


class Etcd(Client):
    """One node. tls: an Authority, whose clients alone it talks to. durable: it may
    be killed; else what it keeps in its own buffers is lost then."""

    def __init__(self, in_all_tests=False, extra=(), name="one", tls=None, durable=False,
                 start=True):
        path = os.environ.get("ETCD") or shutil.which("etcd") or "/usr/bin/etcd"
        if not os.access(path, os.X_OK):
            raise Skipped("no etcd here")
        self.program, self.name, self.child = path, name, None
        self.extra = [*extra, *([] if durable else ["--unsafe-no-fsync"])]
        self.folder = temp_dir(in_all_tests)
        self.port, self.peer_port = free_port(), free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.peer = f"http://127.0.0.1:{self.peer_port}"
        self.cluster = f"{name}={self.peer}"
        if tls:
            self.use_tls(tls)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        register(self, in_all_tests)
        if start:
            self.start()

    def use_tls(self, authority):
        # Its gateway is a client of its own, and wants no common name when there are
        # passwords.
        crt, key = authority.issue(f"etcd-{self.name}", f"/O=etcd-{self.name}", "IP:127.0.0.1",
                                   "serverAuth,clientAuth")
        self.extra += ["--cert-file", crt, "--key-file", key, "--trusted-ca-file", authority.crt,
                       "--client-cert-auth"]
        self.context = ssl.create_default_context(cafile=authority.crt)
        self.context.load_cert_chain(crt, key)

    def urls(self):
        return [self.url]

    @property
    def node(self):
        return f"127.0.0.1:{self.port}"

    def launch(self):
        self.child = reap.start(
            [self.program, "--name", self.name, "--data-dir", os.path.join(self.folder, "data"),
             "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
             "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
             "--initial-cluster", self.cluster, *self.extra],
            stdout=self.log)

    def start(self):
        self.launch()
        wait(self.healthy, 30, "etcd to be healthy")

    def healthy(self):
        if self.child.poll() is not None:
            raise Ended(f"etcd ended:\n{self.told()}")
        with urllib.request.urlopen(f"{self.url}/health", timeout=5,
                                    context=self.context) as reply:
            return json.load(reply).get("health") == "true"

    def status(self):
        return self.post(self.url, "maintenance/status", {})

    def stop(self, number=signal.SIGTERM):
        if self.child:
            self.thaw()
            self.child.send_signal(number)
            reap.wait(self.child, 10)
            reap.end_group(self.child)
            self.child = None

    def freeze(self):
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.child.pid, signal.SIGCONT)

    def told(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as file:
            return "".join(file.readlines()[-15:])


class EtcdCluster(Client):
    def __init__(self, count=3, **options):
        self.members = [Etcd(name=f"n{i + 1}", durable=True, start=False, **options)
                        for i in range(count)]
        self.context = self.members[0].context
        cluster = ",".join(member.cluster for member in self.members)
        for member in self.members:
            member.cluster = cluster
            member.launch()
        self.wait_healthy()

    @property
    def nodes(self):
        return [member.node for member in self.members]

    def urls(self):
        return [member.url for member in self.members if member.child]

    def wait_healthy(self):
        for member in self.members:
            wait(member.healthy, 40, f"{member.name} to be healthy")

    def leader(self):
        """The member that leads the others."""
        def which():
            for member in self.members:
                if member.child:
                    try:
                        said = member.status()
                    except OSError:
                        continue
                    if said.get("leader", "0") == said["header"]["member_id"]:
                        return member
            return None
        return wait(which, 30, "etcd to have a leader")

"""A real etcd, spoken to over its JSON gateway."""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request

import reap
from harness import Ended, Skipped, free_port, register, temp_dir, wait


def b64(text):
    return base64.b64encode(text.encode()).decode()


def unb64(text):
    return base64.b64decode(text).decode()


class EtcdError(Exception):
    pass


class Etcd:
    ROOT_PASSWORD = "rootSecret-c41"

    def __init__(self, in_all_tests=False, extra=()):
        path = os.environ.get("ETCD") or shutil.which("etcd") or "/usr/bin/etcd"
        if not os.access(path, os.X_OK):
            raise Skipped("no etcd here")
        self.program, self.extra, self.token, self.child = path, extra, None, None
        self.folder = temp_dir(in_all_tests)
        self.port, self.peer_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(os.path.join(self.folder, "log"), "ab")
        register(self, in_all_tests)
        self.start()

    @property
    def node(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        peer = f"http://127.0.0.1:{self.peer_port}"
        self.child = reap.start(
            [self.program, "--name", "one", "--data-dir", os.path.join(self.folder, "data"),
             "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", f"one={peer}", "--unsafe-no-fsync", *self.extra],
            stdout=self.log)
        wait(self.healthy, 30, "etcd to be healthy")

    def healthy(self):
        if self.child.poll() is not None:
            raise Ended(f"etcd ended:\n{self.told()}")
        with urllib.request.urlopen(f"{self.url}/health", timeout=5) as reply:
            return json.load(reply).get("health") == "true"

    def stop(self):
        if self.child:
            self.child.terminate()
            reap.wait(self.child, 10)
            reap.end_group(self.child)
            self.child = None

    def freeze(self):
        os.kill(self.child.pid, 19)

    def thaw(self):
        os.kill(self.child.pid, 18)

    def told(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as file:
            return "".join(file.readlines()[-15:])

    def call(self, path, body, again=True):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = self.token
        request = urllib.request.Request(f"{self.url}/v3/{path}", json.dumps(body).encode(),
                                         headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise EtcdError(f"{path}: {error.code} {error.read().decode(errors='replace')}")
        except OSError:
            # 3.4.23 closes the connection when the token has ended (etcd#15256).
            if not (self.token and again):
                raise
            self.login()
            return self.call(path, body, again=False)

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

    def put(self, key, value):
        self.call("kv/put", {"key": b64(key), "value": b64(value)})

    def get(self, key):
        found = self.call("kv/range", {"key": b64(key)}).get("kvs")
        return unb64(found[0].get("value", "")) if found else None

    def prefix(self, key="/kanata/"):
        """{key: value} of everything below."""
        end = key[:-1] + chr(ord(key[-1]) + 1)
        found = self.call("kv/range", {"key": b64(key), "range_end": b64(end)}).get("kvs", ())
        return {unb64(item["key"]): unb64(item.get("value", "")) for item in found}

    def delete_prefix(self, key):
        end = key[:-1] + chr(ord(key[-1]) + 1)
        self.call("kv/deleterange", {"key": b64(key), "range_end": b64(end)})

    def revision(self):
        return int(self.call("kv/range", {"key": b64("x")})["header"]["revision"])

    def compact(self, revision=None):
        self.call("kv/compaction", {"revision": str(revision or self.revision())})

#!/usr/bin/env python3
"""An etcd for tests: the part of the v3 JSON gateway that Kanata speaks, and faults.

Answers as etcd 3.4 does: base64, integers as text, default values left out.
Everything under /sim/ is the test's own control of it: POST /sim/<command> calls
the method sim_<command> of Etcd with the JSON object's members as arguments.
"""

import base64
import binascii
import json
import secrets
import threading
import time

import simhttp
from simhttp import Faults, Hangup, SimHandler

# A fault's `match` is a part of the path, as "kv/txn"; see simhttp.Faults.
BEFORE_ACTING = ("not_leader", "no_space", "nothing", "close", "garbage", "html", "slow",
                 "unavailable")
AFTER_ACTING = ("close_after", "nothing_after")

INVALID, NOT_FOUND, DENIED, PRECONDITION, UNAVAILABLE, UNAUTHENTICATED, EXHAUSTED = (
    3, 5, 7, 9, 14, 16, 8)
HTTP_STATUS = {INVALID: 400, NOT_FOUND: 404, DENIED: 403, PRECONDITION: 412, UNAVAILABLE: 503,
               UNAUTHENTICATED: 401, EXHAUSTED: 429}


class EtcdError(Exception):
    def __init__(self, code, message):
        message = "etcdserver: " + message
        super().__init__(message)
        self.status = HTTP_STATUS[code]
        self.body = {"error": message, "message": message, "code": code}


def encode(data):
    return base64.b64encode(data).decode()


def decode(request, name):
    try:
        return base64.b64decode(request.get(name, ""), validate=True)
    except (binascii.Error, TypeError):
        raise EtcdError(INVALID, f"{name} is no base64")


class Key:
    def __init__(self, value, lease, create, mod, version):
        self.value, self.lease = value, lease
        self.create, self.mod, self.version = create, mod, version

    def read(self, key):
        answer = {"key": encode(key), "create_revision": str(self.create),
                  "mod_revision": str(self.mod), "version": str(self.version)}
        if self.value:
            answer["value"] = encode(self.value)
        if self.lease:
            answer["lease"] = str(self.lease)
        return answer


class Etcd:
    def __init__(self, args):
        self.lock = threading.RLock()
        self.faults = Faults(set(BEFORE_ACTING + AFTER_ACTING))
        self.user, self.password, self.token_ttl = args.user, args.password, args.token_ttl
        self.keys, self.leases, self.tokens = {}, {}, {}
        self.revision, self.next_lease = 1, 7587862094711042561
        self.counts = {}            # of requests that were answered
        self.watches_asked = 0      # whatever became of them
        self.lease_ttl = None       # what a lease gets, whatever was asked for
        self.events = []            # (revision, key, event) of all changes
        self.news, self.watches = threading.Condition(self.lock), 0
        self.watches_held = False

    # The test's control.

    def sim_fault(self, kind, **options):
        self.faults.add(kind, **options)

    def sim_clear(self):
        self.faults.clear()

    def sim_state(self):
        with self.lock:
            self.expire()
            return {"keys": {key.decode(): {"value": found.value.decode(errors="replace"),
                                            "lease": found.lease, "create": found.create,
                                            "mod": found.mod, "version": found.version}
                             for key, found in self.keys.items()},
                    "leases": len(self.leases), "revision": self.revision,
                    "requests": dict(self.counts), "watches_asked": self.watches_asked}

    def sim_put(self, key, value):
        """What somebody does with etcdctl."""
        with self.lock:
            self.revision += 1
            self.write(key.encode(), value.encode(), 0)

    def sim_delete(self, key):
        with self.lock:
            self.revision += 1
            self.remove(key.encode())

    def sim_end_watches(self, compact=False):
        """Each watch ends; compact: what it would have told of is gone."""
        with self.lock:
            self.watches += 1
            if compact:
                self.events = []
            self.news.notify_all()

    def sim_hold_watches(self, hold):
        """What watches tell comes late: when they are held no more."""
        with self.lock:
            self.watches_held = hold
            self.news.notify_all()

    def sim_expire_leases(self):
        with self.lock:
            for lease in self.leases.values():
                lease[1] = 0
            self.expire()

    def sim_lease_ttl(self, seconds=None):
        with self.lock:
            self.lease_ttl = seconds

    def sim_expire_tokens(self):
        with self.lock:
            self.tokens = {}

    def sim_login(self, user="", password=""):
        """Another user and password from now on; no user: authentication is off."""
        with self.lock:
            self.user, self.password, self.tokens = user, password, {}

    # Keys. The caller has counted the revision up.

    def write(self, key, value, lease):
        old = self.keys.get(key)
        self.keys[key] = Key(value, lease, old.create if old else self.revision, self.revision,
                             old.version + 1 if old else 1)
        self.tell(key, {"kv": self.keys[key].read(key)})

    def remove(self, key):
        if self.keys.pop(key, None):
            self.tell(key, {"type": "DELETE", "kv": {"key": encode(key),
                                                     "mod_revision": str(self.revision)}})

    def tell(self, key, event):
        self.events.append((self.revision, key, event))
        self.news.notify_all()

    def select(self, request):
        key = decode(request, "key")
        if not key:
            raise EtcdError(INVALID, "key is not provided")
        end = decode(request, "range_end")
        if not end:
            return [key] if key in self.keys else []
        return sorted(k for k in self.keys if k >= key and (end == b"\0" or k < end))

    def expire(self):
        now = time.monotonic()
        for id in [id for id, (_, end) in self.leases.items() if end <= now]:
            self.end_lease(id)

    def end_lease(self, id):
        del self.leases[id]
        gone = [key for key, found in self.keys.items() if found.lease == id]
        if gone:
            self.revision += 1
        for key in gone:
            self.remove(key)

    # Operations; each returns its answer without the header.

    def op_range(self, request):
        keys = self.select(request)
        limit = int(request.get("limit", 0)) or len(keys)
        answer = {"count": str(len(keys)),
                  "kvs": [self.keys[key].read(key) for key in keys[:limit]]}
        if limit < len(keys):
            answer["more"] = True
        return {name: value for name, value in answer.items() if value not in ("0", [])}

    def op_put(self, request):
        key, lease = decode(request, "key"), int(request.get("lease", 0))
        if not key:
            raise EtcdError(INVALID, "key is not provided")
        if lease and lease not in self.leases:
            raise EtcdError(NOT_FOUND, "requested lease not found")
        self.write(key, decode(request, "value"), lease)
        return {}

    def op_delete(self, request):
        keys = self.select(request)
        for key in keys:
            self.remove(key)
        return {"deleted": str(len(keys))} if keys else {}

    OPERATIONS = {"request_range": ("response_range", op_range),
                  "request_put": ("response_put", op_put),
                  "request_delete_range": ("response_delete_range", op_delete)}

    def holds(self, comparison):
        found = self.keys.get(decode(comparison, "key"))
        target = comparison.get("target", "VERSION")
        if comparison.get("result", "EQUAL") != "EQUAL" or target not in ("CREATE", "MOD"):
            raise EtcdError(INVALID, "the simulator does not know this comparison")
        is_now = 0 if not found else found.create if target == "CREATE" else found.mod
        return is_now == int(comparison.get(target.lower() + "_revision", 0))

    def check_txn(self, request):
        lists = [request.get(name, []) for name in ("compare", "success", "failure")]
        if max(map(len, lists)) > 128:
            raise EtcdError(INVALID, "too many operations in txn request")
        for operations in lists[1:]:
            put = [op["request_put"]["key"] for op in operations if "request_put" in op]
            if len(put) != len(set(put)):
                raise EtcdError(INVALID, "duplicate key given in txn request")
            for op in operations:
                lease = int(op.get("request_put", {}).get("lease", 0))
                if lease and lease not in self.leases:
                    raise EtcdError(NOT_FOUND, "requested lease not found")
        return lists

    def txn(self, request):
        compare, success, failure = self.check_txn(request)
        succeeded = all(map(self.holds, compare))
        operations = success if succeeded else failure
        if any("request_range" not in op for op in operations):
            self.revision += 1
        answer = {"succeeded": True} if succeeded else {}
        answer["responses"] = []
        for op in operations:
            (name, body), = op.items()
            response, act = self.OPERATIONS[name]
            header = {"header": {"revision": str(self.revision)}}
            answer["responses"].append({response: {**header, **act(self, body)}})
        return answer

    def put(self, request):
        self.revision += 1
        return self.op_put(request)

    def delete_range(self, request):
        self.revision += 1
        return self.op_delete(request)

    # Leases and login.

    def grant(self, request):
        id, ttl = self.next_lease, self.lease_ttl or int(request.get("TTL", 0))
        self.next_lease += 1
        self.leases[id] = [ttl, time.monotonic() + ttl]
        return {"ID": str(id), "TTL": str(ttl)}

    def keepalive(self, request):
        id = int(request.get("ID", 0))
        lease = self.leases.get(id)
        if lease is None:
            return {"ID": str(id)}
        lease[1] = time.monotonic() + lease[0]
        return {"ID": str(id), "TTL": str(lease[0])}

    def revoke(self, request):
        id = int(request.get("ID", 0))
        if id not in self.leases:
            raise EtcdError(NOT_FOUND, "requested lease not found")
        self.end_lease(id)
        return {}

    def authenticate(self, request):
        if not self.user:
            raise EtcdError(PRECONDITION, "authentication is not enabled")
        if (request.get("name"), request.get("password")) != (self.user, self.password):
            raise EtcdError(INVALID, "authentication failed, invalid user ID or password")
        token = secrets.token_urlsafe(12)
        self.tokens[token] = time.monotonic() + self.token_ttl
        return {"token": token}

    def check_token(self, token):
        if not self.user:
            return
        if not token:
            raise EtcdError(INVALID, "user name is empty")
        if self.tokens.get(token, 0) <= time.monotonic():
            raise EtcdError(UNAUTHENTICATED, "invalid auth token")
        # Simple tokens are extended by use.
        self.tokens[token] = time.monotonic() + self.token_ttl

    def watch(self, request):
        """Yields what the stream says, each a JSON object."""
        create = request["create_request"]
        start, end = decode(create, "key"), decode(create, "range_end")
        with self.lock:
            self.counts["watch"] = self.counts.get("watch", 0) + 1
            mine, done = self.watches, int(create.get("start_revision", 0)) - 1
        yield {"created": True}
        while True:
            with self.lock:
                new = [] if self.watches_held else \
                    [entry for entry in self.events if entry[0] > done]
                if not new and mine == self.watches:
                    self.news.wait(1)
                    new = []
                if mine != self.watches:
                    return
                done = new[-1][0] if new else done
                events = [event for _, key, event in new if start <= key < end]
            yield {"events": events} if events else None

    PATHS = {"kv/range": op_range, "kv/put": put, "kv/deleterange": delete_range, "kv/txn": txn,
             "lease/grant": grant, "lease/keepalive": keepalive, "lease/revoke": revoke,
             "auth/authenticate": authenticate}
    # The real one asks no token for these.
    FREE = ("auth/authenticate", "lease/grant", "lease/keepalive")

    def answer(self, path, request, token):
        if path not in self.FREE:
            self.check_token(token)
        with self.lock:
            self.expire()
            self.counts[path] = self.counts.get(path, 0) + 1
            answer = self.PATHS[path](self, request)
            header = {"cluster_id": "15118495548433857066", "member_id": "13668033151171901709",
                      "revision": str(self.revision), "raft_term": "2"}
            return {"header": header, **answer}


class EtcdHandler(SimHandler):
    def answer_request(self):
        etcd = self.server.sim
        if self.url_path == "/v3/watch":
            with etcd.lock:
                etcd.watches_asked += 1
        if self.fault_before(etcd.faults.take(BEFORE_ACTING, self.path, self.command)):
            return
        if self.url_path == "/version":
            self.send_json(200, {"etcdserver": "3.4.23", "etcdcluster": "3.4.0"})
            return
        path = self.url_path.removeprefix("/v3/")
        if path == "watch" and self.command == "POST":
            self.answer_watch(etcd)
            return
        if path not in Etcd.PATHS or self.command != "POST":
            self.send_body(404, "text/plain", b"Not Found\n")
            return
        try:
            answer = etcd.answer(path, json.loads(self.body), self.headers.get("Authorization"))
            status = 200
        except EtcdError as error:
            answer, status = error.body, error.status
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            answer = {"error": str(error), "message": str(error), "code": INVALID}
            status = 400
        self.fault_after(etcd.faults.take(AFTER_ACTING, self.path, self.command))
        if path == "lease/keepalive" and status == 200:
            answer = {"result": answer}
        self.send_json(status, answer)

    def answer_watch(self, etcd):
        try:
            etcd.check_token(self.headers.get("Authorization"))
        except EtcdError as error:
            self.send_json(error.status, error.body)
            return
        self.start_chunks()
        for message in etcd.watch(json.loads(self.body)):
            if message is None:
                if self.client_is_gone():
                    raise Hangup
                continue
            header = {"revision": str(etcd.revision)}
            line = json.dumps({"result": {"header": header, **message}}) + "\n"
            self.wfile.write(self.chunk(line.encode()))
        self.wfile.write(b"0\r\n\r\n")

    def fault_before(self, fault):
        """True if that was the answer."""
        faults = self.server.sim.faults
        if fault is None:
            return False
        if fault.kind == "slow":
            faults.until_cleared(fault.get("seconds", 1))
            return False
        if fault.kind in ("nothing", "close"):
            if fault.kind == "nothing":
                faults.until_cleared()
            raise Hangup
        if fault.kind == "garbage":
            self.send_body(200, "application/json", b"\x00\xff{\"kvs\":[{\"key\":")
        elif fault.kind == "html":
            self.send_body(200, "text/html", b"<!DOCTYPE html><title>Sign in</title>")
        else:
            code, text = {"not_leader": (PRECONDITION, "not leader"),
                          "no_space": (EXHAUSTED, "mvcc: database space exceeded"),
                          "unavailable": (UNAVAILABLE, "request timed out")}[fault.kind]
            error = EtcdError(code, text)
            self.send_json(error.status, error.body)
        return True

    def fault_after(self, fault):
        if fault is None:
            return
        if fault.kind == "nothing_after":
            self.server.sim.faults.until_cleared()
        raise Hangup


def main():
    parser = simhttp.common_arguments(__doc__.split("\n")[0])
    parser.add_argument("--user", default="", help="turns authentication on")
    parser.add_argument("--password", default="")
    parser.add_argument("--token-ttl", type=float, default=300.0, help="seconds")
    args = parser.parse_args()
    simhttp.serve(args, EtcdHandler, Etcd(args))


if __name__ == "__main__":
    main()
